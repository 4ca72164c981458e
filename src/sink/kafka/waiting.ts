import { AgentError } from '../../core/errors.ts';

/** Waits for the end of each; then rejects as one that did, rather as one that is soon to be tried again than as one that waits for somebody. */
export async function all(promises: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises);
  const reasons = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }): unknown => reason);
  if (reasons.length === 0) return;
  throw reasons.find((reason) => reason instanceof AgentError && reason.retry === 'backoff') ?? reasons[0];
}
