/**
 * A Map that keeps about the `max` keys used last, at the cost of a plain look-up: two generations, of which the elder is dropped when
 * the younger is half of `max`. Reading moves a key into the younger one.
 */
export class RecentMap<K, V extends object> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  readonly #half: number;

  constructor(max: number) {
    this.#half = Math.max(1, Math.ceil(max / 2));
  }

  /** At most `max`, rounded up to an even number. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const elder = this.#old.get(key);
    if (elder !== undefined) this.set(key, elder);
    return elder;
  }

  set(key: K, value: V): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size < this.#half) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
