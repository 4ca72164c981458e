import type { AgentCheckpoint, Amendment, Dropped } from '../core/agent-event.ts';
import { Digest, EventHash } from '../core/digest.ts';
import type { Encoded } from '../core/encoded.ts';
import type { Uuid } from '../core/event.ts';
import type { DroppedBatch } from '../core/queue.ts';
import { Boundaries } from './boundaries.ts';

/** What an account says; the ledger before the sinks is added by whoever keeps it. */
export type Statement = Omit<AgentCheckpoint, 'upstream' | 'final'>;

export interface AccountParts {
  readonly agentId: Uuid;
  readonly sinkId: Uuid;
}

/** Without `items` and `digest` where only the number of those that are gone is known. */
type PartlyGone = Omit<DroppedBatch, 'items'> & { readonly items?: readonly Encoded[] | undefined };

/** Of each list in a checkpoint. What exceeds it is summed up: counts stay exact, ranges become wider. */
const MAX_RANGES = 1000;
/** Of what is gone at once: a sink with a filter has holes everywhere. */
const MAX_PIECES = 32;
/** Checkpoints in the queue beyond which none is added until some are through: an outage of any length costs so many. */
const MAX_WAITING = 1000;

/**
 * The account of one lane, from one CHECKPOINT to the next: which sequences there were, and what became of each. Whatever is told of an
 * event is told before the statement that covers it; evictions may also come later, as amendments.
 */
export class LaneAccount {
  readonly #agentId: Uuid;
  readonly #sinkId: Uuid;
  readonly #hash: EventHash;
  readonly #boundaries = new Boundaries();
  /** Something accepted is gone since the last statement. */
  #hasLost = false;
  /** Evicted ones, to go into the queue again: their numbers are dense, and what they said stands. */
  #evicted: Encoded[] = [];
  #waiting = 0;
  #from = 1;
  #to = 0;
  #accepted = 0;
  #filtered = 0;
  #dropped: Dropped[] = [];
  #acceptedSinceDrop = false;
  #amendments: Amendment[] = [];
  #digest = new Digest();

  constructor({ agentId, sinkId }: AccountParts) {
    this.#agentId = agentId;
    this.#sinkId = sinkId;
    this.#hash = new EventHash(agentId);
  }

  /**
   * The sink is there from this sequence on. Where it was there before, in the same run, it is as if its filter had left out what came meanwhile: a sink has
   * one account in a run, without a gap.
   */
  join(sequence: number): void {
    const isNew = this.#boundaries.next === 1 && this.#to < this.#from;
    if (isNew) this.#from = sequence;
    else this.#filtered += sequence - 1 - this.#to;
    this.#to = sequence - 1;
  }

  /** The next event; then follows what becomes of it. */
  sequenced(sequence: number): void {
    this.#to = sequence;
  }

  /** The sink's own filter left one out. */
  filtered(): void {
    this.#filtered += 1;
  }

  /** The queue took these. */
  accepted(items: readonly Encoded[]): void {
    for (const { sequence } of items) {
      if (sequence === 0) continue;
      this.#accepted += 1;
      this.#digest.add(this.#hash.of(sequence));
    }
    this.#acceptedSinceDrop = true;
  }

  /** Events that were never accepted; `from` to `to` are the outermost of `count`. */
  dropped({ from, to, count, reason }: Dropped): void {
    if (count === 0) return;
    const last = this.#dropped.at(-1);
    const adjoins = last !== undefined && last.reason === reason && (from === last.to + 1 || !this.#acceptedSinceDrop);
    this.#acceptedSinceDrop = false;
    const same = adjoins
      ? last
      : this.#dropped.length < MAX_RANGES
        ? undefined
        : this.#dropped.findLast((range) => range.reason === reason);
    if (same === undefined) this.#dropped.push({ from, to, count, reason });
    else extend(same, { from, to, count });
  }

  /** Accepted earlier, and gone now. Checkpoints among them are put into the queue again with the next one. */
  evicted(batch: DroppedBatch): void {
    this.#hasLost = true;
    this.#evicted.push(...batch.checkpoints);
    this.#waiting = Math.max(0, this.#waiting - batch.checkpoints.length);
    this.#amend(batch, 'dropped');
  }

  /**
   * What was pulled did not reach the sink, or only in part: `lost` of it are gone, and nobody knows which, nor of which run: each may have lost so
   * many. `fate` as in the schema.
   */
  gone(items: readonly Encoded[], fate: string, lost = items.length): void {
    this.delivered(items);
    const batches = batchesOf(items);
    const total = batches.reduce((sum, { count }) => sum + count, 0);
    if (lost >= total) for (const batch of batches.flatMap((one) => this.#pieces(one))) this.#amend(batch, fate);
    else for (const batch of batches) this.#amend({ ...batch, items: undefined, count: Math.min(lost, batch.count) }, fate);
  }

  /**
   * A batch for each run of neighbouring sequences under one checkpoint. What lies between may have been delivered: the sink may have refused some
   * records of a batch only.
   */
  #pieces(batch: DroppedBatch): readonly DroppedBatch[] {
    const isOwn = batch.agentId === undefined || this.#agentId.equals(batch.agentId);
    const pieces: Encoded[][] = [];
    let last = { sequence: -1, checkpoint: 0 };
    for (const item of (batch.items ?? []).toSorted((a, b) => a.sequence - b.sequence)) {
      const checkpoint = isOwn ? this.#boundaries.numberOf(item.sequence) : 0;
      if (item.sequence === last.sequence + 1 && checkpoint === last.checkpoint) pieces.at(-1)?.push(item);
      else pieces.push([item]);
      last = { sequence: item.sequence, checkpoint };
    }
    return pieces.length > MAX_PIECES ? [batch] : pieces.map((items) => batchOf(items));
  }

  #amend(batch: PartlyGone, fate: string): void {
    const { fromSequence: from, toSequence: to, count } = batch;
    if (count === 0) return;
    const foreign = batch.agentId !== undefined && !this.#agentId.equals(batch.agentId);
    const agent_id = foreign ? Buffer.from(batch.agentId) : null;
    const checkpoint_no = foreign ? 0 : this.#boundaries.numberOf(from);
    const digest = this.#digestOf(batch)?.bytes() ?? null;
    this.#addAmendment({ from, to, checkpoint_no, fate, agent_id, count, digest });
  }

  /** The next statement: all that was told since the last one that was `stated`. */
  get statement(): Statement {
    return {
      sink_id: this.#sinkId,
      checkpoint_no: this.#boundaries.next,
      from_sequence: this.#from,
      to_sequence: this.#to,
      accepted: this.#accepted,
      filtered: this.#filtered,
      dropped: this.#dropped,
      digest: this.#digest.bytes(),
      amendments: this.#amendments,
    };
  }

  /** Something became of what earlier statements are about, and none has told it yet. */
  get hasNews(): boolean {
    return this.#amendments.length > 0 || this.#evicted.length > 0;
  }

  /** Too many statements wait in the queue already: this one had better cover more. */
  get hasEnoughWaiting(): boolean {
    return this.#waiting >= MAX_WAITING;
  }

  /** A statement is due at once: the queue has let go of what was accepted, and so far this is known here only. */
  get isUrgent(): boolean {
    return this.#hasLost && !this.hasEnoughWaiting;
  }

  /** The statement is `record`. What is to go into the queue now, past its bounds: first what was evicted from it. */
  stated(record: Encoded): readonly Encoded[] {
    this.#boundaries.add(this.#to);
    this.#hasLost = false;
    this.#from = this.#to + 1;
    this.#accepted = 0;
    this.#filtered = 0;
    this.#dropped = [];
    this.#amendments = [];
    this.#digest = new Digest();
    const records = [...this.#evicted, record];
    this.#evicted = [];
    this.#waiting += records.length;
    return records;
  }

  /** The sink took these. */
  delivered(items: readonly Encoded[]): void {
    for (const { sequence } of items) if (sequence === 0 && this.#waiting > 0) this.#waiting -= 1;
  }

  #digestOf({ agentId, digest, items, fromSequence, toSequence, count }: PartlyGone): Digest | undefined {
    if (digest !== undefined) return new Digest(digest);
    const hash = agentId === undefined ? this.#hash : new EventHash(agentId);
    const sum = new Digest();
    if (items !== undefined) {
      for (const { sequence } of items) if (sequence !== 0) sum.add(hash.of(sequence));
      return sum;
    }
    if (toSequence - fromSequence + 1 !== count) return undefined;
    for (let sequence = fromSequence; sequence <= toSequence; sequence += 1) sum.add(hash.of(sequence));
    return sum;
  }

  #addAmendment(amendment: Amendment): void {
    const last = this.#amendments.at(-1);
    // Without its number, a checkpoint's part of a longer range could not be told from the next one's.
    const adjoins =
      last !== undefined &&
      last.to + 1 === amendment.from &&
      last.checkpoint_no > 0 &&
      isAlike(last, amendment) &&
      isExact(last) === isExact(amendment);
    const full = this.#amendments.length >= MAX_RANGES;
    const same = adjoins ? last : full ? this.#amendments.findLast((one) => isAlike(one, amendment)) : undefined;
    if (same === undefined) {
      this.#amendments.push(amendment);
      return;
    }
    extend(same, amendment);
    // A range with others in it, that are not gone, is no set: then only the number holds.
    const [known, added] = [same.digest, amendment.digest];
    same.digest = adjoins && known !== null && added !== null ? Digest.from(known).add(Digest.from(added)).bytes() : null;
  }
}

/** A batch for each run of whose records there are some. */
function batchesOf(items: readonly Encoded[]): DroppedBatch[] {
  const byRun = Map.groupBy(
    items.filter(({ sequence }) => sequence > 0),
    ({ origin }) => (origin === undefined ? '' : Buffer.from(origin.agentId).toString('latin1')),
  );
  return [...byRun.values()].map(batchOf);
}

function batchOf(items: readonly Encoded[]): DroppedBatch {
  const sequences = items.map(({ sequence }) => sequence);
  const agentId = items[0]?.origin?.agentId;
  // Not spread: a batch may hold more than a call takes arguments.
  const fromSequence = sequences.reduce((a, b) => Math.min(a, b));
  const toSequence = sequences.reduce((a, b) => Math.max(a, b));
  const batch = { fromSequence, toSequence, count: items.length, items, checkpoints: [] };
  return agentId === undefined ? batch : { ...batch, agentId };
}

function extend(
  range: { from: number; to: number; count: number },
  { from, to, count }: { from: number; to: number; count: number },
): void {
  range.from = Math.min(range.from, from);
  range.to = Math.max(range.to, to);
  range.count += count;
}

const isExact = ({ digest }: Amendment): boolean => digest !== null;

/** They can be told as one. */
function isAlike(a: Amendment, b: Amendment): boolean {
  const sameRun = a.agent_id === null ? b.agent_id === null : b.agent_id !== null && a.agent_id.equals(b.agent_id);
  return sameRun && a.checkpoint_no === b.checkpoint_no && a.fate === b.fate;
}
