import type { BpfRing } from './bpf-ring.ts';
import { ExecFlag, Head, RecordType } from './layout.ts';
import { MIN_PLACES, PendingRecords } from './pending.ts';
import { ExecRecord, RecordView } from './record.ts';

/** Counts of records since the start. All = matched + duplicates + late + recovered + those that still wait; tails of long arguments are part of their exec. */
export interface MatchCounters {
  execs: number;
  forks: number;
  exits: number;
  tails: number;
  /** Given to their event, by `take…`. */
  matched: number;
  /** Events that asked for a record and got none. */
  unmatched: number;
  /** A second EXIT of one process, which some kernels make. */
  duplicates: number;
  /** FORK records that were made only after their event had asked: the caller of fork was interrupted in between. */
  late: number;
  /** Given out by `takeLeftover`. */
  recovered: number;
}

/** A record whose event never came. */
export type Leftover =
  { readonly kind: 'EXEC'; readonly record: ExecRecord } | { readonly kind: 'FORK' | 'EXIT'; readonly record: RecordView };

/** Few are too early by more than a moment, and what is forgotten is only taken for lost. */
const MAX_BARE_FORKS = 1024;

/**
 * Gives events their records. A record stays where the kernel wrote it until it was taken and `release` was called; a record that nobody takes keeps its
 * room, and that of all after it.
 */
export class RecordMatcher {
  readonly counters: MatchCounters = {
    execs: 0,
    forks: 0,
    exits: 0,
    tails: 0,
    matched: 0,
    unmatched: 0,
    duplicates: 0,
    late: 0,
    recovered: 0,
  };
  readonly #ring: BpfRing;
  #pending: PendingRecords;
  readonly #seen = new RecordView();
  readonly #exec = new ExecRecord();
  readonly #fork = new RecordView();
  readonly #exit = new RecordView();
  /** Stamps of FORK events that found no record, by the child, oldest first. */
  readonly #bareForks = new Map<number, number>();
  /** Numbers of FORK records that came after their event had asked. */
  readonly #lateForks: number[] = [];

  /** `places`: how many records may wait, a power of two; more stay in the ring unseen. */
  constructor(ring: BpfRing, places: number) {
    this.#ring = ring;
    this.#pending = new PendingRecords(places);
  }

  /** Gives back what was taken: all views are void. */
  release(): void {
    const oldest = this.#pending.oldest();
    this.#ring.release(oldest === this.#pending.end ? this.#ring.position : this.#pending.positionOf(oldest));
  }

  /** Takes in what was there when the ring was looked at. */
  note(): void {
    while (!this.#pending.isFull) {
      const position = this.#ring.next();
      if (position < 0) return;
      this.#ring.show(position, this.#seen);
      const { type, tgid, stampNs } = this.#seen;
      this.#pending.add(type, tgid, stampNs, position);
      if (type === RecordType.FORK && this.#isLate(this.#seen)) this.#lateForks.push(this.#pending.end - 1);
      this.#count(type);
    }
  }

  /** Nothing waits any more: its memory is about to go. */
  forget(): void {
    this.#pending = new PendingRecords(MIN_PLACES);
    this.#lateForks.length = 0;
  }

  /** The newest EXEC of process `tgid` that is not later than the event: it may have executed twice since the last look. */
  takeExec(tgid: number, stampNs: number): ExecRecord | undefined {
    const number = this.#matched(this.#pending.newestUntil(RecordType.EXEC, tgid, stampNs));
    return number < 0 ? undefined : this.#showExec(number);
  }

  /** The FORK of which the child is `tgid`: the oldest that is not earlier than the event, which the kernel sends first. */
  takeFork(tgid: number, stampNs: number): RecordView | undefined {
    const number = this.#matched(this.#pending.oldestSince(RecordType.FORK, tgid, stampNs));
    if (number >= 0) {
      this.#bareForks.delete(tgid);
      return this.#show(number, this.#fork);
    }
    this.#bareForks.set(tgid, stampNs);
    if (this.#bareForks.size > MAX_BARE_FORKS) this.#bareForks.delete(this.#bareForks.keys().next().value as number);
    return undefined;
  }

  /**
   * A FORK record that came after its event had asked, and was told without it; undefined when there is none. It comes before all events of the child's own: until it
   * is made the child does not run.
   */
  takeLateFork(): RecordView | undefined {
    for (let number = this.#lateForks.pop(); number !== undefined; number = this.#lateForks.pop()) {
      if (!this.#pending.isWaiting(number)) continue; // its event has asked again, or it was left over
      this.#pending.settle(number);
      this.#settleLate(this.#show(number, this.#fork));
      return this.#fork;
    }
    return undefined;
  }

  /** The EXIT of process `tgid`, for the event of its last thread. */
  takeExit(tgid: number, stampNs: number): RecordView | undefined {
    const number = this.#matched(this.#pending.newestUntil(RecordType.EXIT, tgid, stampNs));
    if (number < 0) return undefined;
    this.#show(number, this.#exit);
    this.#settleDuplicates(tgid, stampNs);
    return this.#exit;
  }

  /** The oldest record from before `untilNs` that nobody took, or undefined. */
  takeLeftover(untilNs: number): Leftover | undefined {
    const pending = this.#pending;
    for (let number = pending.oldest(); number < pending.end && pending.stampNsOf(number) < untilNs; number = pending.oldest()) {
      const type = pending.typeOf(number);
      pending.settle(number);
      // Of an EXEC that found no room.
      if (type === RecordType.TAIL || (type === RecordType.FORK && this.#wasLate(number))) continue;
      this.counters.recovered += 1;
      if (type === RecordType.EXEC) return { kind: 'EXEC', record: this.#showExec(number) };
      if (type === RecordType.FORK) return { kind: 'FORK', record: this.#show(number, this.#fork) };
      return { kind: 'EXIT', record: this.#show(number, this.#exit) };
    }
    return undefined;
  }

  /** Bytes that the kernel cannot use now. */
  get heldBytes(): number {
    return this.#ring.held;
  }

  #wasLate(number: number): boolean {
    const fork = this.#show(number, this.#seen);
    if (!this.#isLate(fork)) return false;
    this.#settleLate(fork);
    return true;
  }

  /** Its event was heard: it is of a process that started before that one was stamped. */
  #isLate(fork: RecordView): boolean {
    if (this.#bareForks.size === 0) return false;
    const askedNs = this.#bareForks.get(fork.tgid);
    return askedNs !== undefined && fork.u64(Head.START_MONOTONIC) <= askedNs;
  }

  #settleLate(fork: RecordView): void {
    this.#bareForks.delete(fork.tgid);
    this.counters.late += 1;
  }

  #count(type: number): void {
    if (type === RecordType.EXEC) this.counters.execs += 1;
    else if (type === RecordType.FORK) this.counters.forks += 1;
    else if (type === RecordType.EXIT) this.counters.exits += 1;
    else this.counters.tails += 1;
  }

  #matched(number: number): number {
    if (number < 0) {
      this.counters.unmatched += 1;
      return number;
    }
    this.#pending.settle(number);
    this.counters.matched += 1;
    return number;
  }

  #show(number: number, view: RecordView): RecordView {
    this.#ring.show(this.#pending.positionOf(number), view);
    return view;
  }

  #showExec(number: number): ExecRecord {
    const exec = this.#exec;
    this.#show(number, exec);
    exec.tail.length = 0;
    if (exec.has(ExecFlag.ARGS_TAIL)) this.#showTail(exec);
    return exec;
  }

  /** It has the stamp of its EXEC. */
  #showTail({ tgid, stampNs, tail }: ExecRecord): void {
    const number = this.#pending.newestUntil(RecordType.TAIL, tgid, stampNs);
    if (number < 0 || this.#pending.stampNsOf(number) !== stampNs) return;
    this.#pending.settle(number);
    this.#show(number, tail);
  }

  /** Before 6.16 two threads may both see themselves as the last one: the later is right, and it is the one that was taken. */
  #settleDuplicates(tgid: number, stampNs: number): void {
    const start = this.#exit.u64(Head.START_BOOT);
    for (;;) {
      const number = this.#pending.newestUntil(RecordType.EXIT, tgid, stampNs);
      if (number < 0 || this.#show(number, this.#seen).u64(Head.START_BOOT) !== start) return;
      this.#pending.settle(number);
      this.counters.duplicates += 1;
    }
  }
}
