import type { Batch } from './batch.ts';
import type { Encoded } from './encoded.ts';

/**
 * Anything with a life cycle. The law every component keeps, proven by the contract suite:
 * `open` is called at most once and gives up when `boot` aborts; `close` is idempotent, safe before
 * `open`, and after it resolves nothing of the component is left running.
 */
export interface Component {
  readonly id: string;
  open(boot: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Where events come from. `read` resolves with the next batch, or undefined once the source has ended and is empty. */
export interface Source<T> extends Component {
  read(signal: AbortSignal): Promise<Batch<T> | undefined>;
  /** `close` has become urgent: no more than counting what is still to come, and an end to waiting for whatever does not answer. */
  hurry?(): void;
}

/**
 * Where encoded events go. `write` resolves when the other side took responsibility for the *whole* batch
 * and rejects with an `AgentError` otherwise; it never retries by itself. At most `maxInFlight` writes run at once, begun in
 * the order of the queue. The same batch, as an object, is written again after every error that time or somebody may mend
 * (any category but `reject`, `bug` and `failed`), unless `signal` aborts: a sink that keeps an order may let others wait for it.
 */
export interface Sink extends Component {
  readonly maxInFlight: number;
  /** No more will come than what is queued already: from now on nothing is held back to be sent together with more. Never waits. */
  drain?(): void;
  write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void>;
}

/** Turns an event into bytes. Synchronous and pure: no I/O, no clock. */
export interface Encoder<T> {
  encode(event: T): Encoded;
}

/** One running part of the pipeline; `run` ends when its input has ended, or soon after `hard` aborts. */
export interface Stage {
  readonly name: string;
  run(hard: AbortSignal): Promise<void>;
}
