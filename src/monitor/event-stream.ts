import type { AgentError } from '../core/errors.ts';
import { Backlog } from './backlog.ts';
import type { GapRecord, ProcessRecord } from './records.ts';
import type { Subscriber } from './subscriber.ts';

/**
 * Events to loop over. They are collected from the moment it is made, up to its bound, whether or not anybody reads: what is not read to the end is
 * left by `break`, `return()`, `await using` or its signal. What was dropped meanwhile is in the stream as a GAP in its place.
 */
export interface EventStream<T> extends AsyncIterable<T>, AsyncDisposable {
  next(): Promise<IteratorResult<T, undefined>>;
  /** Unsubscribes; what waits is not delivered any more. Idempotent. */
  return(): Promise<IteratorResult<T, undefined>>;
  [Symbol.asyncIterator](): this;
  /** Events dropped so far because nobody read fast enough. */
  readonly dropped: number;
}

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(reason: unknown): void;
}

export interface StreamOptions {
  readonly highWaterMark: number;
  /** Not aborted yet. */
  readonly signal: AbortSignal | undefined;
  /** A record was dropped. */
  readonly onDrop: () => void;
  /** Nobody reads any more. */
  readonly onClose: () => void;
}

const DONE = { done: true, value: undefined } as const;

/** `T` is what the subscription lets through; the hub, which dispatches by kind and name, vouches for it. */
export class StreamSubscriber<T extends ProcessRecord | GapRecord> implements Subscriber, EventStream<T> {
  readonly #options: StreamOptions;
  readonly #backlog: Backlog;
  readonly #waiting: Waiting<T>[] = [];
  #over = false;
  /** What the next reader is told once everything was read. */
  #failure: { readonly reason: unknown } | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#backlog = new Backlog(options.highWaterMark);
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  get dropped(): number {
    return this.#backlog.dropped;
  }

  take(record: ProcessRecord): void {
    if (this.#over) return;
    if (!this.#backlog.push(record)) this.#options.onDrop();
    this.#serve();
  }

  seed(records: readonly ProcessRecord[]): void {
    this.#backlog.seed(records);
  }

  gap(gap: GapRecord): void {
    if (this.#over) return;
    this.#backlog.pushGap(gap);
    this.#serve();
  }

  end(error: AgentError | undefined): boolean {
    if (this.#over) return false;
    this.#finish(error === undefined ? undefined : { reason: error });
    return error !== undefined;
  }

  close(): void {
    this.#backlog.clear();
    this.#failure = undefined;
    this.#finish(undefined);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<T, undefined>>();
    this.#waiting.push({ resolve, reject });
    this.#serve();
    return promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.close();
    return Promise.resolve(DONE);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #abort = (): void => {
    this.#backlog.clear();
    this.#finish({ reason: this.#options.signal?.reason });
  };

  #finish(failure: { readonly reason: unknown } | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#failure = failure;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#options.onClose();
    this.#serve();
  }

  /** Gives those who wait what there is. */
  #serve(): void {
    for (let reader = this.#waiting[0]; reader !== undefined; reader = this.#waiting[0]) {
      const value = this.#backlog.shift() as T | undefined;
      if (value === undefined && !this.#over) return;
      this.#waiting.shift();
      if (value !== undefined) reader.resolve({ done: false, value });
      else this.#dismiss(reader);
    }
  }

  #dismiss(reader: Waiting<T>): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure === undefined) reader.resolve(DONE);
    else reader.reject(failure.reason);
  }
}
