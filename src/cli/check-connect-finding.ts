import type { AgentError, ErrorCode } from '../core/errors.ts';

/** One thing that was looked at beyond this machine. */
export interface Finding {
  /** Name of the sink. */
  readonly sink: string;
  readonly item: string;
  readonly status: 'ok' | 'warning' | 'error';
  /** What is there. */
  readonly found: string;
  /** What to do about it; null where nothing is to be done. */
  readonly fix: string | null;
  /** Of an error; else null. */
  readonly code: ErrorCode | null;
}

/** Of a sink that is known where the findings come together. */
export type ItemFinding = Omit<Finding, 'sink'>;

export function good(item: string, found: string): ItemFinding {
  return { item, status: 'ok', found, fix: null, code: null };
}

export function doubtful(item: string, found: string, fix: string): ItemFinding {
  return { item, status: 'warning', found, fix, code: null };
}

export function bad(item: string, { message, fix, code }: Pick<AgentError, 'message' | 'fix' | 'code'>): ItemFinding {
  return { item, status: 'error', found: message, fix: fix ?? null, code };
}
