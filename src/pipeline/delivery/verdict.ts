import type { AgentError } from '../../core/errors.ts';

/**
 * What follows from a failed write. `retry`: the same again, soon; `hold`: the same again, later; `reject`: of these records at least one
 * will never be taken; `lose`: nobody is there to take anything, and keeping it in memory would serve nobody (stdout without a reader).
 */
export type Verdict = 'retry' | 'hold' | 'reject' | 'lose';

export function verdictOf({ retry, category }: AgentError): Verdict {
  if (retry === 'backoff') return 'retry';
  if (retry === 'hold') return 'hold';
  // A driver that trips over a record does so again: whatever it is, the neighbours of that record must not wait for a new version.
  if (category === 'reject' || category === 'bug') return 'reject';
  // The rest is no fault of the records and may be mended while the agent runs (a folder's owner, for one), so nothing is given up for it.
  return category === 'failed' ? 'lose' : 'hold';
}
