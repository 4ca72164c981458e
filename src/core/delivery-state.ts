import type { AgentError } from './errors.ts';

/** `retrying`: writes fail and are repeated soon; `holding`: a person has to do something first (credentials, a missing topic). Nothing is lost in either. */
export type CircuitState = 'closed' | 'retrying' | 'holding';

/** How one sink does, for whoever shows it. */
export interface DeliveryState {
  readonly circuit: CircuitState;
  /** When it came to be so: wall clock, microseconds since the epoch. */
  readonly sinceUs: number;
  /** Writes that failed since the circuit was last closed. */
  readonly attempts: number;
  /** What the last of them failed with; null while closed. */
  readonly lastError: AgentError | null;
  /** Wall clock, microseconds since the epoch, past while all that failed is being tried; null while nothing is to be repeated. */
  readonly nextTryUs: number | null;
}
