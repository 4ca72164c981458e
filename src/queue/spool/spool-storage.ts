import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import type { DroppedBatch } from '../../core/queue.ts';
import { fileError } from '../../core/system-error.ts';
import { Backlog } from './backlog.ts';
import type { Entry, Place } from './entry.ts';
import { describeEvicted } from './eviction.ts';
import { contentsOf, decodeFrame, encodeFrame, parseHead } from './frame.ts';
import type { FrameHead } from './frame.ts';
import { GroupSync } from './group-sync.ts';
import { HandedOut } from './handed-out.ts';
import type { DoneFrame, NewestDone, PositionFile } from './position-file.ts';
import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import type { SpoolConfig, SpoolDeps } from './spool-options.ts';
import { SpoolReader } from './spool-reader.ts';
import type { Cursor } from './spool-reader.ts';
import { Trouble } from './trouble.ts';

export interface StorageParts {
  readonly config: SpoolConfig;
  readonly deps: SpoolDeps;
  readonly store: SegmentStore;
  readonly position: PositionFile;
  /** Something may be possible now that was not: there is more to read, or room. */
  readonly changed: () => void;
}

/**
 * Where accepted batches are: frames in segments and, behind them, those that the disk did not take yet. What is in memory is written in its order
 * as soon as the disk takes it; a frame whose sync failed goes back into memory and is written to another segment, never synced again.
 */
export class SpoolStorage {
  readonly #parts: StorageParts;
  readonly #store: SegmentStore;
  readonly #reader: SpoolReader;
  readonly #sync: GroupSync;
  readonly #trouble: Trouble;
  readonly #backlog = new Backlog();
  readonly #out = new HandedOut();
  readonly #syncWaiters: { readonly serial: number; readonly resolve: () => void }[] = [];
  /** From where on the frames of a segment are to be written to another. */
  readonly #suspects: Place[] = [];
  #serial = 0;
  #syncedSerial = 0;
  /** Accepted and not done. */
  #records = 0;
  /** Likewise, entries that are in memory only. */
  #unplaced = 0;
  #newest: NewestDone | undefined;
  #positionFailed = false;
  #readFailures = 0;
  #closed = false;

  constructor(parts: StorageParts) {
    const { store, deps, config, position } = parts;
    this.#parts = parts;
    this.#store = store;
    this.#newest = position.position?.newest;
    for (const segment of store.all) this.#records += segment.unread;
    const events = {
      passed: (segment: Segment, missing: { records: number; from: number; to: number }) => this.#missing(segment, missing),
      damaged: ({ path }: Segment, reason: string) => deps.onEvent({ what: 'damaged', path, reason }),
    };
    const start = position.position ?? { segment: 1, offset: 0, before: 0 };
    this.#reader = new SpoolReader({ fs: deps.fs, store, events }, start);
    this.#trouble = new Trouble({ after: deps.after, onEvent: deps.onEvent, retry: () => this.#retry() });
    this.#sync = new GroupSync(config.sync, {
      fs: deps.fs,
      folder: config.folder,
      store,
      after: deps.after,
      synced: (serial) => this.#synced(serial),
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

  get empty(): boolean {
    return this.#records === 0 && this.#unplaced === 0;
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
    const { items, bytes } = batch;
    const { highest } = contentsOf(items);
    const serial = this.#serial + 1;
    const entry: Entry = { serial, records: items.length, highest, bytes, batch, frame, place: undefined, state: 'unread' };
    if (this.inMemory || !this.#write(entry)) {
      if (!mayWait) return false;
      // Encoded again when the disk takes it: less to keep until then.
      entry.frame = undefined;
      this.#backlog.append(entry);
      this.#unplaced += 1;
    }
    this.#serial = serial;
    this.#records += items.length;
    return true;
  }

  /** The next batch in order, handed out; undefined where there is none, or it has to be read from the disk first. */
  next(): Entry | undefined {
    if (this.#out.full) return undefined;
    const entry = this.#read() ?? (this.#reader.hasMore ? undefined : this.#backlog.shift());
    if (entry === undefined) {
      this.#load();
      return undefined;
    }
    entry.state = 'out';
    this.#out.append(entry);
    return entry;
  }

  done(entry: Entry): void {
    const { place, records, highest } = entry;
    entry.state = 'done';
    entry.batch = undefined;
    this.#records -= records;
    this.#noteDone(place?.segment.origin.agentId ?? this.#parts.deps.origin.agentId, highest);
    if (place === undefined) this.#unplaced -= 1;
    else {
      place.segment.takeBack(records);
      place.segment.forget(place.offset, entry);
    }
    this.#out.advance();
    this.#writePosition();
    if (place !== undefined && this.#store.removeIfDrained(place.segment)) this.#reader.leave(place.segment);
    if (this.#suspects.length > 0) this.#cutSuspects();
    if (this.empty) this.#synced(this.#serial);
    // What is done made room on the disk, perhaps the room that was lacking.
    if (this.inMemory && place?.segment.removed === true) this.#flush();
  }

  /** Resolves when all that is accepted by now is forced to the disk, or done; not while the disk takes nothing. */
  synced(): Promise<void> {
    const serial = this.#serial;
    if (this.#syncedSerial >= serial) return Promise.resolve();
    this.#sync.hurry();
    return new Promise((resolve) => this.#syncWaiters.push({ serial, resolve }));
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
    return this.#batchOf(entry);
  }

  /** Brings everything to the disk that it takes; the rest is lost, and said to be. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let tries = 0; tries < 2; tries += 1) {
      this.#flush();
      this.#store.seal();
      await this.#sync.finish();
      if (!this.inMemory) break;
    }
    this.#trouble.stop();
    this.#writePosition();
    for (const entry of this.#out.unplaced()) this.#lose(entry);
    for (let entry = this.#backlog.shift(); entry !== undefined; entry = this.#backlog.shift()) this.#lose(entry);
    this.#parts.position.close();
    this.#reader.close();
    this.#store.close();
  }

  #read(): Entry | undefined {
    let read = this.#reader.next();
    for (; read?.what === 'done'; read = this.#reader.next()) this.#out.appendDone(read.place, read.records);
    if (read === undefined) return undefined;
    this.#readFailures = 0;
    const entry = read.what === 'recent' ? read.entry : entryOf(read);
    entry.batch ??= this.#batchOf(entry);
    entry.place?.segment.handOut(entry.records);
    return entry;
  }

  #load(): void {
    if (this.#reader.loading || !this.#reader.hasMore || this.#closed) return;
    this.#reader.load().then(
      () => this.#parts.changed(),
      (error: unknown) => this.#readFailed(error),
    );
  }

  #readFailed(error: unknown): void {
    if (this.#closed) return;
    this.#readFailures += 1;
    if (this.#readFailures >= MAX_READ_FAILURES) {
      this.#readFailures = 0;
      this.#reader.giveUp(error instanceof Error ? error.message : String(error));
      this.#parts.changed();
    } else this.#parts.deps.after(READ_AGAIN_MS, () => this.#parts.changed());
  }

  #batchOf(entry: Entry): Batch<Encoded> {
    if (entry.batch !== undefined) return entry.batch;
    const frame = entry.frame as Buffer;
    return decodeFrame(frame, parseHead(frame, 0) as FrameHead, this.#parts.deps.origin);
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

  #synced(serial: number): void {
    if (this.inMemory) return;
    this.#trouble.over();
    this.#syncedSerial = Math.max(this.#syncedSerial, serial);
    while ((this.#syncWaiters[0]?.serial ?? Infinity) <= this.#syncedSerial) this.#syncWaiters.shift()?.resolve();
  }

  #syncFailed(failed: Segment, cause: unknown): void {
    const isFirst = this.#trouble.error === undefined;
    this.#trouble.met(asFileError(cause, { action: 'sync', path: failed.path }));
    const again: Entry[] = [];
    for (const segment of [...this.#store.all]) {
      if (segment.number < failed.number) continue;
      const entries = segment.takeRecent();
      const first = entries[0]?.place;
      this.#store.abandon(segment);
      if (first === undefined) continue;
      again.push(...entries);
      this.#store.suspect(segment, first.offset);
      this.#suspects.push(first);
    }
    for (const entry of again) entry.place = undefined;
    this.#backlog.prepend(again.filter(({ state }) => state === 'unread'));
    this.#unplaced += again.length;
    // At once only the first time: a disk that fails every sync is not to be worn out.
    if (isFirst) this.#flush();
  }

  #noteDone(agentId: Uint8Array, sequence: number): void {
    if (sequence === 0) return;
    const same = this.#newest !== undefined && Buffer.compare(this.#newest.agentId, agentId) === 0;
    if (!same) this.#newest = { agentId, sequence };
    else if (sequence > (this.#newest?.sequence ?? 0)) this.#newest = { agentId, sequence };
  }

  #writePosition(): void {
    if (this.#closed && this.#positionFailed) return;
    const { segment, offset, before } = this.#firstUndone();
    try {
      this.#parts.position.write({ segment, offset, before, newest: this.#newest, done: this.#doneBeyond() });
      this.#positionFailed = false;
    } catch (error) {
      if (!this.#positionFailed) {
        const path = this.#parts.config.folder;
        this.#parts.deps.onEvent({ what: 'position', error: asFileError(error, { action: 'write the position in', path }) });
      }
      this.#positionFailed = true;
    }
  }

  #firstUndone(): Cursor {
    const { cursor } = this.#reader;
    // What is in memory only may have to be read from where it was before.
    const place = this.#out.first?.place ?? this.#suspects[0];
    if (place === undefined) return cursor;
    const { segment, offset, before } = place;
    const isRead = segment.number < cursor.segment || (segment.number === cursor.segment && offset <= cursor.offset);
    return isRead ? { segment: segment.number, offset, before } : cursor;
  }

  /** By this run, and by earlier ones where the reader is not yet. */
  #doneBeyond(): readonly DoneFrame[] {
    const done = this.#out.doneBeyondFirst();
    for (const segment of this.#store.all)
      for (const [offset, records] of segment.done) done.push({ segment: segment.number, offset, records });
    return done;
  }

  #missing(segment: Segment, { records, from, to }: { records: number; from: number; to: number }): void {
    this.#records -= records;
    // Fewer than none: the position said less than was done, which a power cut may leave.
    if (records < 0) return;
    const dropped = { agentId: segment.origin.agentId, fromSequence: from, toSequence: to, count: records, checkpoints: [] };
    this.#parts.deps.onEvent({ what: 'lost', reason: 'corrupt', dropped });
  }

  #lose(entry: Entry): void {
    const { items } = this.#batchOf(entry);
    const { lowest, highest, sequenced } = contentsOf(items);
    const checkpoints = items.filter(({ sequence }) => sequence === 0);
    const dropped = { fromSequence: lowest, toSequence: highest, count: sequenced, items, checkpoints };
    this.#parts.deps.onEvent({ what: 'lost', reason: 'shutdown', dropped });
  }
}

/** What a disk does not read at the third time it is taken not to have. */
const MAX_READ_FAILURES = 3;
const READ_AGAIN_MS = 1000;

function entryOf({ batch, place, highest }: { batch: Batch<Encoded>; place: Place; highest: number }): Entry {
  return { serial: 0, records: batch.items.length, highest, bytes: batch.bytes, batch, frame: undefined, place, state: 'unread' };
}

function asFileError(error: unknown, action: { action: string; path: string }): AgentError {
  return error instanceof AgentError ? error : fileError(action, error);
}
