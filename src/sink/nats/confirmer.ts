import type { AgentError } from '../../core/errors.ts';

/** How a server tells that it has taken messages. */
export interface Confirmer {
  /** Subject of the answer to the message of this number; empty: there is no answer to a single one. */
  replyTo(token: number): string;
  /** What was given out so far is on its way. */
  sent(): void;
  /** No answer will come any more. Those who wait for one are told why. */
  end(fault: AgentError): void;
}
