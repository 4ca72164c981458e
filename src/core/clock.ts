/** Time as the pipeline sees it; replaced in tests and replay. */
export interface Clock {
  /** Wall clock, microseconds since the epoch. */
  nowUs(): number;
  /** CLOCK_MONOTONIC, nanoseconds: the clock of the kernel's event stamps. */
  monotonicNs(): number;
}

/** 1 ms steps in wall time are fine here: event times come from the kernel's stamps, never from this. */
export const systemClock: Clock = {
  nowUs: () => Date.now() * 1000,
  monotonicNs: () => Number(process.hrtime.bigint()),
};
