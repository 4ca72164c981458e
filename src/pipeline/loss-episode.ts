import type { AgentError, ErrorCode } from '../core/errors.ts';

interface Loss {
  error: AgentError;
  /** Not reported yet. */
  events: number;
}

/** Reports what a sink loses: the first loss of each error code at once, the further ones in one sum when the episode ends. */
export class LossEpisode {
  readonly #report: (error: AgentError, events: number) => void;
  readonly #losses = new Map<ErrorCode, Loss>();

  constructor(report: (error: AgentError, events: number) => void) {
    this.#report = report;
  }

  add(error: AgentError, events: number): void {
    const known = this.#losses.get(error.code);
    if (known === undefined) {
      this.#losses.set(error.code, { error, events: 0 });
      this.#report(error, events);
    } else {
      known.error = error;
      known.events += events;
    }
  }

  /** A write succeeded again, or there will be none any more. */
  end(): void {
    if (this.#losses.size === 0) return;
    for (const { error, events } of this.#losses.values()) if (events > 0) this.#report(error, events);
    this.#losses.clear();
  }
}
