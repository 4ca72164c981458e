import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for, as it would stand after "waited for"; a function where that is known in the end only. */
  readonly what: string | (() => string);
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Resolves with the first value of `condition` that is neither undefined, null nor false. What the condition throws counts as "not yet"
 * and is named when the time is up.
 */
export async function waitFor<T>(
  condition: () => T | undefined | null | false | Promise<T | undefined | null | false>,
  options: WaitOptions,
): Promise<T> {
  const { what, timeoutMs = 10_000, everyMs = 10 } = options;
  const until = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      last = await condition();
      if (last !== undefined && last !== null && last !== false) return last as T;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= until)
      throw new Error(`waited ${timeoutMs} ms in vain for ${typeof what === 'string' ? what : what()}; last seen: ${String(last)}`, {
        cause: last,
      });
    await sleep(everyMs);
  }
}
