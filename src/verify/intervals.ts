import type { Interval } from './interval.ts';

/** Intervals that are not proven, in the order of their sequences. */
export class Intervals {
  readonly #all: Interval[] = [];

  get all(): readonly Interval[] {
    return this.#all;
  }

  add(interval: Interval): void {
    this.#all.splice(this.#indexFrom(interval.from), 0, interval);
  }

  remove(interval: Interval): void {
    const at = this.#indexFrom(interval.from);
    if (this.#all[at] === interval) this.#all.splice(at, 1);
  }

  of(sequence: number): Interval | undefined {
    const interval = this.#all[this.#indexFrom(sequence)];
    return interval !== undefined && interval.from <= sequence ? interval : undefined;
  }

  #indexFrom(sequence: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#all[middle] as Interval).to < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
