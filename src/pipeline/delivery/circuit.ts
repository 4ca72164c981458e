import type { CircuitState, DeliveryState } from '../../core/delivery-state.ts';
import type { AgentError } from '../../core/errors.ts';
import type { DeliveryTime } from './time.ts';

/** A sink that fails now and then would open and close many times a second: it closes this long after the last failure. */
const SETTLE_MS = 1000;
/** Twice as long each time that it opens again soon, up to this; then that is its state. */
const MOST_SETTLE_MS = 60_000;
/** One thing put right shows the next, and a sink with many topics may want many things at once: so many are told until it closes. */
const MOST_WANTED = 16;

interface Failing {
  readonly holds: boolean;
  readonly dueUs: number;
}

/**
 * Whether a sink takes what it is given. It is open as long as any of the writes in flight fails: with several partitions behind one sink, some
 * writes may succeed all the while. Durations are measured on the monotonic clock.
 */
export class Circuit {
  readonly #time: DeliveryTime;
  readonly #onChange: (state: DeliveryState) => void;
  /** Writes that failed and will be repeated. */
  readonly #failing = new Map<object, Failing>();
  #circuit: CircuitState = 'closed';
  #sinceUs: number;
  #attempts = 0;
  #lastError: AgentError | null = null;
  #lastFailureNs = 0;
  /** No write was answered since, though some fail; null while none does. */
  #stuckSinceNs: number | null = null;
  /** Since the last failure a write was answered, and none is to be repeated. */
  #works = true;
  #settleMs = SETTLE_MS;
  #closedNs = -Infinity;
  #callOff: () => void = () => undefined;
  /** What somebody has to put right, as told since it was last closed. */
  readonly #wanted = new Set<string>();

  /** `onChange` is called once a change, not once a failure; what else somebody has to put right is a change, too. */
  constructor(time: DeliveryTime, onChange: (state: DeliveryState) => void) {
    this.#time = time;
    this.#onChange = onChange;
    this.#sinceUs = time.nowUs();
  }

  get state(): DeliveryState {
    const nextTryUs = this.#nextTryUs();
    return { circuit: this.#circuit, sinceUs: this.#sinceUs, attempts: this.#attempts, lastError: this.#lastError, nextTryUs };
  }

  /** The first that is to come; a past one only where all are being tried. */
  #nextTryUs(): number | null {
    const nowUs = this.#time.nowUs();
    let next: number | null = null;
    for (const { dueUs } of this.#failing.values())
      if (next === null || (dueUs > nowUs ? next <= nowUs || dueUs < next : next <= nowUs && dueUs < next)) next = dueUs;
    return next;
  }

  /** Goes on from this state: that of a sink in whose place another one comes. */
  continue({ circuit, sinceUs, attempts, lastError }: DeliveryState): void {
    this.#circuit = circuit;
    this.#sinceUs = sinceUs;
    this.#attempts = attempts;
    this.#lastError = lastError;
    this.#works = circuit === 'closed';
    this.#lastFailureNs = -Infinity;
  }

  /** `write` stands for the write across its repetitions. */
  failed(write: object, error: AgentError, next: { readonly holds: boolean; readonly waitMs: number }): void {
    this.#failing.set(write, { holds: next.holds, dueUs: this.#time.nowUs() + next.waitMs * 1000 });
    this.#attempts += 1;
    this.#lastError = error;
    this.#lastFailureNs = this.#time.monotonicNs();
    this.#stuckSinceNs ??= this.#lastFailureNs;
    this.#works = false;
    this.#callOff();
    const isNew = next.holds && this.#isNew(error);
    this.#turn(this.#anyHolds() ? 'holding' : 'retrying', isNew);
  }

  /** The sink answered: it took the records, or said what is wrong with them. */
  worked(write: object): void {
    this.#failing.delete(write);
    this.#stuckSinceNs = this.#failing.size > 0 ? this.#time.monotonicNs() : null;
    if (this.#circuit === 'closed' || this.#failing.size > 0) return;
    if (this.#works) return;
    this.#works = true;
    const settledMs = (this.#time.monotonicNs() - this.#lastFailureNs) / 1e6;
    if (settledMs >= this.#settleMs) this.#turn('closed');
    // Also where nothing more is to be written for long.
    else this.#callOff = this.#time.after(this.#settleMs - settledMs, () => this.#turn('closed'));
  }

  /** What waits to be repeated is tried now. */
  hurried(): void {
    const dueUs = this.#time.nowUs();
    for (const [write, { holds }] of this.#failing) this.#failing.set(write, { holds, dueUs });
  }

  /** The write will not be repeated, and its end says nothing about the sink. */
  gaveUp(write: object): void {
    this.#failing.delete(write);
    if (this.#failing.size === 0) this.#stuckSinceNs = null;
  }

  /** For so long no write was answered, and one waits to be repeated: not one that is being tried. */
  isStuck(forMs: number): boolean {
    const since = this.#stuckSinceNs;
    if (since === null || this.#time.monotonicNs() - since < forMs * 1e6) return false;
    const nowUs = this.#time.nowUs();
    for (const { dueUs } of this.#failing.values()) if (dueUs > nowUs) return true;
    return false;
  }

  /** There will be no write any more, so that nothing more is to be waited for before it counts as closed. */
  end(): void {
    this.#callOff();
    if (this.#circuit !== 'closed' && this.#works) this.#turn('closed');
  }

  #anyHolds(): boolean {
    for (const { holds } of this.#failing.values()) if (holds) return true;
    return false;
  }

  #isNew({ code, message, fix }: AgentError): boolean {
    const wanted = `${code} ${fix ?? message}`;
    if (this.#wanted.has(wanted) || this.#wanted.size >= MOST_WANTED) return false;
    this.#wanted.add(wanted);
    return true;
  }

  #turn(circuit: CircuitState, isNews = false): void {
    if (circuit === 'closed') {
      this.#attempts = 0;
      this.#lastError = null;
      this.#wanted.clear();
    }
    if (circuit === this.#circuit) {
      if (isNews) this.#onChange(this.state);
      return;
    }
    if (circuit === 'closed') this.#closedNs = this.#time.monotonicNs();
    else if (this.#circuit === 'closed') this.#patience();
    this.#circuit = circuit;
    this.#sinceUs = this.#time.nowUs();
    this.#onChange(this.state);
  }

  /** It opens: again, if it closed just now. */
  #patience(): void {
    const isAgain = this.#time.monotonicNs() - this.#closedNs < MOST_SETTLE_MS * 1e6;
    this.#settleMs = isAgain ? Math.min(MOST_SETTLE_MS, this.#settleMs * 2) : SETTLE_MS;
  }
}
