import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import { contentsOf } from './frame.ts';
import type { Segment } from './segment.ts';
import type { SpoolEvent } from './spool-events.ts';

/** Records that a segment should have, by its seal, and has not. */
export interface Missing {
  readonly records: number;
  /** Between these sequences, as far as is known. */
  readonly from: number;
  readonly to: number;
}

/** undefined where there is nothing to tell. */
export function lostOnDisk({ origin }: Segment, { records, from, to }: Missing): SpoolEvent | undefined {
  // Fewer than none: the position said less than was done, which a power cut may leave.
  if (records <= 0) return undefined;
  const dropped = { agentId: origin.agentId, fromSequence: from, toSequence: to, count: records, checkpoints: [] };
  return { what: 'lost', reason: 'corrupt', dropped };
}

export function lostAtShutdown({ items }: Batch<Encoded>): SpoolEvent {
  const { lowest, highest, sequenced } = contentsOf(items);
  const checkpoints = items.filter(({ sequence }) => sequence === 0);
  return { what: 'lost', reason: 'shutdown', dropped: { fromSequence: lowest, toSequence: highest, count: sequenced, items, checkpoints } };
}
