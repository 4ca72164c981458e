import type { ShipmentCounters } from './shipment.ts';

export interface CounterLogDeps {
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  /** Milliseconds; replaced in tests. */
  readonly now?: () => number;
}

/** While a count grows it is told so often. */
const AGAIN_MS = 60_000;

/** Tells of what a sink counts: at once, and what comes after that once a minute at most; the rest at the end. */
export class CounterLog {
  readonly #log: CounterLogDeps['log'];
  readonly #now: () => number;
  #told: ShipmentCounters = { possibleDuplicates: 0, retimed: 0 };
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor({ log, now = () => performance.now() }: CounterLogDeps) {
    this.#log = log;
    this.#now = now;
  }

  tell({ possibleDuplicates, retimed }: Readonly<ShipmentCounters>, atOnce = false): void {
    const [copies, moved] = [possibleDuplicates - this.#told.possibleDuplicates, retimed - this.#told.retimed];
    if (copies === 0 && moved === 0) return;
    if (!atOnce && this.#now() - this.#toldMs < AGAIN_MS) return;
    this.#told = { possibleDuplicates, retimed };
    this.#toldMs = this.#now();
    if (copies > 0)
      this.#log.warn(
        { possible_duplicates: copies },
        'records may be there twice: it is not known whether the brokers had them when they were sent anew; copies have the same event-id',
      );
    if (moved > 0)
      this.#log.info(
        { retimed: moved },
        'records have the present as their record time: the topic refuses their own; their events keep theirs',
      );
  }
}
