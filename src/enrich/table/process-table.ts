import { DIED_UNSEEN, ENTRY_BYTES, type Entry } from './entry.ts';
import { EntryList } from './entry-list.ts';
import type { Image } from './image.ts';

export interface TableLimits {
  readonly maxProcesses: number;
  /** Bound of the heap estimate: a thousand processes with 32 KiB of arguments must not cost what a hundred thousand do. */
  readonly maxBytes: number;
  /** How long an exited process is kept at most, for late events and as its children's parent. */
  readonly exitTtlMs: number;
  /** How many exited processes are kept at most; a storm of short ones would fill the table with dead entries else. Default: `maxProcesses`. */
  readonly maxExited?: number;
}

export interface TableCounters {
  /** Exited processes that had to go before their time. */
  evictedExited: number;
  /** Living processes that had to go because all were living: least recently heard of first. */
  evictedLiving: number;
  /** Exited processes whose time was up. */
  expired: number;
  /** Living processes whose pid turned out to belong to another: their exit was lost. */
  pidReused: number;
}

/**
 * The current holder of each pid. An entry stands for one (pid, start); when a pid gets a new holder the old entry leaves.
 * No timers: time comes with the events and with `sweep`. Eviction takes exited entries first, the oldest exit first, and a living
 * process only when there is nothing else. What leaves lets go of its parent and its image, so that a chain of dead
 * ancestors keeps nothing: a child retains at most one bare entry.
 */
export class ProcessTable {
  readonly counters: TableCounters = { evictedExited: 0, evictedLiving: 0, expired: 0, pidReused: 0 };
  /** Counts the moments at which events were lost: what was counted in an earlier epoch may be wrong. */
  lossEpoch = 0;
  readonly #byPid = new Map<number, Entry>();
  /** Least recently heard of first. */
  readonly #living = new EntryList();
  /** First exit first. */
  readonly #exited = new EntryList();
  readonly #limits: TableLimits;
  readonly #ttlNs: number;
  readonly #maxExited: number;
  #exitedCount = 0;
  #bytes = 0;

  constructor(limits: TableLimits) {
    this.#limits = limits;
    this.#ttlNs = limits.exitTtlMs * 1e6;
    this.#maxExited = limits.maxExited ?? limits.maxProcesses;
  }

  get size(): number {
    return this.#byPid.size;
  }

  /** Estimated heap, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(pid: number): Entry | undefined {
    return this.#byPid.get(pid);
  }

  /** How many processes run, as far as known. */
  get livingCount(): number {
    return this.#byPid.size - this.#exitedCount;
  }

  /** The processes that run, as far as known; those visited may end meanwhile. */
  *runs(): Generator<Entry> {
    let entry = this.#living.first;
    while (entry !== null) {
      const { next } = entry;
      yield entry;
      entry = next;
    }
  }

  /** Pids of the processes that run, as far as known. */
  *living(): Generator<number> {
    for (const { pid, whereabouts } of this.#byPid.values()) if (whereabouts === 'living') yield pid;
  }

  /** Takes a new entry in as a living process; a former holder of the pid leaves. */
  insert(entry: Entry): void {
    const holder = this.#byPid.get(entry.pid);
    if (holder !== undefined) this.#drop(holder);
    this.#byPid.set(entry.pid, entry);
    entry.whereabouts = 'living';
    this.#living.append(entry);
    this.#bytes += ENTRY_BYTES;
    this.#retain(entry.image);
    this.#enforceLimits(entry);
  }

  /** Something was heard of the process. */
  touch(entry: Entry): void {
    if (entry.whereabouts === 'living') this.#living.moveToEnd(entry);
  }

  setImage(entry: Entry, image: Image | null): void {
    if (entry.whereabouts === 'evicted') return;
    const former = entry.image;
    entry.image = image;
    if (entry.whereabouts === 'new') return;
    this.#retain(image);
    this.#release(former);
    this.#enforceLimits(entry);
  }

  exit(entry: Entry, nowNs: number): void {
    if (entry.whereabouts === 'living') {
      this.#living.remove(entry);
      this.#exited.append(entry);
      this.#exitedCount++;
      entry.whereabouts = 'exited';
    }
    entry.exitNs = nowNs;
    this.#expire(nowNs);
    if (this.#exitedCount > this.#maxExited) this.#evictExited();
  }

  /** The process was not dead after all: another thread exec'd. */
  revive(entry: Entry): void {
    if (entry.whereabouts !== 'exited') return;
    this.#exited.remove(entry);
    this.#exitedCount--;
    this.#living.append(entry);
    entry.whereabouts = 'living';
    entry.exitNs = 0;
    entry.marks &= ~DIED_UNSEEN;
  }

  /** @param nowNs CLOCK_MONOTONIC; called every now and then, so that a quiet machine forgets too */
  sweep(nowNs: number): void {
    this.#expire(nowNs);
  }

  #expire(nowNs: number): void {
    for (let entry = this.#exited.first; entry !== null && entry.exitNs + this.#ttlNs <= nowNs; entry = this.#exited.first) {
      this.#drop(entry);
      this.counters.expired++;
    }
  }

  #evictExited(): void {
    const oldest = this.#exited.first;
    if (oldest === null) return;
    this.#drop(oldest);
    this.counters.evictedExited++;
  }

  #enforceLimits(spared: Entry): void {
    while (this.#byPid.size > this.#limits.maxProcesses || this.#bytes > this.#limits.maxBytes) {
      const victim = this.#exited.first ?? this.#living.first;
      if (victim === null || victim === spared) return;
      if (victim.whereabouts === 'exited') this.counters.evictedExited++;
      else this.counters.evictedLiving++;
      this.#drop(victim);
    }
  }

  #drop(entry: Entry): void {
    if (entry.whereabouts === 'exited') {
      this.#exited.remove(entry);
      this.#exitedCount--;
    } else this.#living.remove(entry);
    this.#byPid.delete(entry.pid);
    this.#bytes -= ENTRY_BYTES;
    this.#release(entry.image);
    entry.whereabouts = 'evicted';
    entry.image = null;
    entry.parent = null;
    entry.ppid = 0;
  }

  #retain(image: Image | null): void {
    if (image !== null && image.users++ === 0) this.#bytes += image.bytes;
  }

  #release(image: Image | null): void {
    if (image !== null && --image.users === 0) this.#bytes -= image.bytes;
  }
}
