import type { Origin } from '../../core/encoded.ts';
import type { OnSpoolEvent } from './spool-events.ts';
import type { SpoolFs } from './spool-fs.ts';
import type { SyncPolicy } from './group-sync.ts';
import type { After } from './timers.ts';

export interface SpoolConfig {
  /** Of this spool alone; its parent is there. */
  readonly folder: string;
  /** Identity of the sink's queue; by default what the folder has, or a new one that it keeps. */
  readonly sinkId?: Uint8Array;
  /** Of files in which something waits; one more MiB may hold what is done already. */
  readonly maxBytes: number;
  /** Records that wait or are handed out; Infinity where only bytes count. */
  readonly maxEvents: number;
  /** Bound of what is accepted while the disk takes nothing. */
  readonly memoryBytes: number;
  readonly quarantineBytes: number;
  readonly sync: SyncPolicy;
}

export const SPOOL_DEFAULTS = {
  maxEvents: Infinity,
  memoryBytes: 8 << 20,
  quarantineBytes: 64 << 20,
  sync: { intervalMs: 500, bytes: 4 << 20 },
} as const;

export interface SpoolDeps {
  readonly fs: SpoolFs;
  /** The run that appends, and what its records are. */
  readonly origin: Origin;
  /** Takes the lock file of this path for the life of the spool. */
  readonly lock: (path: string) => Promise<() => Promise<void>>;
  readonly onEvent: OnSpoolEvent;
  readonly nowUs: () => number;
  readonly after: After;
}

const LARGEST_SEGMENT_BYTES = 16 << 20;
const SMALLEST_SEGMENT_BYTES = 64 << 10;
/** What is evicted goes by whole segments: never more than this part of the budget at once. */
const SEGMENTS_IN_BUDGET = 8;

export function segmentLimits({ maxBytes, maxEvents }: SpoolConfig): { readonly segmentBytes: number; readonly segmentRecords: number } {
  const share = Math.floor(maxBytes / SEGMENTS_IN_BUDGET);
  return {
    segmentBytes: Math.min(LARGEST_SEGMENT_BYTES, Math.max(SMALLEST_SEGMENT_BYTES, share)),
    segmentRecords: Math.max(1, Math.floor(maxEvents / SEGMENTS_IN_BUDGET)),
  };
}
