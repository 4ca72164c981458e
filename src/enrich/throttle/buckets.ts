import { Bucket } from './bucket.ts';

/**
 * Buckets by key, at most so many: the one that was not used for longest makes room. What it suppressed is not forgotten with it but handed
 * over first.
 */
export class Buckets {
  evicted = 0;
  readonly #max: number;
  readonly #byKey = new Map<string, Bucket>();
  #oldest: Bucket | null = null;
  #newest: Bucket | null = null;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The bucket of the key, which is the last one used by this. @param onEvict gets the bucket that had to make room */
  use(key: string, onEvict: (bucket: Bucket) => void): Bucket {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      if (known !== this.#newest) {
        this.#unlink(known);
        this.#append(known);
      }
      return known;
    }
    if (this.#byKey.size >= this.#max) this.#evict(onEvict);
    const bucket = new Bucket(key);
    this.#byKey.set(key, bucket);
    this.#append(bucket);
    return bucket;
  }

  #evict(onEvict: (bucket: Bucket) => void): void {
    const oldest = this.#oldest;
    if (oldest === null) return;
    this.#unlink(oldest);
    this.#byKey.delete(oldest.key);
    this.evicted += 1;
    onEvict(oldest);
  }

  #append(bucket: Bucket): void {
    bucket.older = this.#newest;
    bucket.newer = null;
    if (this.#newest === null) this.#oldest = bucket;
    else this.#newest.newer = bucket;
    this.#newest = bucket;
  }

  #unlink(bucket: Bucket): void {
    if (bucket.older === null) this.#oldest = bucket.newer;
    else bucket.older.newer = bucket.newer;
    if (bucket.newer === null) this.#newest = bucket.older;
    else bucket.newer.older = bucket.older;
    bucket.older = null;
    bucket.newer = null;
  }
}
