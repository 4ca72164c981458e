/**
 * A thread that runs looks at the clocks more often than this, and freezing the tasks, stopping and restarting the devices takes longer. So a gap of this
 * length between two events of such a thread's queue is that of the suspend.
 */
const LULL_NS = 100e6;

/**
 * Where in CLOCK_MONOTONIC a suspend was. That clock stands still in it, so it is one instant; nothing runs from some time before it (tasks are frozen)
 * to some time after it (thawed), so it lies in the largest gap between the stamps of the time in which it must have been.
 * The gap before the first stamp counts for a lull at most: the thread may have slept in it because nothing happened.
 *
 * Stamps that are still queued when the suspend is noticed come in later. Until all are known the gap behind the last one is open: it may hold more.
 */
export class SuspendWindow {
  readonly #fromNs: number;
  readonly #toNs: number;
  /** Newest stamp seen. */
  #lastNs: number;
  #gapEndNs = 0;
  #gapNs = 0;
  #known = false;

  /** The suspend was after `fromNs` and before `toNs`. */
  constructor(fromNs: number, toNs: number) {
    this.#fromNs = fromNs;
    this.#toNs = toNs;
    this.#lastNs = fromNs;
  }

  /** True when no further stamps can change the answer. */
  get known(): boolean {
    return this.#known;
  }

  /** The next event, in the order of receipt: inversions between CPUs are of microseconds. */
  see(stampNs: number): void {
    if (this.#known || stampNs <= this.#lastNs) return;
    const endNs = Math.min(stampNs, this.#toNs);
    const lengthNs = endNs - this.#lastNs;
    const gapNs = this.#lastNs === this.#fromNs ? Math.min(lengthNs, LULL_NS) : lengthNs;
    if (gapNs >= this.#gapNs) {
      this.#gapNs = gapNs;
      this.#gapEndNs = endNs;
    }
    this.#lastNs = endNs;
    this.#known = endNs === this.#toNs;
  }

  /** All events of the window have been seen. */
  end(): void {
    this.see(this.#toNs);
  }

  /** By what was seen so far: from it on the new offsets held. Any point of a gap does; the thread was woken soon after the suspend, so it is near the end. */
  get instantNs(): number {
    const openNs = this.#toNs - this.#lastNs;
    if (this.#gapNs >= Math.min(openNs, LULL_NS)) return this.#gapEndNs - Math.min(this.#gapNs, LULL_NS) / 2;
    return this.#toNs - Math.min(openNs, LULL_NS) / 2;
  }
}
