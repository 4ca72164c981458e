import type { Encoded } from '../../core/encoded.ts';
import type { Parcel, Pulled, Share } from './parcel.ts';
import type { BatchBounds } from './policy.ts';

/** What is left of a delivery after earlier parcels took their part of it. */
export interface Remainder {
  readonly of: Pulled;
  /** Index of the first record that is in no parcel. */
  readonly from: number;
  readonly bytes: number;
}

/** A parcel while it is filled. Deliveries stay whole where they can: only one that is larger than a whole parcel is divided. */
export class Filling {
  readonly #bounds: BatchBounds | null;
  readonly #shares: Share[] = [];
  #items: readonly Encoded[] = [];
  #own: Encoded[] | undefined;
  #bytes = 0;

  constructor(bounds: BatchBounds | null) {
    this.#bounds = bounds;
  }

  get empty(): boolean {
    return this.#shares.length === 0;
  }

  /** Nothing more fits, or is to be added. */
  get full(): boolean {
    const bounds = this.#bounds;
    if (this.empty) return false;
    return bounds === null || this.#items.length >= bounds.maxEvents || this.#bytes >= bounds.maxBytes;
  }

  get parcel(): Parcel {
    return { batch: { items: this.#items, bytes: this.#bytes }, shares: this.#shares };
  }

  /** Takes all of it, or what fits where it comes first, or nothing; returns what it left, for the next parcel. */
  take(rest: Remainder): Remainder | undefined {
    const { items } = rest.of.batch;
    if (this.#fits(items.length - rest.from, rest.bytes)) return this.#add(rest, items.length, rest.bytes);
    if (!this.empty) return rest;
    const { to, bytes } = this.#cut(rest);
    return this.#add(rest, to, bytes);
  }

  #fits(records: number, bytes: number): boolean {
    const bounds = this.#bounds;
    if (bounds === null) return true;
    return this.#items.length + records <= bounds.maxEvents && this.#bytes + bytes <= bounds.maxBytes;
  }

  /** Where a parcel of its own ends; at least behind the first record. */
  #cut({ of, from }: Remainder): { to: number; bytes: number } {
    const { items } = of.batch;
    let to = from + 1;
    let bytes = items[from]?.bytes.length ?? 0;
    for (; to < items.length; to += 1) {
      const more = items[to]?.bytes.length ?? 0;
      if (!this.#fits(to - from + 1, bytes + more)) break;
      bytes += more;
    }
    return { to, bytes };
  }

  #add({ of, from, bytes: available }: Remainder, to: number, bytes: number): Remainder | undefined {
    const { items } = of.batch;
    this.#shares.push({ of, records: to - from });
    this.#bytes += bytes;
    // A delivery that fills a parcel alone is passed on as it is.
    if (this.#shares.length === 1) this.#items = from === 0 && to === items.length ? items : items.slice(from, to);
    else this.#append(items, from, to);
    return to < items.length ? { of, from: to, bytes: available - bytes } : undefined;
  }

  #append(items: readonly Encoded[], from: number, to: number): void {
    if (this.#own === undefined) {
      this.#own = [...this.#items];
      this.#items = this.#own;
    }
    for (let index = from; index < to; index += 1) this.#own.push(items[index] as Encoded);
  }
}
