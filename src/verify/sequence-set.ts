import { AgentError } from '../core/errors.ts';

const PAGE_BITS = 32_768;
const WORDS = PAGE_BITS / 32;
/** 256 MiB: two thousand million open events that lie side by side. Only numbers that mean nothing are scattered over so many pages. */
const MAX_PAGES = 65_536;
/** Of proven pages, 16 MiB. */
const MAX_KEPT = 4096;

/** What all sets of one check occupy together; pages are freed as what is in them is proven. */
export class PageBudget {
  #pages = 0;
  readonly #kept: { readonly set: SequenceSet; readonly page: number }[] = [];

  get pages(): number {
    return this.#pages;
  }

  take(): void {
    this.#pages += 1;
    if (this.#pages <= MAX_PAGES) return;
    throw new AgentError('FILE_CORRUPT', 'the sequences of the events are scattered so widely that they cannot be kept in memory', {
      fix: 'Check fewer files at once; files of forkcast number their events without gaps.',
    });
  }

  free(): void {
    this.#pages -= 1;
  }

  /** Proven, but with holes: kept for a while, since a record that turns up in one of them belongs to nobody. */
  keep(set: SequenceSet, page: number): void {
    this.#kept.push({ set, page });
    if (this.#kept.length < 2 * MAX_KEPT) return;
    for (const one of this.#kept.splice(0, MAX_KEPT)) one.set.drop(one.page);
  }
}

/** A set of sequences as a bitmap in pages. */
export class SequenceSet {
  readonly #pages = new Map<number, Uint32Array>();
  readonly #budget: PageBudget;
  #lastNumber = -1;
  #last: Uint32Array | undefined;

  constructor(budget: PageBudget) {
    this.#budget = budget;
  }

  /** Whether it was not there before. */
  add(sequence: number): boolean {
    const page = this.#page(Math.floor(sequence / PAGE_BITS)) ?? this.#newPage(Math.floor(sequence / PAGE_BITS));
    const bit = sequence % PAGE_BITS;
    const mask = 1 << (bit & 31);
    const word = page[bit >> 5] as number;
    if ((word & mask) !== 0) return false;
    page[bit >> 5] = word | mask;
    return true;
  }

  /** undefined where its page was freed. */
  has(sequence: number): boolean | undefined {
    const page = this.#page(Math.floor(sequence / PAGE_BITS));
    if (page === undefined) return undefined;
    const bit = sequence % PAGE_BITS;
    return ((page[bit >> 5] as number) & (1 << (bit & 31))) !== 0;
  }

  /** Members within a range, in order. */
  *within(from: number, to: number): Generator<number> {
    for (const number of this.#pageNumbers(from, to)) {
      const page = this.#pages.get(number) as Uint32Array;
      const start = number * PAGE_BITS;
      const end = Math.min(to, start + PAGE_BITS - 1);
      for (let sequence = Math.max(from, start); sequence <= end; sequence += 1) {
        const bit = sequence - start;
        const word = page[bit >> 5] as number;
        if (word === 0 && (bit & 31) === 0) sequence += 31;
        else if ((word & (1 << (bit & 31))) !== 0) yield sequence;
      }
    }
  }

  count(from: number, to: number): number {
    let count = 0;
    for (const _ of this.within(from, to)) count += 1;
    return count;
  }

  /** Range and all around it up to `inside` is proven: frees the pages that lie in there as a whole. */
  release(range: { readonly from: number; readonly to: number }, inside: { readonly from: number; readonly to: number }): void {
    for (const number of this.#pageNumbers(range.from, range.to)) {
      const start = number * PAGE_BITS;
      if (start < inside.from || start + PAGE_BITS - 1 > inside.to) continue;
      if ((this.#pages.get(number) as Uint32Array).every((word) => word === 0xffff_ffff)) this.drop(number);
      else this.#budget.keep(this, number);
    }
  }

  drop(page: number): void {
    if (!this.#pages.delete(page)) return;
    this.#budget.free();
    this.#lastNumber = -1;
  }

  /** Of pages that exist, in order: a range may be far longer than what is in it. */
  #pageNumbers(from: number, to: number): number[] {
    const [first, last] = [Math.floor(from / PAGE_BITS), Math.floor(to / PAGE_BITS)];
    if (last - first < this.#pages.size) {
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i).filter((number) => this.#pages.has(number));
    }
    return [...this.#pages.keys()].filter((number) => number >= first && number <= last).toSorted((a, b) => a - b);
  }

  #page(number: number): Uint32Array | undefined {
    if (number === this.#lastNumber) return this.#last;
    this.#last = this.#pages.get(number);
    this.#lastNumber = this.#last === undefined ? -1 : number;
    return this.#last;
  }

  #newPage(number: number): Uint32Array {
    this.#budget.take();
    const page = new Uint32Array(WORDS);
    this.#pages.set(number, page);
    this.#lastNumber = number;
    this.#last = page;
    return page;
  }
}
