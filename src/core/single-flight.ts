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
