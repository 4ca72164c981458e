import type { AgentCheckpoint, AgentStart, AgentStop, Amendment, UpstreamLedger } from '../core/agent-event.ts';
import { Digest, EventHash } from '../core/digest.ts';
import type { Uuid } from '../core/event.ts';
import { uuidText } from '../core/uuid.ts';
import { Checkpoints } from './checkpoints.ts';
import type { Evidence } from './evidence.ts';
import { Findings } from './findings.ts';
import { Hosts } from './hosts.ts';
import { Interval } from './interval.ts';
import { Intervals } from './intervals.ts';
import { RangeList } from './range-list.ts';
import { SequenceSet } from './sequence-set.ts';
import type { PageBudget } from './sequence-set.ts';

/** What is gone for good of what a sink should have got, by reason, as declared. */
export type Declared = Record<string, number>;

/** Longer than anything that is let go at once. */
const MAX_SPLIT = 10_000_000;

/** A record of one of the kinds that come once a run. */
interface Once<T> {
  readonly sequence: number;
  readonly time: number;
  readonly monotonicUs: number;
  readonly body: T;
}

export interface RunParts {
  readonly where: string;
  readonly sinkId: Uuid | null;
  readonly budget: PageBudget;
}

/**
 * All that is known of one run in one sink. Records come in any order and any number of times; memory is that of the intervals which are not
 * proven, and four bytes a checkpoint.
 */
export class RunStream {
  readonly where: string;
  readonly agentId: Uuid;
  readonly hosts = new Hosts();
  readonly findings = new Findings();
  readonly hash: EventHash;
  readonly set: SequenceSet;
  readonly checkpoints = new Checkpoints();
  readonly proven = new RangeList();
  readonly open = new Intervals();
  /** Of ranges that are not within one interval that is known: for whatever is missing there. */
  readonly otherAmendments: Amendment[] = [];
  readonly declared: Declared = {};
  sinkId: string | null;
  start: Once<AgentStart> | null = null;
  stop: Once<AgentStop> | null = null;
  duplicates = 0;
  /** Accepted so short a time ago that they may be on their way. */
  inFlight = 0;
  /** Older than what retention left. */
  retainedAway = 0;
  /** Perhaps among what was removed from the beginning of a partition. */
  perhapsRemoved = 0;
  /** How many checkpoints there are of other sinks, by their ids. */
  readonly otherSinks = new Map<string, number>();
  /** Sums over all checkpoints. */
  accepted = 0;
  filtered = 0;
  /** There, of what is proven. */
  provenPresent = 0;
  firstTime = Infinity;
  lastTime = -Infinity;
  highest = 0;
  lowestProcess = Infinity;
  /** Of the last checkpoint. */
  upstream: UpstreamLedger | null = null;
  #lastInterval: Interval | undefined;

  /** `where`: the sink or place whose runs follow each other. */
  constructor(agentId: Uuid, { where, sinkId, budget }: RunParts) {
    this.where = where;
    this.agentId = Buffer.from(agentId);
    this.sinkId = sinkId === null ? null : uuidText(sinkId);
    this.hash = new EventHash(agentId);
    this.set = new SequenceSet(budget);
  }

  add(record: Evidence): void {
    const { sequence, time, event } = record;
    this.hosts.add(record.host);
    if (time < this.firstTime) this.firstTime = time;
    if (time > this.lastTime) this.lastTime = time;
    if (sequence === null) return;
    if (!Number.isSafeInteger(sequence) || sequence < 1) return this.#foreign(sequence);
    if (sequence > this.highest) this.highest = sequence;
    if (record.stream === 'process' && sequence < this.lowestProcess) this.lowestProcess = sequence;
    this.#count(sequence);
    if (event?.start) this.start = this.#once('START', this.start, { sequence, time, monotonicUs: event.monotonic_us, body: event.start });
    if (event?.stop) this.stop = this.#once('STOP', this.stop, { sequence, time, monotonicUs: event.monotonic_us, body: event.stop });
  }

  /** Takes note of a checkpoint but for its amendments; false where it says nothing new. */
  addCheckpoint(checkpoint: AgentCheckpoint, time: number): boolean {
    const added = this.checkpoints.add(checkpoint, time);
    if (added !== 'new') {
      if (added === 'again') this.duplicates += 1;
      else this.findings.add('checkpoint_conflict', added.conflict, { from: checkpoint.from_sequence, to: checkpoint.to_sequence });
      return false;
    }
    if (this.checkpoints.last === checkpoint) this.upstream = checkpoint.upstream;
    this.#checkSums(checkpoint);
    this.accepted += checkpoint.accepted;
    this.filtered += checkpoint.filtered;
    for (const { reason, count } of checkpoint.dropped) this.declare(reason, count);
    this.#openInterval(new Interval(checkpoint, time));
    return true;
  }

  /** What an amendment says of an event of this run. */
  amend(amendment: Amendment): void {
    // All of it came through nevertheless.
    if ((this.proven.rangeOf(amendment.from)?.to ?? -1) >= amendment.to) return;
    const isDense = amendment.count === amendment.to - amendment.from + 1 && amendment.count <= MAX_SPLIT;
    const interval = this.open.of(amendment.from);
    if (interval !== undefined && interval.to >= amendment.to) interval.amend(amendment);
    else if (isDense) this.#amendEach(amendment);
    else this.otherAmendments.push(amendment);
  }

  /** All of a range is gone: for each interval its part of it, as it would have been told. */
  #amendEach({ from, to, ...rest }: Amendment): void {
    for (const interval of this.open.all) {
      const [first, last] = [Math.max(from, interval.from), Math.min(to, interval.to)];
      if (last < first) continue;
      const digest = new Digest();
      for (let sequence = first; sequence <= last; sequence += 1) digest.add(this.hash.of(sequence));
      interval.amend({ ...rest, from: first, to: last, count: last - first + 1, digest: digest.bytes() });
    }
  }

  declare(reason: string, count: number): void {
    this.declared[reason] = (this.declared[reason] ?? 0) + count;
  }

  /** Amendments that came before the checkpoint which they amend, now that everything is there. */
  settleAmendments(): void {
    for (const amendment of this.otherAmendments.splice(0)) this.amend(amendment);
  }

  #count(sequence: number): void {
    if (this.proven.has(sequence)) {
      if (this.set.has(sequence) === false) this.#foreign(sequence);
      else this.duplicates += 1;
      return;
    }
    if (!this.set.add(sequence)) {
      this.duplicates += 1;
      return;
    }
    let interval = this.#lastInterval;
    if (interval === undefined || sequence < interval.from || sequence > interval.to) interval = this.open.of(sequence);
    if (interval === undefined) return;
    this.#lastInterval = interval;
    interval.add(this.hash.of(sequence));
    if (interval.isProven) this.close(interval);
  }

  #foreign(sequence: number): void {
    this.findings.add('foreign', `event ${sequence} is there, but was never accepted`, {
      from: sequence,
      to: sequence,
      sequences: [sequence],
    });
  }

  #openInterval(interval: Interval): void {
    if (interval.to < interval.from) return;
    for (const sequence of this.set.within(interval.from, interval.to)) interval.add(this.hash.of(sequence));
    this.open.add(interval);
    if (interval.isProven) this.close(interval);
  }

  /** It is proven: its bitmap is not needed any more. What is gone of one but declared may still come, so that one stays open to the end. */
  close(interval: Interval): void {
    this.provenPresent += interval.present;
    this.open.remove(interval);
    if (this.#lastInterval === interval) this.#lastInterval = undefined;
    this.proven.add(interval.from, interval.to);
    this.set.release(interval, this.proven.rangeOf(interval.from) ?? interval);
  }

  #checkSums({ checkpoint_no: number, from_sequence: from, to_sequence: to, accepted, filtered, dropped }: AgentCheckpoint): void {
    const told = accepted + filtered + dropped.reduce((sum, { count }) => sum + count, 0);
    const covered = to - from + 1;
    if (told === covered) return;
    const text = `checkpoint ${number} covers ${covered} events, but accounts for ${told}: what became of the others is not declared`;
    this.findings.add('checkpoint_wrong', text, { from, to, count: Math.max(0, covered - told) });
  }

  #once<T>(kind: string, known: Once<T> | null, found: Once<T>): Once<T> {
    if (known === null) return found;
    const same = known.time === found.time && known.monotonicUs === found.monotonicUs && known.sequence === found.sequence;
    if (!same) this.findings.add('mixed', `two different ${kind} events: records of two runs are mixed under one id`);
    return known;
  }
}
