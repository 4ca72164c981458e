import type { AgentError } from '../../core/errors.ts';
import { asAgentError } from '../../core/errors.ts';
import { Backoff } from '../backoff.ts';
import type { Circuit } from './circuit.ts';
import type { DeliveryPolicy } from './policy.ts';
import type { DeliveryTime } from './time.ts';
import { pause } from './time.ts';
import { verdictOf } from './verdict.ts';

export interface AttemptsParts {
  readonly policy: Pick<DeliveryPolicy, 'retry' | 'holdMs'>;
  readonly circuit: Circuit;
  readonly time: DeliveryTime;
  /** In [0, 1). */
  readonly random: () => number;
  /** The queue outlives the agent: where nobody takes anything now, somebody may after the next start. */
  readonly durable: boolean;
}

/** Does something with a sink again and again, as the policy says, for as long as only time can help. */
export class Attempts {
  readonly #parts: AttemptsParts;
  #hurry = new AbortController();

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
  }

  /** Resolves undefined when it is done; else with the error that ended the attempts: repeating it is vain, or `hard` is aborted. */
  async until(work: () => Promise<void>, hard: AbortSignal): Promise<AgentError | undefined> {
    const { policy, circuit, time, random, durable } = this.#parts;
    let backoff = new Backoff(policy.retry, random);
    for (;;) {
      try {
        await work();
        circuit.worked(work);
        return undefined;
      } catch (thrown) {
        const error = asAgentError(thrown);
        const found = verdictOf(error);
        const verdict = found === 'lose' && durable ? 'hold' : found;
        if (hard.aborted || verdict === 'lose' || verdict === 'reject') return this.#given(error, work);
        const holds = verdict === 'hold';
        const waitMs = holds ? policy.holdMs : backoff.next();
        circuit.failed(work, error, { holds, waitMs });
        const hurry = this.#hurry.signal;
        await pause(time, waitMs, AbortSignal.any([hard, hurry]));
        if (hard.aborted) return this.#given(error, work);
        if (hurry.aborted) backoff = new Backoff(policy.retry, random);
      }
    }
  }

  /** Whatever waits is tried at once, and waits less long again after that: by now the sink may work, and there may be no later. */
  hurry(): void {
    this.#parts.circuit.hurried();
    this.#hurry.abort();
    this.#hurry = new AbortController();
  }

  #given(error: AgentError, work: object): AgentError {
    if (error.category === 'reject') this.#parts.circuit.worked(work);
    else this.#parts.circuit.gaveUp(work);
    return error;
  }
}
