const WORD = 2 ** 32;
/** Knuth's multiplier, 2^32 divided by the golden ratio: neighbouring seeds get states far apart. */
const SPREAD = 0x9e3779b1;

/** Marsaglia's xorshift with the shifts 13, 17, 5: the same numbers for the same seed, on every machine. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, SPREAD) >>> 0 || SPREAD;
    // The first numbers still show how few bits of the state were set.
    for (let i = 0; i < 8; i += 1) this.#next();
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.#next() / WORD) * bound);
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  chance(probability: number): boolean {
    return this.#next() < probability * WORD;
  }

  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }
}
