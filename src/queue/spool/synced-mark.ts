import type { Segment } from './segment.ts';

interface Waiter {
  readonly serial: number;
  readonly resolve: () => void;
}

/** Up to where everything that was accepted is forced to the disk, and who waits for it to get further. */
export class SyncedMark {
  #serial = 0;
  /** Where it would be but for what is in doubt. */
  #reached = 0;
  #doubtful: Segment[] = [];
  readonly #waiters: Waiter[] = [];

  has(serial: number): boolean {
    return serial <= this.#serial;
  }

  reached(serial: number): Promise<void> {
    if (this.has(serial)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ serial, resolve }));
  }

  /** A sync failed, and what it may have lost of this segment is kept nowhere else: it goes no further until all of that is done. */
  doubt(segment: Segment): void {
    if (segment.lacksCopies) this.#doubtful.push(segment);
  }

  advance(serial: number): void {
    this.#reached = Math.max(this.#reached, serial);
    if (this.#doubtful.length > 0)
      this.#doubtful = this.#doubtful.filter((segment) => segment.lacksCopies && !segment.drained && !segment.removed);
    if (this.#doubtful.length > 0) return;
    this.#serial = this.#reached;
    while ((this.#waiters[0]?.serial ?? Infinity) <= this.#serial) this.#waiters.shift()?.resolve();
  }
}
