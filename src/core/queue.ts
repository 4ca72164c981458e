import type { Batch } from './batch.ts';
import type { Words } from './digest.ts';
import type { Encoded } from './encoded.ts';

/** What became of a pulled batch. */
export type Outcome = 'delivered' | 'dead_lettered' | 'returned';

/** A pulled batch; `done` is called exactly once, and only then is its capacity freed. `returned` puts it back at the head. */
export interface Delivery<T> {
  readonly batch: Batch<T>;
  done(outcome: Outcome): void;
}

export interface Depth {
  readonly events: number;
  readonly bytes: number;
}

/**
 * A bounded queue between two stages. `push` waits for room (backpressure) and rejects when `signal` aborts;
 * `offer` never waits: false means not taken, and counting that drop is the caller's job. `append` takes a batch past all bounds, behind
 * everything offered before: for the few records that must not be dropped; throws QUEUE_ENDED where nothing is taken any more. `end` lets
 * readers run it empty, after which `pull` resolves undefined. `close` is idempotent and drops what a memory queue still holds (counted by
 * `depth` before).
 */
export interface Queue<T> {
  readonly depth: Depth;
  push(batch: Batch<T>, signal: AbortSignal): Promise<void>;
  offer(batch: Batch<T>): boolean;
  append(batch: Batch<T>): void;
  pull(signal: AbortSignal): Promise<Delivery<T> | undefined>;
  end(): void;
  close(): Promise<void>;
}

/** How far a queue is known to have accepted the events of a run. */
export interface AcceptedUpTo {
  readonly agentId: Uint8Array;
  readonly sequence: number;
}

/** `queue_full`: never accepted; `evicted`: accepted earlier, dropped to make room. */
export type DropReason = 'queue_full' | 'evicted';

/** One dropped batch. Sequences are inclusive and 0 where `count` is 0; between them others may be missing (a sink's filter). */
export interface DroppedBatch {
  /** The run whose records they are; absent: this one. */
  readonly agentId?: Uint8Array;
  readonly fromSequence: number;
  readonly toSequence: number;
  /** Records with a sequence of their own. */
  readonly count: number;
  /** Their part of the digest; absent where `items` are there to compute it from, or where nobody knows it. */
  readonly digest?: Words;
  readonly items?: readonly Encoded[];
  /** Records without (sequence 0), not in `count`: they must reach the sink in any case. */
  readonly checkpoints: readonly Encoded[];
}
