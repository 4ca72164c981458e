/** What is written again and again until it is done with, or the signal of its last write is aborted. */
export class Followed {
  #isOver = false;
  #unfollow: () => void = () => undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls `onAbort` when the signal is aborted, also between two writes: then there will be no other. Takes the place of the write before. */
  follow(signal: AbortSignal, onAbort: () => void): void {
    this.#unfollow();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#unfollow = () => signal.removeEventListener('abort', onAbort);
  }

  end(): void {
    this.#isOver = true;
    this.#unfollow();
  }
}
