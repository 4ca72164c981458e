import type { AnyEvent } from '../core/any-event.ts';
import type { Clock } from '../core/clock.ts';
import type { Enricher } from '../enrich/enricher.ts';

const ROUND_MS = 1000;
/** Events are on their way for some time: what the stamps decide is not told before those have come that belong to it. */
const LATE_NS = 1e9;

export interface UpkeepParts {
  readonly enricher: Pick<Enricher, 'sweep' | 'dueNs' | 'tell'>;
  readonly clock: Pick<Clock, 'monotonicNs'>;
  /** Puts events into the stream, in turn; settles when they are in. */
  readonly publish: (make: (emit: (event: AnyEvent) => void) => void) => Promise<void>;
}

/** What time alone brings about, although nothing may be heard for long. */
export class Upkeep {
  readonly #parts: UpkeepParts;
  #timer: NodeJS.Timeout | undefined;
  #isTelling = false;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => this.#round(), ROUND_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #round(): void {
    const { enricher, clock, publish } = this.#parts;
    const nowNs = clock.monotonicNs();
    enricher.sweep(nowNs);
    const untilNs = nowNs - LATE_NS;
    // A sink that is waited for can make its turn come late.
    if (this.#isTelling || enricher.dueNs > untilNs) return;
    this.#isTelling = true;
    const told = (): void => void (this.#isTelling = false);
    publish((emit) => enricher.tell(untilNs, emit)).then(told, told);
  }
}
