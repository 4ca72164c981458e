/** What stands for a record that is not waiting (any more). */
const SETTLED = 0;
const NONE = -1;
/** Chains have four places each on average, and there are two of them at least. */
export const MIN_PLACES = 8;
const GOLDEN = 0x9e3779b1;

/**
 * The records that wait for their event, in the order of the ring, found by type and process. They are numbered as they come; number n has the place
 * n mod capacity, and a chain through all of one hash value, newest first, ends where numbers are older than the oldest that waits.
 * 29 bytes a place.
 */
export class PendingRecords {
  readonly capacity: number;
  readonly #positions: Float64Array;
  readonly #stamps: Float64Array;
  readonly #tgids: Uint32Array;
  /** How many numbers further down the chain goes on; 0: nowhere. */
  readonly #steps: Uint32Array;
  readonly #types: Uint8Array;
  readonly #newest: Float64Array;
  readonly #shift: number;
  #first = 0;
  #end = 0;

  /** `capacity`: a power of two, at least `MIN_PLACES`. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#positions = new Float64Array(capacity);
    this.#stamps = new Float64Array(capacity);
    this.#tgids = new Uint32Array(capacity);
    this.#steps = new Uint32Array(capacity);
    this.#types = new Uint8Array(capacity);
    this.#newest = new Float64Array(capacity / 4).fill(NONE);
    this.#shift = Math.clz32(capacity / 4) + 1;
  }

  get isFull(): boolean {
    return this.#end - this.#first === this.capacity;
  }

  /** Numbers given so far. */
  get end(): number {
    return this.#end;
  }

  // oxlint-disable-next-line max-params -- once a record: an object would be garbage
  add(type: number, tgid: number, stampNs: number, position: number): void {
    const place = this.#placeOf(this.#end);
    const bucket = this.#bucketOf(type, tgid);
    const newest = this.#newest[bucket] as number;
    this.#types[place] = type;
    this.#tgids[place] = tgid;
    this.#stamps[place] = stampNs;
    this.#positions[place] = position;
    this.#steps[place] = newest >= this.#first ? this.#end - newest : 0;
    this.#newest[bucket] = this.#end;
    this.#end += 1;
  }

  /** Number of the newest record of that kind not stamped later, or −1. */
  newestUntil(type: number, tgid: number, stampNs: number): number {
    for (let number = this.#newest[this.#bucketOf(type, tgid)] as number; number >= this.#first; number = this.#older(number)) {
      const place = this.#placeOf(number);
      if (this.#tgids[place] === tgid && this.#types[place] === type && (this.#stamps[place] as number) <= stampNs) return number;
    }
    return NONE;
  }

  /** Number of the oldest record of that kind not stamped earlier, or −1. */
  oldestSince(type: number, tgid: number, stampNs: number): number {
    let found = NONE;
    for (let number = this.#newest[this.#bucketOf(type, tgid)] as number; number >= this.#first; number = this.#older(number)) {
      const place = this.#placeOf(number);
      if (this.#tgids[place] === tgid && this.#types[place] === type && (this.#stamps[place] as number) >= stampNs) found = number;
    }
    return found;
  }

  positionOf(number: number): number {
    return this.#positions[this.#placeOf(number)] as number;
  }

  typeOf(number: number): number {
    return this.#types[this.#placeOf(number)] as number;
  }

  stampNsOf(number: number): number {
    return this.#stamps[this.#placeOf(number)] as number;
  }

  isWaiting(number: number): boolean {
    return number >= this.#first && this.typeOf(number) !== SETTLED;
  }

  /** It waits no longer. */
  settle(number: number): void {
    this.#types[this.#placeOf(number)] = SETTLED;
  }

  /** Number of the oldest that waits; `end` when none does. */
  oldest(): number {
    while (this.#first < this.#end && this.#types[this.#placeOf(this.#first)] === SETTLED) this.#first += 1;
    return this.#first;
  }

  #older(number: number): number {
    const step = this.#steps[this.#placeOf(number)] as number;
    return step === 0 ? NONE : number - step;
  }

  #placeOf(number: number): number {
    return number & (this.capacity - 1);
  }

  #bucketOf(type: number, tgid: number): number {
    return Math.imul((tgid << 3) | type, GOLDEN) >>> this.#shift;
  }
}
