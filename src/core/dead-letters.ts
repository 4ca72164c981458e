import type { Encoded } from './encoded.ts';
import type { AgentError } from './errors.ts';

/** Where the records of one sink are kept that it will never take, with the reason, for a person to look at and to send again. */
export interface DeadLetters {
  /**
   * Resolves when all of them are on the disk. Rejects with FILE_IO or DATA_DIR_* otherwise, and is then called again with the same records:
   * some of them may be kept twice, none is forgotten.
   */
  add(records: readonly Encoded[], error: AgentError): Promise<void>;
  /** Idempotent, and safe without any `add`. */
  close(): Promise<void>;
}
