import type { GapRecord, ProcessRecord } from './records.ts';

/** Emptied places at the front are given back when there are this many and they are the greater part. */
const COMPACT_AT = 1024;

/**
 * What waits for one subscriber, in order and bounded. What finds it full is dropped and counted, and a gap says so in its place: before the next
 * record that is taken, or at the end of what waits. Gaps of the kernel are never dropped: while there is no room they are added up.
 */
export class Backlog {
  readonly #limit: number;
  readonly #items: (ProcessRecord | GapRecord)[] = [];
  #first = 0;
  #lost: GapRecord | undefined;
  /** Dropped since the last gap that said so, and the first of them. */
  #missing = 0;
  #firstMissing: ProcessRecord | undefined;
  #lastMissing: ProcessRecord | undefined;
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length - this.#first;
  }

  /** Dropped for want of room, since the beginning. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False: dropped. */
  push(record: ProcessRecord): boolean {
    if (this.length < this.#limit) {
      this.#tellGaps();
      this.#items.push(record);
      return true;
    }
    this.#dropped += 1;
    this.#missing += 1;
    this.#firstMissing ??= record;
    this.#lastMissing = record;
    return false;
  }

  /** Takes what the bound is not meant for: all that is known at the beginning. */
  seed(records: Iterable<ProcessRecord>): void {
    for (const record of records) this.#items.push(record);
  }

  pushGap(gap: GapRecord): void {
    if (this.length >= this.#limit) {
      this.#lost = this.#lost === undefined ? gap : joined(this.#lost, gap);
      return;
    }
    this.#tellGaps();
    this.#items.push(gap);
  }

  shift(): ProcessRecord | GapRecord | undefined {
    if (this.length === 0) this.#tellGaps();
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first += 1;
    if (this.#first === this.#items.length) this.#forget();
    else if (this.#first >= COMPACT_AT && this.#first * 2 > this.#items.length) {
      this.#items.splice(0, this.#first);
      this.#first = 0;
    }
    return item;
  }

  clear(): void {
    this.#forget();
    this.#lost = undefined;
    this.#missing = 0;
    this.#firstMissing = undefined;
    this.#lastMissing = undefined;
  }

  #forget(): void {
    this.#items.length = 0;
    this.#first = 0;
  }

  #tellGaps(): void {
    if (this.#lost !== undefined) this.#items.push(this.#lost);
    this.#lost = undefined;
    if (this.#firstMissing === undefined || this.#lastMissing === undefined) return;
    this.#items.push(missed(this.#missing, this.#firstMissing, this.#lastMissing));
    this.#missing = 0;
    this.#firstMissing = undefined;
    this.#lastMissing = undefined;
  }
}

function missed(count: number, from: ProcessRecord, to: ProcessRecord): GapRecord {
  const where = { reason: 'slow_subscriber', stage: 'subscriber', cpu: null, from_seq: null, to_seq: null };
  const gap = { ...where, count, exact: true, from_time: from.time, to_time: to.time };
  return { kind: 'GAP', time: to.time, monotonic_us: to.monotonic_us, gap };
}

/** Both as one, of which the CPU and the range are not known any more. */
function joined(one: GapRecord, other: GapRecord): GapRecord {
  const gap = {
    ...other.gap,
    cpu: null,
    from_seq: null,
    to_seq: null,
    count: one.gap.count + other.gap.count,
    exact: one.gap.exact && other.gap.exact,
    from_time: Math.min(one.gap.from_time, other.gap.from_time),
    to_time: Math.max(one.gap.to_time, other.gap.to_time),
  };
  return { ...other, gap };
}
