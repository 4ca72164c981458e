import type { AnyEvent } from '../../core/any-event.ts';
import type { ProcessEvent } from '../../core/event.ts';
import type { RunIdentity } from '../identity.ts';
import type { Known } from '../known.ts';
import type { Bucket } from './bucket.ts';
import { Buckets } from './buckets.ts';
import type { ThrottleConfig } from './config.ts';
import { pass, rateLimit } from './rate-limit.ts';
import type { RateLimit } from './rate-limit.ts';
import { rollUp } from './roll-up.ts';

/** Totals of the run. */
export interface ThrottleCounters {
  /** Events suppressed: `throttled` in the upstream ledger, and the sum of the counts of all THROTTLE events once nothing is pending. */
  throttled: number;
  /** THROTTLE events emitted. */
  reports: number;
}

/** Takes an event, at once. */
export type Emit = (event: AnyEvent) => void;

/** Of cgroups and executables that are remembered at once, about 200 bytes each. */
const MAX_KEYS = 4096;
/** Stands for all processes of which it is not known. */
const UNKNOWN = '(unknown)';

/**
 * Above a rate for each cgroup or executable, events are counted in place of being published; the counts come as THROTTLE events, exact and
 * by kind, a while after the first was suppressed and at the end. Only what the kernel said is throttled: snapshots and what was recovered are
 * bounded by themselves and needed to understand the rest, and what the agent says of itself is its account of all this.
 *
 * All decisions follow from the stamps of events and their order, so that a replay makes the same ones. An event costs one look into a map,
 * whatever happens to it.
 */
export class EventThrottle {
  readonly counters: ThrottleCounters = { throttled: 0, reports: 0 };
  readonly #by: ThrottleConfig['by'];
  readonly #limit: RateLimit;
  readonly #reportUs: number;
  readonly #identity: RunIdentity;
  readonly #buckets: Buckets;
  /** Those with something to report, the first that is due in front: all wait equally long. A Set keeps the order in which they came. */
  readonly #pending = new Set<Bucket>();
  /** The latest stamp: those of several CPUs need not be in order. */
  #nowUs = Number.NEGATIVE_INFINITY;
  #nextDueUs = Number.POSITIVE_INFINITY;
  #emit: Emit = refuse;
  readonly #report = (bucket: Bucket): void => this.#rollUp(bucket);

  constructor(config: ThrottleConfig, identity: RunIdentity, maxKeys = MAX_KEYS) {
    this.#by = config.by;
    this.#limit = rateLimit(config);
    this.#reportUs = config.reportEveryMs * 1000;
    this.#identity = identity;
    this.#buckets = new Buckets(maxKeys);
  }

  /** Keys remembered. */
  get keys(): number {
    return this.#buckets.size;
  }

  /** Keys that had to make room for others. */
  get evicted(): number {
    return this.#buckets.evicted;
  }

  /** Suppressed and not reported yet. */
  get pending(): number {
    let count = 0;
    for (const bucket of this.#pending) count += bucket.count;
    return count;
  }

  /**
   * Whether the event is to be published. Emits the reports that are due first. @param known what the table knows of the event's process;
   * without it only what the event says counts
   */
  admits(event: ProcessEvent, known: Known | undefined, emit: Emit): boolean {
    if (event.monotonic_us > this.#nowUs) this.#nowUs = event.monotonic_us;
    if (this.#nowUs >= this.#nextDueUs) this.tell(this.#nowUs, emit);
    if (event.kernel_seq === null) return true;
    this.#emit = emit;
    const bucket = this.#buckets.use(this.#keyOf(event, known), this.#report);
    const paidUntilUs = pass(this.#limit, bucket.paidUntilUs, event.monotonic_us);
    if (Number.isNaN(paidUntilUs)) {
      this.#suppress(bucket, event);
      return false;
    }
    bucket.paidUntilUs = paidUntilUs;
    return true;
  }

  /** When the next report is due by the stamps, CLOCK_MONOTONIC in microseconds; Infinity while nothing is pending. */
  get dueUs(): number {
    return this.#nextDueUs;
  }

  /** Emits the reports that are due at a moment of CLOCK_MONOTONIC; needed where no event may come for long. Decides nothing: that is for stamps alone. */
  tell(nowUs: number, emit: Emit): void {
    this.#emit = emit;
    for (const bucket of this.#pending) {
      if (bucket.dueUs > nowUs) break;
      this.#rollUp(bucket);
    }
  }

  /** Emits all that is pending: the last events before the end. */
  end(emit: Emit): void {
    this.#emit = emit;
    for (const bucket of this.#pending) this.#rollUp(bucket);
  }

  #keyOf(event: ProcessEvent, known: Known | undefined): string {
    if (this.#by === 'cgroup') return event.process.cgroup ?? known?.cgroup ?? UNKNOWN;
    return event.process.exe ?? known?.image?.exe ?? UNKNOWN;
  }

  #suppress(bucket: Bucket, event: ProcessEvent): void {
    this.counters.throttled += 1;
    if (bucket.count === 0) {
      bucket.dueUs = this.#nowUs + this.#reportUs;
      if (this.#pending.size === 0) this.#nextDueUs = bucket.dueUs;
      this.#pending.add(bucket);
    }
    bucket.suppress(event);
  }

  #rollUp(bucket: Bucket): void {
    if (bucket.count === 0) return;
    this.#pending.delete(bucket);
    this.#nextDueUs = this.#firstDueUs();
    this.counters.reports += 1;
    this.#emit({ stream: 'agent', event: rollUp(this.#identity, `${this.#by}:${bucket.key}`, bucket) });
  }

  #firstDueUs(): number {
    for (const { dueUs } of this.#pending) return dueUs;
    return Number.POSITIVE_INFINITY;
  }
}

/** Stands in until the first event brings its own. */
function refuse(): never {
  throw new Error('nothing can be reported before the first event');
}
