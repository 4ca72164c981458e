export interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** Disjoint ranges of whole numbers in order; those that touch are one. */
export class RangeList {
  #ranges: { from: number; to: number }[] = [];

  get all(): readonly Range[] {
    return this.#ranges;
  }

  /** Empty ranges are nothing. */
  add(from: number, to: number): void {
    if (to < from) return;
    const last = this.#ranges.at(-1);
    // Nearly always: what comes next.
    if (last !== undefined && last.to === from - 1) {
      last.to = to;
      return;
    }
    const first = this.#indexFrom(from - 1);
    let end = first;
    while (end < this.#ranges.length && (this.#ranges[end] as Range).from <= to + 1) end += 1;
    const merged = this.#ranges.slice(first, end);
    const lowest = Math.min(from, merged[0]?.from ?? from);
    const highest = Math.max(to, merged.at(-1)?.to ?? to);
    this.#ranges.splice(first, end - first, { from: lowest, to: highest });
  }

  has(number: number): boolean {
    return this.rangeOf(number) !== undefined;
  }

  /** The range that the number is in. */
  rangeOf(number: number): Range | undefined {
    const range = this.#ranges[this.#indexFrom(number)];
    return range !== undefined && range.from <= number ? range : undefined;
  }

  intersects(from: number, to: number): boolean {
    const range = this.#ranges[this.#indexFrom(from)];
    return to >= from && range !== undefined && range.from <= to;
  }

  /** What lies between the ranges. */
  get gaps(): readonly Range[] {
    return this.#ranges.slice(1).map((range, i) => ({ from: (this.#ranges[i] as Range).to + 1, to: range.from - 1 }));
  }

  /** Index of the first range that ends at or behind the number. */
  #indexFrom(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle] as Range).to < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
