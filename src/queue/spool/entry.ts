import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { Segment } from './segment.ts';

/** Where a frame lies. */
export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
  /** Records of the segment that lie before it. */
  readonly before: number;
}

/** An accepted batch of which something is in memory: it is not on the disk, not synced, or handed out. */
export interface Entry {
  readonly serial: number;
  readonly records: number;
  /** Its highest sequence; 0 where it has none. */
  readonly highest: number;
  /** What it takes of memory while it waits there. */
  readonly bytes: number;
  /** Absent where only the frame is kept. */
  batch: Batch<Encoded> | undefined;
  /** Absent where it is not encoded yet, or needed no more. */
  frame: Buffer | undefined;
  /** Absent while it is in memory only. */
  place: Place | undefined;
  /** `returned`: handed out before, and waiting again. */
  state: 'unread' | 'out' | 'returned' | 'done';
}
