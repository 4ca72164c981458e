import type { Encoded, Origin } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import type { Lane } from '../lane.ts';
import { LossEpisode } from '../loss-episode.ts';
import type { Attempts } from './attempts.ts';
import { neighbours, pick, settleParcel } from './parcel.ts';
import type { Parcel } from './parcel.ts';
import { landedOf, rejectedOf } from './partial.ts';
import { countOf, settleLost, takeOut } from './settle.ts';
import type { DeliveryTime } from './time.ts';
import { verdictOf } from './verdict.ts';

/** Dead letters that go on are told this often. */
const APART_MS = 60_000;

/** Why writes are aborted where another courier goes on with what this one has. */
export const HANDED_OVER = new AgentError('STOPPED_EARLY', 'the delivery is handed over');

/** Records that the sink will never take. Between those of one group there was no other in what was written, so that none of a group's range is there. */
interface Refused {
  readonly parcel: Parcel;
  readonly groups: readonly (readonly Encoded[])[];
}

/** Of one parcel, and of what is made of it. */
interface Trip {
  readonly hard: AbortSignal;
  /** As many parcels came before it. */
  readonly turn: number;
}

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
  /** What was not dealt with, by the turn of the parcel that it is of. */
  readonly #left: { readonly turn: number; readonly parcel: Parcel }[] = [];
  #turns = 0;
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

  /** What was not dealt with when `hard` was aborted with HANDED_OVER, in the order in which it came. */
  get left(): Parcel[] {
    return this.#left.toSorted((a, b) => a.turn - b.turn).map(({ parcel }) => parcel);
  }

  /** Whatever happens ends as an outcome in the books. */
  async deliver(parcel: Parcel, hard: AbortSignal): Promise<void> {
    const trip = { hard, turn: this.#turns++ };
    const left = await this.#fitting(parcel, trip);
    for (let next = left.pop(); next !== undefined; next = left.pop()) left.push(...(await this.#send(next, trip)));
  }

  /** Nothing will be delivered any more: reports what is not reported yet. */
  end(): void {
    this.#losses.end();
    this.#deadLetters.end();
  }

  /** The parcel without what a run of another format or version left in the queue: among the sink's records of today it would damage them. */
  async #fitting(parcel: Parcel, trip: Trip): Promise<Parcel[]> {
    const { items } = parcel.batch;
    const odd = otherFormats(items, this.#lane.origin);
    if (odd === undefined) return [parcel];
    const { origin: { format } = {} } = items[odd.values().next().value ?? 0] ?? {};
    const error = new AgentError('RECORD_REJECTED', `it is of another format or version than the sink has today: ${format}`, {
      fix: 'Configure the sink as it was, or go back to the version that wrote it, and replay it: forkcast dlq replay.',
    });
    await this.#bury({ parcel: pick(parcel, (index) => odd.has(index)), groups: neighbours(parcel, odd) }, error, trip);
    return odd.size === items.length ? [] : [pick(parcel, (index) => !odd.has(index))];
  }

  /** What is to be sent again, the last first. */
  async #send(parcel: Parcel, trip: Trip): Promise<Parcel[]> {
    const { hard } = trip;
    const failure = await this.#attempts.until(() => this.#lane.sink.write(parcel.batch, hard), hard);
    if (failure === undefined) this.#delivered(parcel);
    else if (hard.aborted) this.#abandon(parcel, failure, trip);
    else if (verdictOf(failure) === 'reject') return this.#rejected(parcel, failure, trip);
    else this.#lose(parcel, failure, 'rejected');
    return [];
  }

  async #rejected(parcel: Parcel, error: AgentError, trip: Trip): Promise<Parcel[]> {
    const count = parcel.batch.items.length;
    const bad = rejectedOf(error, count);
    if (bad === undefined && count > 1) return halves(parcel);
    const landed = landedOf(error, count);
    if (bad === undefined || bad.size === count) {
      if (landed === count) this.#delivered(parcel);
      else await this.#bury(whole(parcel), error, trip);
      return [];
    }
    const rest = pick(parcel, (index) => !bad.has(index));
    const restLanded = landed >= rest.batch.items.length;
    if (restLanded) this.#delivered(rest);
    const refused = { parcel: pick(parcel, (index) => bad.has(index)), groups: neighbours(parcel, bad) };
    await this.#bury(refused, error, trip);
    return restLanded ? [] : [rest];
  }

  /** Into the dead letters; where the lane has none, or they fail for good, the records are lost. */
  async #bury(refused: Refused, error: AgentError, trip: Trip): Promise<void> {
    const { hard } = trip;
    const { parcel, groups } = refused;
    const { deadLetters, ledger } = this.#lane;
    if (deadLetters === undefined) return this.#giveUp(refused, error);
    const { items } = parcel.batch;
    const failure = await this.#attempts.until(() => deadLetters.add(items, error), hard);
    if (failure !== undefined) return hard.aborted ? this.#abandon(parcel, failure, trip) : this.#giveUp(refused, failure);
    const events = countOf(items);
    takeOut(ledger, items, this.#lane.origin);
    ledger.deadLettered += events;
    for (const group of groups) this.#lane.account?.gone(group, 'dead_lettered');
    this.#deadLetters.add(error, events);
    settleParcel(parcel, 'dead_lettered');
  }

  /** Whatever of the write has landed, these have not. */
  #giveUp({ parcel, groups }: Refused, failure: AgentError): void {
    const { ledger, origin, account } = this.#lane;
    const { items } = parcel.batch;
    const count = countOf(items);
    takeOut(ledger, items, origin);
    settleLost(ledger, count, 'rejected');
    for (const group of groups) account?.gone(group, 'dropped');
    if (count > 0) this.#losses.add(failure, count);
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
  #abandon(parcel: Parcel, failure: AgentError, { hard, turn }: Trip): void {
    if (hard.reason === HANDED_OVER) this.#left.push({ turn, parcel });
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

/** Indexes of records that are not what this run writes; undefined, as nearly always, where there are none. */
function otherFormats(items: readonly Encoded[], own: Origin | undefined): ReadonlySet<number> | undefined {
  if (own === undefined) return undefined;
  let found: Set<number> | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const { origin } = items[index] as Encoded;
    if (origin !== undefined && origin !== own && origin.format !== own.format) (found ??= new Set()).add(index);
  }
  return found;
}

function whole(parcel: Parcel): Refused {
  return { parcel, groups: [parcel.batch.items] };
}

function halves(parcel: Parcel): Parcel[] {
  const middle = Math.ceil(parcel.batch.items.length / 2);
  return [pick(parcel, (index) => index >= middle), pick(parcel, (index) => index < middle)];
}
