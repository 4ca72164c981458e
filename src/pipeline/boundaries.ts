/** Six days of checkpoints at one each five seconds, 800 KB. */
const MAX_KEPT = 100_000;

/** Where the checkpoints of a run ended, to tell which of them covers a sequence. */
export class Boundaries {
  #ends: number[] = [];
  /** Number of the checkpoint whose end is the first kept. */
  #first = 1;

  /** Number of the checkpoint to come. */
  get next(): number {
    return this.#first + this.#ends.length;
  }

  /** The next checkpoint ends with this sequence. */
  add(end: number): void {
    if (this.#ends.length >= MAX_KEPT) {
      this.#ends = this.#ends.slice(MAX_KEPT / 2);
      this.#first += MAX_KEPT / 2;
    }
    this.#ends.push(end);
  }

  /** The checkpoint that covers the sequence, `next` where none does yet; 0 where that is too long ago. */
  numberOf(sequence: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) < sequence) low = middle + 1;
      else high = middle;
    }
    return low === 0 && this.#first > 1 ? 0 : this.#first + low;
  }
}
