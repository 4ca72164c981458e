/**
 * How many events of one key pass: the generic cell rate algorithm (a leaky bucket that remembers one moment in place of a level). `burst`
 * events may come at once; then one each 1/rate seconds. All times are stamps of events, so that a replay decides as the first run did.
 */
export interface RateLimit {
  /** Microseconds that one event takes. */
  readonly stepUs: number;
  /** How far the moment may lie ahead. */
  readonly slackUs: number;
}

export function rateLimit({ rate, burst }: { readonly rate: number; readonly burst: number }): RateLimit {
  const stepUs = 1e6 / rate;
  // A microsecond more, so that it does not depend on how sums of steps were rounded.
  return { stepUs, slackUs: (burst - 1) * stepUs + Math.min(1, stepUs / 2) };
}

/**
 * @param paidUntilUs the moment remembered of the key; -Infinity before its first event
 * @returns the moment to remember where the event passes; NaN where it does not
 */
export function pass({ stepUs, slackUs }: RateLimit, paidUntilUs: number, nowUs: number): number {
  if (paidUntilUs - nowUs > slackUs) return Number.NaN;
  return Math.max(paidUntilUs, nowUs) + stepUs;
}
