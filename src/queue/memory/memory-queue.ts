import type { Batch } from '../../core/batch.ts';
import { AgentError } from '../../core/errors.ts';
import type { Delivery, Depth, Outcome } from '../../core/queue.ts';
import type { EvictingQueue } from '../when-full.ts';
import { LinkedList } from './linked-list.ts';
import { WaitingLine } from './waiting-line.ts';

/** Bounds over everything that is not `done` yet, pulled or not. */
export interface QueueBounds {
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** A batch in the queue; `serial` is its place in the order of acceptance. */
interface Held<T> {
  readonly batch: Batch<T>;
  readonly serial: number;
}

/**
 * Queue in memory: fast, and empty after a crash. All operations take constant time.
 *
 * - A batch larger than a whole bound is taken only when nothing else is held, so that it can pass at all.
 * - `append` overtakes who waits in `push`: what it takes speaks of what is accepted already, never of what is not.
 * - Whoever waits in `push` is served first come first served; `offer` does not overtake them.
 * - `returned` restores the order of acceptance among what waits, whatever the order in which deliveries come back.
 * - After `end` nothing new is taken, but those already waiting in `push` still are. `pull` resolves undefined only once no delivery
 *   is out either, for it may come back.
 * - `close` refuses who waits, forgets what is queued; deliveries that are out count until they are done, and `returned` forgets them.
 */
export class MemoryQueue<T> implements EvictingQueue<T> {
  readonly #bounds: QueueBounds;
  readonly #queued = new LinkedList<Held<T>>();
  readonly #pushers = new WaitingLine<Batch<T>, void>();
  readonly #pullers = new WaitingLine<void, Delivery<T> | undefined>();
  readonly #total = { batches: 0, events: 0, bytes: 0 };
  readonly #pulled = { batches: 0, events: 0, bytes: 0 };
  #serial = 0;
  #ended = false;
  #closed = false;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get depth(): Depth {
    return { events: this.#total.events, bytes: this.#total.bytes };
  }

  async push(batch: Batch<T>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.offer(batch)) return;
    if (this.#ended) throw ended();
    await this.#pushers.join(batch, signal, () => this.#admitWaiting());
  }

  offer(batch: Batch<T>): boolean {
    if (this.#ended || !this.#pushers.empty || !this.#fits(batch, this.#total)) return false;
    this.#admit(batch);
    return true;
  }

  append(batch: Batch<T>): void {
    if (this.#ended) throw ended();
    this.#admit(batch);
  }

  async pull(signal: AbortSignal): Promise<Delivery<T> | undefined> {
    signal.throwIfAborted();
    const held = this.#queued.shift();
    if (held !== undefined) return this.#deliver(held);
    if (this.#finished) return undefined;
    return this.#pullers.join(undefined, signal, () => {});
  }

  makeRoom(batch: Batch<T>): readonly Batch<T>[] {
    const evicted: Batch<T>[] = [];
    if (!this.#pushers.empty || !this.#fits(batch, this.#pulled)) return evicted;
    while (!this.#fits(batch, this.#total)) {
      const held = this.#queued.shift();
      if (held === undefined) break;
      count(this.#total, held.batch, -1);
      evicted.push(held.batch);
    }
    return evicted;
  }

  end(): void {
    this.#ended = true;
    this.#answerFinished();
  }

  async close(): Promise<void> {
    this.#ended = true;
    this.#closed = true;
    this.#pushers.refuseAll(ended());
    for (let held = this.#queued.shift(); held !== undefined; held = this.#queued.shift()) count(this.#total, held.batch, -1);
    this.#answerFinished();
  }

  get #finished(): boolean {
    return this.#closed || (this.#ended && this.#total.batches === 0 && this.#pushers.empty);
  }

  #answerFinished(): void {
    if (this.#finished) this.#pullers.answerAll(undefined);
  }

  #fits(batch: Batch<T>, beside: Depth & { batches: number }): boolean {
    if (beside.batches === 0) return true;
    return beside.events + batch.items.length <= this.#bounds.maxEvents && beside.bytes + batch.bytes <= this.#bounds.maxBytes;
  }

  #admit(batch: Batch<T>): void {
    count(this.#total, batch, 1);
    this.#serial += 1;
    this.#queue({ batch, serial: this.#serial });
  }

  #admitWaiting(): void {
    for (let next = this.#pushers.next; next !== undefined && this.#fits(next, this.#total); next = this.#pushers.next) {
      this.#admit(next);
      this.#pushers.answerFirst();
    }
    this.#answerFinished();
  }

  /** Only what came back can be older than `held`, and that is never more than what was pulled at once. */
  #queue(held: Held<T>): void {
    if (!this.#pullers.empty) {
      this.#pullers.answerFirst(this.#deliver(held));
      return;
    }
    let next = held.serial === this.#serial ? undefined : this.#queued.first;
    while (next !== undefined && next.value.serial < held.serial) next = next.next;
    this.#queued.insertBefore(held, next);
  }

  #deliver(held: Held<T>): Delivery<T> {
    count(this.#pulled, held.batch, 1);
    let done = false;
    return {
      batch: held.batch,
      done: (outcome) => {
        if (done) throw new AgentError('BUG', 'a delivery was reported done twice', { context: { outcome } });
        done = true;
        this.#done(held, outcome);
      },
    };
  }

  #done(held: Held<T>, outcome: Outcome): void {
    count(this.#pulled, held.batch, -1);
    if (outcome === 'returned' && !this.#closed) {
      this.#queue(held);
      return;
    }
    count(this.#total, held.batch, -1);
    this.#admitWaiting();
  }
}

function count<T>(sum: { batches: number; events: number; bytes: number }, batch: Batch<T>, sign: 1 | -1): void {
  sum.batches += sign;
  sum.events += sign * batch.items.length;
  sum.bytes += sign * batch.bytes;
}

function ended(): AgentError {
  return new AgentError('QUEUE_ENDED', 'the queue takes nothing any more: it was ended or closed');
}
