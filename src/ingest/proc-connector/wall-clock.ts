import type { Libc } from '../native/libc.ts';
import { ClockId } from '../native/libc.ts';

/** Clocks drift and step slowly enough for one look a second; one look costs three native calls. */
const SAMPLE_EVERY_NS = 1e9;

/** Date.now() has steps of a millisecond and costs next to nothing: enough to see that a sample is out of date. */
const STEP_US = 5000;

export interface ClockOffsets {
  /** CLOCK_REALTIME − CLOCK_MONOTONIC, microseconds. */
  readonly wallUs: number;
  /** CLOCK_BOOTTIME − CLOCK_MONOTONIC, nanoseconds. */
  readonly bootNs: number;
}

/** Offsets that turn the kernel's monotonic stamps into wall and boot time; each reading is bracketed by two of the monotonic clock. */
export class OffsetSampler {
  readonly #libc: Libc;
  #sampledNs = Number.NEGATIVE_INFINITY;
  #offsets: ClockOffsets = { wallUs: 0, bootNs: 0 };

  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** The offsets of this moment: a suspend or a step of the clock shows at once, though CLOCK_MONOTONIC stands still in it. */
  at(nowNs: number): ClockOffsets {
    const drift = Math.abs(Date.now() * 1000 - nowNs / 1000 - this.#offsets.wallUs);
    if (nowNs - this.#sampledNs >= SAMPLE_EVERY_NS || drift > STEP_US) {
      this.#sampledNs = nowNs;
      this.#offsets = { wallUs: this.#offsetUs(ClockId.REALTIME), bootNs: Math.round(this.#offsetUs(ClockId.BOOTTIME) * 1000) };
    }
    return this.#offsets;
  }

  #offsetUs(clock: number): number {
    const before = Number(process.hrtime.bigint());
    const reading = this.#libc.clockUs(clock);
    const after = Number(process.hrtime.bigint());
    return reading - (before + after) / 2000;
  }
}
