import type { ClockOffsets } from './wall-clock.ts';

/** Suspends and steps of the clock that are remembered: what waits in a socket or a ring is seconds old, not days. */
const CAPACITY = 16;
/** A clock that is slewed moves by less than this from one sample to the next; a step or a suspend by more. */
const JUMP_US = 500;

interface Era {
  readonly fromNs: number;
  offsets: ClockOffsets;
}

/** Which offsets held when: events from before a suspend must not get the offset from after it. */
export class OffsetHistory {
  readonly #eras: Era[] = [{ fromNs: Number.NEGATIVE_INFINITY, offsets: { wallUs: 0, bootNs: 0 } }];
  #known = false;

  /** These hold from `fromNs` on. Slewing only corrects the newest ones; the first ones ever noted hold for all time before, too. */
  note(fromNs: number, offsets: ClockOffsets): void {
    const newest = this.#eras.at(-1) as Era;
    if (!this.#known || !isJump(newest.offsets, offsets)) {
      newest.offsets = offsets;
      this.#known = true;
      return;
    }
    this.#eras.push({ fromNs, offsets });
    if (this.#eras.length > CAPACITY) this.#eras.shift();
  }

  get newest(): ClockOffsets {
    return (this.#eras.at(-1) as Era).offsets;
  }

  /** Of a moment of CLOCK_MONOTONIC; before the oldest that is remembered, those of the oldest. */
  at(monotonicNs: number): ClockOffsets {
    for (let i = this.#eras.length - 1; i > 0; i -= 1) {
      const era = this.#eras[i] as Era;
      if (monotonicNs >= era.fromNs) return era.offsets;
    }
    return (this.#eras[0] as Era).offsets;
  }
}

function isJump(one: ClockOffsets, other: ClockOffsets): boolean {
  return Math.abs(one.wallUs - other.wallUs) > JUMP_US || Math.abs(one.bootNs - other.bootNs) > JUMP_US * 1000;
}
