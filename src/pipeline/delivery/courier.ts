import { AgentError } from '../../core/errors.ts';
import type { Lane } from '../lane.ts';
import { LossEpisode } from '../loss-episode.ts';
import type { Attempts } from './attempts.ts';
import { pick, settleParcel } from './parcel.ts';
import type { Parcel } from './parcel.ts';
import { landedOf, rejectedOf } from './partial.ts';
import { countOf, settleLost, takeOut } from './settle.ts';
import type { DeliveryTime } from './time.ts';
import { verdictOf } from './verdict.ts';

/** Dead letters that go on are told this often. */
const APART_MS = 60_000;

/** Why writes are aborted where another courier goes on with what this one has. */
export const HANDED_OVER = new AgentError('STOPPED_EARLY', 'the delivery is handed over');

export interface CourierParts {
  readonly lane: Omit<Lane, 'queue'>;
  readonly attempts: Attempts;
  readonly time: DeliveryTime;
  readonly onLost: (error: AgentError, events: number) => void;
  readonly onDeadLettered: (error: AgentError, events: number) => void;
}

/**
 * Brings parcels to the sink until every record has an outcome. Where one record of a parcel is refused, the others are sent without it: at once
 * where the sink says which it was, else by halves, so that of n records with one bad one at most 2 log2 n + 1 writes are made.
 */
export class Courier {
  /** What was not dealt with when `hard` was aborted with HANDED_OVER. */
  readonly left: Parcel[] = [];
  readonly #lane: Omit<Lane, 'queue'>;
  readonly #attempts: Attempts;
  readonly #losses: LossEpisode;
  readonly #deadLetters: LossEpisode;

  constructor({ lane, attempts, time, onLost, onDeadLettered }: CourierParts) {
    this.#lane = lane;
    this.#attempts = attempts;
    this.#losses = new LossEpisode(onLost);
    this.#deadLetters = new LossEpisode(onDeadLettered, { now: () => time.monotonicNs(), leastMs: APART_MS });
  }

  /** Whatever happens ends as an outcome in the books. */
  async deliver(parcel: Parcel, hard: AbortSignal): Promise<void> {
    const left = [parcel];
    for (let next = left.pop(); next !== undefined; next = left.pop()) left.push(...(await this.#send(next, hard)));
  }

  /** Nothing will be delivered any more: reports what is not reported yet. */
  end(): void {
    this.#losses.end();
    this.#deadLetters.end();
  }

  /** What is to be sent again, the last first. */
  async #send(parcel: Parcel, hard: AbortSignal): Promise<Parcel[]> {
    const failure = await this.#attempts.until(() => this.#lane.sink.write(parcel.batch, hard), hard);
    if (failure === undefined) this.#delivered(parcel);
    else if (hard.aborted) this.#abandon(parcel, failure, hard);
    else if (verdictOf(failure) === 'reject') return this.#rejected(parcel, failure, hard);
    else this.#lose(parcel, failure, 'rejected');
    return [];
  }

  async #rejected(parcel: Parcel, error: AgentError, hard: AbortSignal): Promise<Parcel[]> {
    const count = parcel.batch.items.length;
    const bad = rejectedOf(error, count);
    if (bad === undefined && count > 1) return halves(parcel);
    const landed = landedOf(error, count);
    if (bad === undefined || bad.size === count) {
      if (landed === count) this.#delivered(parcel);
      else await this.#bury(parcel, error, hard);
      return [];
    }
    const rest = pick(parcel, (index) => !bad.has(index));
    const restLanded = landed >= rest.batch.items.length;
    if (restLanded) this.#delivered(rest);
    await this.#bury(
      pick(parcel, (index) => bad.has(index)),
      error,
      hard,
    );
    return restLanded ? [] : [rest];
  }

  /** Into the dead letters; where the lane has none, or they fail for good, the records are lost. */
  async #bury(parcel: Parcel, error: AgentError, hard: AbortSignal): Promise<void> {
    const { deadLetters, ledger } = this.#lane;
    if (deadLetters === undefined) return this.#lose(parcel, error, 'rejected');
    const { items } = parcel.batch;
    const failure = await this.#attempts.until(() => deadLetters.add(items, error), hard);
    if (failure !== undefined) return hard.aborted ? this.#abandon(parcel, failure, hard) : this.#lose(parcel, failure, 'rejected');
    const events = countOf(items);
    takeOut(ledger, items, this.#lane.origin);
    ledger.deadLettered += events;
    this.#lane.account?.gone(items, 'dead_lettered');
    this.#deadLetters.add(error, events);
    settleParcel(parcel, 'dead_lettered');
  }

  #delivered(parcel: Parcel): void {
    const { ledger, origin, account } = this.#lane;
    const { items } = parcel.batch;
    takeOut(ledger, items, origin);
    ledger.delivered += countOf(items);
    account?.delivered(items);
    this.#losses.succeeded();
    this.#deadLetters.succeeded();
    settleParcel(parcel, 'delivered');
  }

  /** The agent ends: what a durable queue gave goes back to it, landed or not, and comes again with the next start. */
  #abandon(parcel: Parcel, failure: AgentError, { reason }: AbortSignal): void {
    if (reason === HANDED_OVER) this.left.push(parcel);
    else if (this.#lane.durable === true) settleParcel(parcel, 'returned');
    else this.#lose(parcel, failure, 'shutdown');
  }

  #lose(parcel: Parcel, failure: AgentError, reason: 'rejected' | 'shutdown'): void {
    const { ledger, origin, account } = this.#lane;
    const { items } = parcel.batch;
    const count = countOf(items);
    const lost = count - landedOf(failure, count);
    takeOut(ledger, items, origin);
    ledger.delivered += count - lost;
    settleLost(ledger, lost, reason);
    account?.gone(items, 'dropped', lost);
    if (lost > 0) this.#losses.add(failure, lost);
    settleParcel(parcel, lost === 0 ? 'delivered' : 'dead_lettered');
  }
}

function halves(parcel: Parcel): Parcel[] {
  const middle = Math.ceil(parcel.batch.items.length / 2);
  return [pick(parcel, (index) => index >= middle), pick(parcel, (index) => index < middle)];
}
