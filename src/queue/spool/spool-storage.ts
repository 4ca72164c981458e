import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import type { AgentError } from '../../core/errors.ts';
import type { DroppedBatch } from '../../core/queue.ts';
import { Backlog } from './backlog.ts';
import type { Entry, Place, Segment } from './segment.ts';
import { batchOf, newEntry, readEntry } from './entries.ts';
import { describeEvicted } from './eviction.ts';
import { encodeFrame } from './frame.ts';
import { GroupSync } from './group-sync.ts';
import { HandedOut } from './handed-out.ts';
import { Loader } from './loader.ts';
import { lostAtShutdown, lostOnDisk } from './losses.ts';
import type { Missing } from './losses.ts';
import { PositionKeeper, earliest } from './position-keeper.ts';
import type { SegmentStore } from './segment-store.ts';
import { SpoolReader } from './spool-reader.ts';
import type { StorageParts } from './storage-parts.ts';
import { SyncedMark } from './synced-mark.ts';
import { Trouble, asFileError } from './trouble.ts';

/**
 * Where accepted batches are: frames in segments and, behind them, those that the disk did not take yet. What is in memory is written in its order
 * as soon as the disk takes it; a frame whose sync failed goes back into memory and is written to another segment, never synced again.
 */
export class SpoolStorage {
  readonly #parts: StorageParts;
  readonly #store: SegmentStore;
  readonly #reader: SpoolReader;
  readonly #loader: Loader;
  readonly #sync: GroupSync;
  readonly #trouble: Trouble;
  readonly #backlog = new Backlog();
  readonly #out = new HandedOut();
  readonly #position: PositionKeeper;
  readonly #synced = new SyncedMark();
  /** From where on the frames of a segment are to be written to another. */
  readonly #suspects: Place[] = [];
  #serial = 0;
  /** Accepted and not done. */
  #records = 0;
  /** Likewise, entries that are in memory only. */
  #unplaced = 0;
  #closed = false;

  constructor(parts: StorageParts) {
    const { store, deps, config, position } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#position = new PositionKeeper(position, { folder: config.folder, agentId: deps.origin.agentId, onEvent: deps.onEvent });
    for (const segment of store.all) this.#records += segment.unread;
    const events = {
      passed: (segment: Segment, missing: Missing) => this.#missing(segment, missing),
      damaged: ({ path }: Segment, reason: string) => deps.onEvent({ what: 'damaged', path, reason }),
    };
    const start = position.position ?? { segment: 1, offset: 0, before: 0 };
    this.#reader = new SpoolReader({ fs: deps.fs, store, events }, start);
    this.#loader = new Loader(this.#reader, deps.after, parts.changed);
    this.#trouble = new Trouble({ after: deps.after, onEvent: deps.onEvent, retry: () => this.#retry() });
    this.#sync = new GroupSync(config.sync, {
      fs: deps.fs,
      folder: config.folder,
      store,
      after: deps.after,
      synced: (serial) => this.#syncedUpTo(serial),
      failed: (segment, cause) => this.#syncFailed(segment, cause),
    });
  }

  get records(): number {
    return this.#records;
  }

  /** Of files in which something waits, and of what is in memory instead. */
  get bytes(): number {
    return this.#store.bytes + this.#backlog.bytes;
  }

  /** Nor is anything left of which only has to be told that it is lost. */
  get empty(): boolean {
    return this.#records === 0 && this.#unplaced === 0 && !this.#reader.hasMore;
  }

  /** Whether what is accepted now goes to memory. */
  get inMemory(): boolean {
    return this.#unplaced > 0;
  }

  get memoryBytes(): number {
    return this.#backlog.bytes;
  }

  get trouble(): AgentError | undefined {
    return this.#trouble.error;
  }

  /** Writes the batch, or takes it into memory where `mayWait` says so and the disk will not have it. False: not taken. */
  put(batch: Batch<Encoded>, frame: Buffer | undefined, mayWait: boolean): boolean {
    const entry = newEntry(batch, { serial: this.#serial + 1, frame });
    if (this.inMemory || !this.#write(entry)) {
      if (!mayWait) return false;
      // Encoded again when the disk takes it: less to keep until then.
      entry.frame = undefined;
      this.#backlog.append(entry);
      this.#unplaced += 1;
    }
    this.#serial = entry.serial;
    this.#records += entry.records;
    return true;
  }

  /** The next batch in order, handed out; undefined where there is none, or it has to be read from the disk first. */
  next(): Entry | undefined {
    if (this.#out.full) return undefined;
    const entry = this.#read() ?? (this.#reader.hasMore ? undefined : this.#backlog.shift());
    if (entry === undefined) {
      this.#loader.load();
      return undefined;
    }
    entry.state = 'out';
    this.#out.append(entry);
    return entry;
  }

  /** Also while it closes: the position is kept to the last. */
  done(entry: Entry): void {
    if (this.#closed) return this.#doneTooLate(entry);
    const { place, records, highest } = entry;
    entry.state = 'done';
    entry.batch = undefined;
    this.#records -= records;
    this.#position.noteDone(place?.segment.origin.agentId ?? this.#parts.deps.origin.agentId, highest);
    if (place === undefined) this.#unplaced -= 1;
    else {
      place.segment.takeBack(records);
      place.segment.forget(place.offset, entry);
    }
    this.#out.advance();
    this.#keepPosition();
    if (place !== undefined && this.#store.removeIfDrained(place.segment)) this.#reader.leave(place.segment);
    if (this.#suspects.length > 0) this.#cutSuspects();
    this.#synced.advance(this.#records === 0 && this.#unplaced === 0 ? this.#serial : 0);
    // What is done made room on the disk, perhaps the room that was lacking.
    if (this.inMemory && place?.segment.removed === true) this.#flush();
  }

  synced(): Promise<void> {
    const reached = this.#synced.reached(this.#serial);
    if (!this.#synced.has(this.#serial)) this.#sync.hurry();
    return reached;
  }

  /** Segments that can be given up: nothing of them is handed out or being read. Oldest first. */
  evictable(): readonly Segment[] {
    const inside = this.#reader.inside;
    return this.#store.all.filter((segment) => segment !== inside && segment.out === 0 && !segment.suspect);
  }

  evict(segment: Segment): Promise<readonly DroppedBatch[]> {
    this.#store.take(segment);
    this.#reader.leave(segment);
    this.#records -= segment.unread;
    const described = describeEvicted(this.#parts.deps.fs, segment);
    return described.finally(() => this.#store.discard(segment));
  }

  /** Gives up the oldest batch that is in memory only. */
  evictFromMemory(): Batch<Encoded> | undefined {
    const entry = this.#backlog.shift();
    if (entry === undefined) return undefined;
    this.#records -= entry.records;
    this.#unplaced -= 1;
    return batchOf(entry, this.#parts.deps.origin);
  }

  /** Brings everything to the disk that it takes; the rest is lost, and said to be. */
  async close(): Promise<void> {
    const { onEvent, origin } = this.#parts.deps;
    this.#loader.stop();
    for (let tries = 0; tries < 2; tries += 1) {
      this.#flush();
      this.#store.seal();
      await this.#sync.finish();
      if (!this.inMemory) break;
    }
    this.#trouble.stop();
    this.#keepPosition();
    const left = [...this.#out.unplaced()];
    for (let entry = this.#backlog.shift(); entry !== undefined; entry = this.#backlog.shift()) left.push(entry);
    if (left.length > 0) onEvent(lostAtShutdown(left.map((entry) => batchOf(entry, origin))));
    this.#closed = true;
    this.#position.close();
    this.#reader.close();
    this.#store.close();
  }

  /** The position is not ours to write any more. What was in memory only is told to be lost already. */
  #doneTooLate({ place, records }: Entry): void {
    if (place !== undefined) this.#parts.deps.onEvent({ what: 'too_late', records });
  }

  #read(): Entry | undefined {
    let read = this.#reader.next();
    for (; read?.what === 'done'; read = this.#reader.next()) this.#out.appendDone(read.place, read.records);
    if (read === undefined) return undefined;
    this.#loader.succeeded();
    const entry = read.what === 'recent' ? read.entry : readEntry(read);
    entry.batch ??= batchOf(entry, this.#parts.deps.origin);
    entry.place?.segment.handOut(entry);
    return entry;
  }

  /** False where the disk did not take it; when to try again is arranged for. */
  #write(entry: Entry): boolean {
    const frame = entry.frame ?? encodeFrame(entry.batch?.items ?? []);
    let place: Place;
    try {
      place = this.#store.append(frame);
    } catch (error) {
      this.#trouble.met(asFileError(error, { action: 'write to', path: this.#parts.config.folder }));
      return false;
    }
    this.#trouble.worked();
    entry.frame = frame;
    entry.place = place;
    const { segment } = place;
    segment.adopt(entry);
    if (entry.state !== 'unread') this.#reader.skipTo(place, entry.records);
    segment.remember(place, entry);
    this.#sync.wrote(segment, place.bytes, entry.serial);
    return true;
  }

  #retry(): void {
    this.#flush();
    if (!this.inMemory) this.#sync.hurry();
    this.#parts.changed();
  }

  /** Writes what is in memory, in its order. */
  #flush(): void {
    for (const entry of this.#out.unplaced()) if (!this.#place(entry)) return;
    for (let entry = this.#backlog.first; entry !== undefined; entry = this.#backlog.first) {
      if (!this.#place(entry)) return;
      this.#backlog.shift();
    }
    this.#cutSuspects();
  }

  #cutSuspects(): void {
    if (this.inMemory) return;
    for (const { segment } of this.#suspects.splice(0)) this.#store.cutSuspect(segment);
  }

  #place(entry: Entry): boolean {
    if (!this.#write(entry)) return false;
    this.#unplaced -= 1;
    return true;
  }

  #syncedUpTo(serial: number): void {
    if (this.inMemory) return;
    this.#trouble.over();
    this.#synced.advance(serial);
  }

  #syncFailed(failed: Segment, cause: unknown): void {
    const isFirst = this.#trouble.error === undefined;
    this.#trouble.met(asFileError(cause, { action: 'sync', path: failed.path }));
    const again: Entry[] = [];
    for (const segment of this.#store.all) {
      if (segment.number < failed.number) continue;
      const entries = segment.takeRecent();
      const first = entries[0]?.place;
      this.#synced.doubt(segment);
      this.#store.abandon(segment);
      if (first === undefined) continue;
      again.push(...entries);
      this.#store.suspect(first);
      this.#suspects.push(first);
    }
    for (const entry of again) entry.place = undefined;
    this.#backlog.prepend(again.filter(({ state }) => state === 'unread'));
    this.#unplaced += again.length;
    // At once only the first time: a disk that fails every sync is not to be worn out.
    if (isFirst) this.#flush();
  }

  #keepPosition(): void {
    // What is in memory only may have to be read from where it was before, also where what was handed out first is at its new place already.
    const undone = earliest(this.#out.first?.place, this.#suspects[0]);
    this.#position.keep({ undone, cursor: this.#reader.cursor, done: this.#out.doneBeyondFirst(), segments: this.#store.all });
  }

  #missing(segment: Segment, missing: Missing): void {
    this.#records -= missing.records;
    const event = lostOnDisk(segment, missing);
    if (event !== undefined) this.#parts.deps.onEvent(event);
  }
}
