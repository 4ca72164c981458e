import type { Batch } from './batch.ts';

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
 * `offer` never waits: false means not taken, and counting that drop is the caller's job. `end` lets readers run it empty, after which `pull`
 * resolves undefined. `close` is idempotent and drops what a memory queue still holds (counted by `depth` before).
 */
export interface Queue<T> {
  readonly depth: Depth;
  push(batch: Batch<T>, signal: AbortSignal): Promise<void>;
  offer(batch: Batch<T>): boolean;
  pull(signal: AbortSignal): Promise<Delivery<T> | undefined>;
  end(): void;
  close(): Promise<void>;
}
