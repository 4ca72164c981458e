import { asAgentError, type AgentError } from '../../core/errors.ts';
import { reasonOf, type TroubleReason } from './engine-trouble.ts';

export type EngineState = { readonly state: 'connected' } | { readonly state: 'trouble'; readonly error: AgentError };

/** Counts everything, and says each reason once until it is over: an engine that answers nonsense does so for every container. */
export class TroubleBook {
  readonly counts: Record<TroubleReason, number> = {
    absent: 0,
    permission: 0,
    unreachable: 0,
    timeout: 0,
    status: 0,
    oversize: 0,
    malformed: 0,
    bug: 0,
  };
  readonly #tell: (state: EngineState) => void;
  readonly #told = new Set<TroubleReason>();

  constructor(tell: (state: EngineState) => void) {
    this.#tell = tell;
  }

  note(error: unknown): TroubleReason {
    const failure = asAgentError(error);
    const reason = reasonOf(failure);
    this.counts[reason]++;
    if (!this.#told.has(reason)) {
      this.#told.add(reason);
      this.#tell({ state: 'trouble', error: failure });
    }
    return reason;
  }

  over(): void {
    this.#told.clear();
    this.#tell({ state: 'connected' });
  }
}
