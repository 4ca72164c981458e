/** At most one piece of work for each name at a time: who asks meanwhile gets the result of the one under way. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>();

  has(name: string): boolean {
    return this.#flights.has(name);
  }

  join(name: string, work: () => Promise<T>): Promise<T> {
    const under = this.#flights.get(name);
    if (under !== undefined) return under;
    const flight = work().finally(() => this.#flights.delete(name));
    this.#flights.set(name, flight);
    return flight;
  }

  /** Resolves when all that is under way has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values());
  }
}

/** Others may wait for the same: aborting ends the wait only. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
