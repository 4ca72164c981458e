/** ok: as good as it gets; degraded: the agent runs, something is missing; failed: the agent cannot run. */
export type Status = 'ok' | 'degraded' | 'failed';

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly status: Status;
  /** What is there. */
  readonly found: string;
  /** What that means for the agent; null where it means nothing. */
  readonly consequence: string | null;
  /** What to do about it; null where nothing is to be done. */
  readonly fix: string | null;
}

export function ok(name: string, found: string, consequence: string | null = null): Check {
  return { name, status: 'ok', found, consequence, fix: null };
}
