import type { AgentError, ErrorCode } from '../core/errors.ts';

interface Loss {
  error: AgentError;
  /** Not reported yet. */
  events: number;
}

/** Where losses come and go many times a second, an episode that ended at each success would report every one of them. */
export interface EpisodeLength {
  /** Monotonic, in nanoseconds. */
  readonly now: () => number;
  readonly leastMs: number;
}

const UNTIL_SUCCESS: EpisodeLength = { now: () => 0, leastMs: 0 };

/** Reports what a sink loses: the first loss of each error code at once, the further ones in one sum when the episode ends. */
export class LossEpisode {
  readonly #report: (error: AgentError, events: number) => void;
  readonly #length: EpisodeLength;
  readonly #losses = new Map<ErrorCode, Loss>();
  #begunNs = 0;

  constructor(report: (error: AgentError, events: number) => void, length: EpisodeLength = UNTIL_SUCCESS) {
    this.#report = report;
    this.#length = length;
  }

  add(error: AgentError, events: number): void {
    const known = this.#losses.get(error.code);
    if (known === undefined) {
      if (this.#losses.size === 0) this.#begunNs = this.#length.now();
      this.#losses.set(error.code, { error, events: 0 });
      this.#report(error, events);
    } else {
      known.error = error;
      known.events += events;
    }
  }

  /** A write succeeded: the episode is over, unless it is too short yet. */
  succeeded(): void {
    if (this.#losses.size === 0) return;
    const { now, leastMs } = this.#length;
    if (leastMs === 0 || now() - this.#begunNs >= leastMs * 1e6) this.end();
  }

  /** There will be no write any more. */
  end(): void {
    for (const { error, events } of this.#losses.values()) if (events > 0) this.#report(error, events);
    this.#losses.clear();
  }
}
