import type { AgentError } from '../../core/errors.ts';
import type { DroppedBatch } from '../../core/queue.ts';

/** Of a count: there may be fewer, or (`unknown`) any number of further ones. */
export type Certainty = 'exact' | 'at_most' | 'unknown';

/** What happens to a spool, one event a change. */
export type SpoolEvent =
  /** What is accepted from now on is in memory only, as far as there is room; tried again by itself. */
  | { readonly what: 'degraded'; readonly error: AgentError }
  /** All that is accepted is on the disk again. */
  | { readonly what: 'restored' }
  /** At the start: the end of a file was never accepted, and was cut off. */
  | { readonly what: 'torn'; readonly path: string; readonly bytes: number }
  /** Something of a segment cannot be read. It goes to `quarantine/` when the rest of it is done. */
  | { readonly what: 'damaged'; readonly path: string; readonly reason: string }
  /** Records that were accepted and are gone; the range is as far as is known. */
  | { readonly what: 'lost'; readonly reason: 'corrupt' | 'shutdown'; readonly certainty: Certainty; readonly dropped: DroppedBatch }
  /** A batch was done after `close`: nothing is lost, the next run delivers so many records again. */
  | { readonly what: 'too_late'; readonly records: number }
  /** The reader's position cannot be written: a restart would deliver again what is done since. */
  | { readonly what: 'position'; readonly error: AgentError };

export type OnSpoolEvent = (event: SpoolEvent) => void;
