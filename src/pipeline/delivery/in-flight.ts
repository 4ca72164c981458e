/**
 * At most so many at once. Not `Promise.race` over those that run: each call would leave a reaction on a write that fails for days.
 * For one waiting caller at a time.
 */
export class InFlight {
  readonly #most: number;
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { readonly below: number; readonly go: () => void } | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** Resolves when one more may start. Rejects with what one of them rejected with. */
  room(): Promise<void> {
    return this.#below(this.#most);
  }

  /** Resolves when none runs; rejects likewise, also only then. */
  idle(): Promise<void> {
    return this.#below(1);
  }

  add(running: Promise<void>): void {
    this.#running += 1;
    running.then(
      () => this.#ended(),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#ended();
      },
    );
  }

  #ended(): void {
    this.#running -= 1;
    const waiting = this.#waiting;
    if (waiting === undefined || this.#running >= waiting.below) return;
    this.#waiting = undefined;
    waiting.go();
  }

  async #below(below: number): Promise<void> {
    if (this.#running >= below) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = { below, go: resolve };
      await promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
