import { startLongTimer } from '../core/long-timer.ts';

/** The waits of one reader, one at a time, which can be cut short once and for all. */
export class Rest {
  #ended = false;
  #wake: () => void = () => undefined;

  /** No wait lasts from now on. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves when the time is over or waiting has ended; rejects when `signal` aborts. Leaves no timer behind. */
  async forMs(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#ended || ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const cancel = startLongTimer(ms, resolve);
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    this.#wake = resolve;
    try {
      await promise;
    } finally {
      cancel();
      signal.removeEventListener('abort', abort);
    }
  }
}
