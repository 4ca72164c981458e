/** Where the kernel shows how the clocks of this process's time namespace are shifted (time_namespaces(7)); absent without CONFIG_TIME_NS. */
export const TIME_OFFSETS_PATH = '/proc/self/timens_offsets';

/** By how much CLOCK_MONOTONIC is ahead of the one by which the kernel stamps events, seconds; 0 in the initial time namespace. */
export function monotonicShift(offsets: string | undefined): number {
  const [, seconds, nanoseconds] = /^monotonic\s+(-?\d+)\s+(\d+)$/m.exec(offsets ?? '') ?? [];
  return Number(seconds ?? 0) + Number(nanoseconds ?? 0) / 1e9;
}
