import type { AnyEvent } from '../core/any-event.ts';
import type { EnrichContext } from './context.ts';
import { EventFilter } from './filter/event-filter.ts';
import type { FilterRule } from './filter/rule.ts';
import { EventRedactor } from './redact/event.ts';
import type { Redactor } from './redact/redactor.ts';
import type { ThrottleConfig } from './throttle/config.ts';
import { EventThrottle } from './throttle/event-throttle.ts';

type Emit = (event: AnyEvent) => void;

export interface ReleaseConfig {
  readonly filter: readonly FilterRule[];
  readonly throttle: ThrottleConfig | null;
  /** null: nothing is masked. */
  readonly redactor: Redactor | null;
}

/** What decides on which events are published. */
export interface Regulation {
  readonly filter: ReleaseConfig['filter'] | undefined;
  readonly throttle: ReleaseConfig['throttle'] | undefined;
}

/** Events that were made and are not published, by why. */
export interface Withheld {
  /** Of the kernel's messages. */
  readonly filtered: number;
  readonly throttled: number;
}

/**
 * What every event passes on its way out of enrichment, in this order: the filter, the throttle, redaction. The first two work with what is true, and after the
 * last nothing that is stored, shown or sent has seen a secret. What the agent says of itself is neither filtered nor throttled.
 */
export class Release {
  readonly #table: EnrichContext['table'];
  readonly #context: Pick<EnrichContext, 'users' | 'identity'>;
  #filter: EventFilter | undefined;
  #throttle: EventThrottle | undefined;
  /** By filters and throttles before these. */
  readonly #past = { filtered: 0, throttled: 0 };
  readonly #redactor: EventRedactor | undefined;
  #emit: Emit = () => undefined;
  readonly #out: Emit = (any) => this.#emit(this.#redactor === undefined ? any : this.#redactor.apply(any));
  readonly #take: Emit = (any) => {
    if (any.stream === 'agent' || this.#admits(any.event)) this.#out(any);
  };

  constructor({ table, users, identity }: Pick<EnrichContext, 'table' | 'users' | 'identity'>, config: ReleaseConfig) {
    this.#table = table;
    this.#context = { users, identity };
    this.#setFilter(config.filter);
    this.#setThrottle(config.throttle);
    if (config.redactor !== null) this.#redactor = new EventRedactor(config.redactor);
  }

  get withheld(): Withheld {
    const { filtered, throttled } = this.#past;
    return {
      filtered: filtered + (this.#filter?.counters.filtered ?? 0),
      throttled: throttled + (this.#throttle?.counters.throttled ?? 0),
    };
  }

  /** Goes on with others; what is undefined stays. Emits what the throttle counted and did not tell yet. */
  regulate({ filter, throttle }: Regulation, emit: Emit): void {
    const { filtered, throttled } = this.withheld;
    if (filter !== undefined) {
      this.#past.filtered = filtered;
      this.#setFilter(filter);
    }
    if (throttle === undefined) return;
    this.end(emit);
    this.#past.throttled = throttled;
    this.#setThrottle(throttle);
  }

  /** Leads to `emit` from now on; the same function each time. */
  to(emit: Emit): Emit {
    this.#emit = emit;
    return this.#take;
  }

  /** When something that is counted should be told, CLOCK_MONOTONIC in nanoseconds; Infinity: nothing is. */
  get dueNs(): number {
    return (this.#throttle?.dueUs ?? Number.POSITIVE_INFINITY) * 1000;
  }

  /** What should have been told by then. */
  tell(nowNs: number, emit: Emit): void {
    this.to(emit);
    this.#throttle?.tell(nowNs / 1000, this.#out);
  }

  /** What is counted and not told yet. */
  end(emit: Emit): void {
    this.to(emit);
    this.#throttle?.end(this.#out);
  }

  /** Without rules it would cost its look at every event. */
  #setFilter(rules: ReleaseConfig['filter']): void {
    this.#filter = rules.length > 0 ? new EventFilter(rules, this.#context.users) : undefined;
  }

  #setThrottle(config: ReleaseConfig['throttle']): void {
    this.#throttle = config === null ? undefined : new EventThrottle(config, this.#context.identity);
  }

  #admits(event: Extract<AnyEvent, { stream: 'process' }>['event']): boolean {
    if (this.#filter === undefined && this.#throttle === undefined) return true;
    const known = this.#table.get(event.process.pid);
    if (this.#filter?.admits(event, known) === false) return false;
    return this.#throttle?.admits(event, known, this.#out) !== false;
  }
}
