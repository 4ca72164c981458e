import type { RecordStream } from './event.ts';

/** One event as final bytes. `bytes` may be a view into a larger slab: it must not be changed, and lives as long as it is referenced. */
export interface Encoded {
  readonly stream: RecordStream;
  /** Event kind as in the schema (FORK, EXEC, …, GAP, …). */
  readonly kind: string;
  /** Dense number within the agent run; 0 for CHECKPOINT, which has none. */
  readonly sequence: number;
  /** Event time, microseconds since the epoch. */
  readonly timeUs: number;
  readonly bytes: Uint8Array;
}
