import { Backlog } from './backlog.ts';
import type { ProcessRecord } from './records.ts';
import type { Subscriber } from './subscriber.ts';
import { isThenable } from './thenable.ts';

/** @param missed events of this subscription that were dropped directly before this one */
export type RecordListener = (record: ProcessRecord, missed: number) => unknown;

export interface ListenerCalls {
  /** A call is about to be made. */
  called(): void;
  dropped(): void;
  failed(thrown: unknown): void;
}

/**
 * A callback. It is called in the turn in which the event is heard, unless it still works on an earlier one: what returns a promise is called again
 * when that has settled, and meanwhile events wait, up to the bound.
 */
export class ListenerSubscriber implements Subscriber {
  readonly #listener: RecordListener;
  readonly #calls: ListenerCalls;
  readonly #backlog: Backlog;
  #busy = false;
  #closed = false;
  #missed = 0;

  constructor(listener: RecordListener, highWaterMark: number, calls: ListenerCalls) {
    this.#listener = listener;
    this.#calls = calls;
    this.#backlog = new Backlog(highWaterMark);
  }

  get dropped(): number {
    return this.#backlog.dropped;
  }

  take(record: ProcessRecord): void {
    if (this.#closed) return;
    if (!this.#busy) this.#pass(record);
    else if (!this.#backlog.push(record)) this.#calls.dropped();
  }

  /** They come before anything that is heard from now on, but not while the caller is still subscribing. */
  seed(records: readonly ProcessRecord[]): void {
    if (records.length === 0) return;
    this.#backlog.seed(records);
    this.#busy = true;
    queueMicrotask(this.#next);
  }

  /** Losses in the kernel have a subscription of their own. */
  gap(): void {}

  /** Stays for the next run. */
  end(): false {
    return false;
  }

  close(): void {
    this.#closed = true;
    this.#backlog.clear();
  }

  #pass(record: ProcessRecord): void {
    const missed = this.#missed;
    this.#missed = 0;
    this.#calls.called();
    try {
      const result = this.#listener(record, missed);
      if (!isThenable(result)) return;
      this.#busy = true;
      result.then(this.#next, (thrown: unknown) => {
        this.#calls.failed(thrown);
        this.#next();
      });
    } catch (thrown) {
      this.#calls.failed(thrown);
    }
  }

  readonly #next = (): void => {
    this.#busy = false;
    while (!this.#busy) {
      const item = this.#backlog.shift();
      if (item === undefined) return;
      if (item.kind === 'GAP') this.#missed += item.gap.count;
      else this.#pass(item);
    }
  };
}
