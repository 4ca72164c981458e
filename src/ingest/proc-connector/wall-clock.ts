import type { ClockSample, Clocks } from './clock-sample.ts';
import { takeSample } from './clock-sample.ts';
import { SuspendWindow } from './suspend-window.ts';

/** One sample costs about five native calls. */
const SAMPLE_EVERY_NS = 1e9;
/** A smaller change needs no history: the events on its wrong side are off by less than they may be. */
const JUMP_US = 500;
/** The cheap wall clock is up to a millisecond behind; more than twice that is a change. */
const DRIFT_US = 2000;
const HISTORY = 16;

export interface ClockOffsets {
  /** CLOCK_REALTIME − CLOCK_MONOTONIC, microseconds. */
  readonly wallUs: number;
  /** CLOCK_BOOTTIME − CLOCK_MONOTONIC, nanoseconds. */
  readonly bootNs: number;
}

interface Era {
  /** CLOCK_MONOTONIC from which the offsets hold. */
  fromNs: number;
  offsets: ClockOffsets;
  /** Where it began, while stamps may still tell better. */
  suspend: SuspendWindow | undefined;
}

/**
 * The offsets that turn the kernel's monotonic stamps into wall and boot time, with their history: an event that was queued before a suspend or a step of
 * the clock and is read after it gets what held when it happened. Slewing needs none of it: NTP slews CLOCK_MONOTONIC and CLOCK_REALTIME alike.
 *
 * Law for the reader: `look` after each receive and before its stamps are asked for, and whenever the thread wakes for another reason: the closer its
 * looks, the closer a suspend is known. While `settling`, each receive is given to `settle` first.
 */
export class WallClock {
  readonly #clocks: Clocks;
  readonly #eras: Era[] = [];
  /** The newest era, flat: nearly all stamps are of it. */
  #newestFromNs = Number.NEGATIVE_INFINITY;
  #newest: ClockOffsets;
  /** What the newest offsets may be wrong by, µs. */
  #errorUs: number;
  #sampledNs: number;
  #lookedNs: number;
  #settling = false;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    const { wallUs, bootNs, errorUs, takenNs } = takeSample(clocks);
    this.#newest = { wallUs, bootNs };
    this.#errorUs = errorUs;
    this.#sampledNs = takenNs;
    this.#lookedNs = takenNs;
    this.#eras.push({ fromNs: this.#newestFromNs, offsets: this.#newest, suspend: undefined });
  }

  /**
   * Notices what happened to the clocks since the last look. `nowNs` is the time of the call; `alarmed`: the kernel has just said that the wall clock was
   * set or the machine resumed (`ClockAlarm`).
   */
  look(nowNs: number, alarmed = false): void {
    const driftUs = this.#clocks.wallMs() * 1000 + 500 - nowNs / 1000 - this.#newest.wallUs;
    if (alarmed || driftUs > DRIFT_US || driftUs < -DRIFT_US || nowNs - this.#sampledNs >= SAMPLE_EVERY_NS) this.#sample(nowNs, alarmed);
    this.#lookedNs = nowNs;
  }

  /** The offsets that held at a stamp; the same object for the same era. Older than the history: the oldest known. */
  offsetsAt(stampNs: number): ClockOffsets {
    return stampNs >= this.#newestFromNs ? this.#newest : this.#offsetsBefore(stampNs);
  }

  /** True from when a suspend is noticed until the events around it have been seen. */
  get settling(): boolean {
    return this.#settling;
  }

  /** The first `count` of `stampsNs` are those of a receive, in its order; `drained`: it emptied the queue, nothing older will come. */
  settle(stampsNs: ArrayLike<number>, count: number, drained: boolean): void {
    this.#settling = false;
    for (const era of this.#eras) {
      if (era.suspend === undefined) continue;
      for (let i = 0; i < count; i += 1) era.suspend.see(stampsNs[i] as number);
      if (drained) era.suspend.end();
      era.fromNs = era.suspend.instantNs;
      if (era.suspend.known) era.suspend = undefined;
      else this.#settling = true;
    }
    this.#newestFromNs = this.#newestEra.fromNs;
  }

  get #newestEra(): Era {
    return this.#eras.at(-1) as Era;
  }

  #offsetsBefore(stampNs: number): ClockOffsets {
    for (let i = this.#eras.length - 1; i > 0; i -= 1) {
      const era = this.#eras[i] as Era;
      if (stampNs >= era.fromNs) return era.offsets;
    }
    return (this.#eras[0] as Era).offsets;
  }

  #sample(nowNs: number, alarmed: boolean): void {
    const first = takeSample(this.#clocks);
    // A jump may have been in the middle of the sample.
    const sample = this.#changeUs(first) > this.#noiseUs(first) ? takeSample(this.#clocks) : first;
    const changeUs = this.#changeUs(sample);
    const noiseUs = this.#noiseUs(sample);
    if (changeUs > Math.max(JUMP_US, noiseUs)) this.#begin(sample, this.#boundary(sample, alarmed ? nowNs : undefined));
    // The true offset stands still: measuring it anew is no reason to shift it, and with it the distance between two events.
    else if (changeUs > noiseUs || sample.errorUs < this.#errorUs / 2) this.#replace(sample);
    this.#sampledNs = sample.takenNs;
  }

  #noiseUs({ errorUs }: ClockSample): number {
    return errorUs + this.#errorUs;
  }

  #bootChangeUs({ bootNs }: ClockSample): number {
    return Math.abs(bootNs - this.#newest.bootNs) / 1000;
  }

  #changeUs(sample: ClockSample): number {
    return Math.max(Math.abs(sample.wallUs - this.#newest.wallUs), this.#bootChangeUs(sample));
  }

  /**
   * A jump happened after the last look. A suspend is searched for among the events; a step of the wall clock leaves no trace there: the alarm is prompt,
   * without it the middle errs least.
   */
  #boundary(sample: ClockSample, alarmNs: number | undefined): number | SuspendWindow {
    if (this.#bootChangeUs(sample) > Math.max(JUMP_US, this.#noiseUs(sample))) return new SuspendWindow(this.#lookedNs, sample.takenNs);
    return alarmNs ?? (this.#lookedNs + sample.takenNs) / 2;
  }

  #begin(sample: ClockSample, boundary: number | SuspendWindow): void {
    const suspend = typeof boundary === 'number' ? undefined : boundary;
    this.#newestFromNs = typeof boundary === 'number' ? boundary : boundary.instantNs;
    this.#settling ||= suspend !== undefined;
    this.#eras.push({ fromNs: this.#newestFromNs, offsets: this.#newest, suspend });
    if (this.#eras.length > HISTORY) this.#eras.shift();
    this.#replace(sample);
  }

  #replace({ wallUs, bootNs, errorUs }: ClockSample): void {
    this.#newest = { wallUs, bootNs };
    this.#newestEra.offsets = this.#newest;
    this.#errorUs = errorUs;
  }
}
