import type { RecordStream } from './event.ts';

/** Where a record comes from that waited in a spool: which run of the agent made it, and what its bytes are. */
export interface Origin {
  readonly agentId: Uint8Array;
  /** Encoding and schema, as the run that wrote it named them. */
  readonly format: string;
}

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
  /** Set on what was read back from a spool; else it is of this run. */
  readonly origin?: Origin;
}
