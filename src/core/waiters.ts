/** Those that wait for something to change, to look then whether it is as they want it. */
export class Waiters {
  #wakes = new Set<() => void>();

  /** All look again. */
  wake(): void {
    const wakes = this.#wakes;
    this.#wakes = new Set();
    for (const wake of wakes) wake();
  }

  /** Resolves at the next `wake`. Rejects with the signal's reason when that is aborted. */
  change(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const aborted = (): void => {
        this.#wakes.delete(wake);
        reject(signal.reason as Error);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', aborted);
        resolve();
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#wakes.add(wake);
    });
  }
}
