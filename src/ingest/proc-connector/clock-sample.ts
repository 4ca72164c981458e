import type { Libc } from '../native/libc.ts';
import { ClockId } from '../native/libc.ts';

/** Half of it is what the offset may be wrong by; three readings in a row take a tenth of it unless the thread is interrupted. */
const WIDE_US = 50;
const TRIES = 3;

/** The clocks of the machine. */
export interface Clocks {
  /** CLOCK_MONOTONIC, nanoseconds; cheap. */
  monotonicNs(): number;
  /** Wall clock in steps of a millisecond; cheap. */
  wallMs(): number;
  /** Any clock, microseconds with their fraction; a native call. */
  us(clock: number): number;
}

export function liveClocks(libc: Pick<Libc, 'clockUs'>): Clocks {
  return {
    monotonicNs: () => Number(process.hrtime.bigint()),
    wallMs: () => Date.now(),
    us: (clock) => libc.clockUs(clock),
  };
}

/** The offsets of one moment: as `ClockOffsets`, with what they are worth. */
export interface ClockSample {
  readonly wallUs: number;
  readonly bootNs: number;
  /** What either offset may be wrong by, microseconds. */
  readonly errorUs: number;
  /** CLOCK_MONOTONIC when the sample was complete. */
  readonly takenNs: number;
}

/**
 * Both offsets, each reading bracketed by two of the monotonic clock. A thread that is interrupted in between makes a wide bracket: then the tightest of
 * three counts. CLOCK_MONOTONIC stands still in a suspend, so one between the two readings makes no wide bracket but a mixture; who sees a jump samples again.
 */
export function takeSample(clocks: Clocks): ClockSample {
  const wall = offsetOf(clocks, ClockId.REALTIME);
  const boot = offsetOf(clocks, ClockId.BOOTTIME);
  return {
    wallUs: wall.us,
    bootNs: Math.round(boot.us * 1000),
    errorUs: Math.max(wall.errorUs, boot.errorUs),
    takenNs: clocks.monotonicNs(),
  };
}

function offsetOf(clocks: Clocks, clock: number): { us: number; errorUs: number } {
  let us = 0;
  let width = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < TRIES && width > WIDE_US; tries += 1) {
    const before = clocks.monotonicNs();
    const reading = clocks.us(clock);
    const after = clocks.monotonicNs();
    if ((after - before) / 1000 >= width) continue;
    width = (after - before) / 1000;
    us = reading - (before + after) / 2000;
  }
  return { us, errorUs: width / 2 };
}
