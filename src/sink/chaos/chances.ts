/** Lehmer's generator: as random as trouble has to be, and the same for the same seed. */
export class Chances {
  #state: number;

  /** @param seed 1 to 2147483646 */
  constructor(seed: number) {
    this.#state = seed % 2_147_483_647 || 1;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state * 48_271) % 2_147_483_647;
    return (this.#state - 1) / 2_147_483_646;
  }

  /** True so often, 0 being never and 1 always. Uses up a number in any case, so that one chance does not move the others. */
  happens(chance: number): boolean {
    return this.next() < chance;
  }
}

/** In [0, 1), of a number and a seed: for what must turn out the same each time it is asked. */
export function fixedChance(seed: number, of: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(of % 0x1_0000_0000, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 0x1_0000_0000;
}
