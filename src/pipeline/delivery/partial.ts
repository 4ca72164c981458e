import type { AgentError } from '../../core/errors.ts';

/** How many records of a batch of `count` are with the other side although its write was rejected (`context.landed`). */
export function landedOf({ context: { landed } }: AgentError, count: number): number {
  return typeof landed === 'number' && landed > 0 ? Math.min(Math.floor(landed), count) : 0;
}

/** Which records of a batch of `count` the other side will never take (`context.rejected`, indexes); undefined where it does not say, or nothing that makes sense. */
export function rejectedOf({ context: { rejected } }: AgentError, count: number): ReadonlySet<number> | undefined {
  if (!Array.isArray(rejected) || rejected.length === 0) return undefined;
  const isIndex = (index: unknown): boolean => Number.isInteger(index) && (index as number) >= 0 && (index as number) < count;
  return rejected.every(isIndex) ? new Set(rejected as number[]) : undefined;
}
