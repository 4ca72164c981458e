import type { Libc } from '../native/libc.ts';
import { ClockId } from '../native/libc.ts';

/** Clocks drift and step slowly enough for one look a second; one look costs three native calls. */
const SAMPLE_EVERY_NS = 1e9;

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

  at(nowNs: number): ClockOffsets {
    if (nowNs - this.#sampledNs >= SAMPLE_EVERY_NS) {
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
