/** Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter): a random part of a bound that doubles. */
export class Backoff {
  readonly #initialMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(bounds: { initialMs: number; maxMs: number }, random: () => number = Math.random) {
    this.#initialMs = bounds.initialMs;
    this.#maxMs = bounds.maxMs;
    this.#random = random;
  }

  /** Milliseconds to wait before the next try. */
  next(): number {
    const bound = Math.min(this.#maxMs, this.#initialMs * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 30);
    return bound * this.#random();
  }
}
