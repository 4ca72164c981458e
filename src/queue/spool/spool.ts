import { join } from 'node:path';
import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import type { Delivery, Depth, DroppedBatch, Outcome } from '../../core/queue.ts';
import { fileError } from '../../core/system-error.ts';
import { LinkedList } from '../memory/linked-list.ts';
import { WaitingLine } from '../memory/waiting-line.ts';
import type { EvictingQueue } from '../when-full.ts';
import type { Entry } from './segment.ts';
import { FRAME_HEAD_BYTES, encodeFrame } from './frame.ts';
import { openStorage } from './open-storage.ts';
import type { NewestDone } from './position-file.ts';
import { LOCK } from './spool-folder.ts';
import type { SpoolConfig, SpoolDeps } from './spool-options.ts';
import type { SpoolStorage } from './spool-storage.ts';

/** A batch that waits in `push`, encoded at the first attempt. */
interface Asked {
  readonly batch: Batch<Encoded>;
}

/**
 * Queue on disk: what it accepted survives the process, and what is synced the machine; see `SpoolStorage` for how. Bounds are of files, which are
 * given back by whole segments, and of records. The law of queues holds as for `MemoryQueue`, with these differences:
 *
 * - Between runs `close` keeps what is queued. What is handed out is delivered again by the next run, unless it is `done` before `close` resolves: what is
 *   done later is said to come too late (an event).
 * - While the disk takes nothing, batches are accepted into memory within `memoryBytes`, and written as soon as it does.
 * - `makeRoom` gives up whole segments that nobody reads from, and says what they held.
 */
export class Spool implements EvictingQueue<Encoded> {
  readonly #config: SpoolConfig;
  readonly #deps: SpoolDeps;
  readonly #returned = new LinkedList<Entry>();
  readonly #pushers = new WaitingLine<Asked, void>();
  readonly #pullers = new WaitingLine<void, Delivery<Encoded> | undefined>();
  #handedOut = 0;
  #storage: SpoolStorage | undefined;
  #unlock: (() => Promise<void>) | undefined;
  #sinkId: Uint8Array | undefined;
  #previous: NewestDone | undefined;
  /** The last batch that was encoded: it may be offered again at once. */
  #encoded: { readonly batch: Batch<Encoded>; readonly frame: Buffer } | undefined;
  #storedBytes = 0;
  #ended = false;
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(config: SpoolConfig, deps: SpoolDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Locks the folder, finds what earlier runs left in it. Rejects with DATA_DIR_LOCKED, FILE_TOO_NEW, FILE_IO or the reason of `boot`. */
  async open(boot: AbortSignal): Promise<void> {
    const { folder } = this.#config;
    try {
      this.#deps.fs.makeFolder(folder);
      this.#unlock = await this.#deps.lock(join(folder, LOCK));
      const changed = (): void => this.#settle();
      const { storage, sinkId, previous } = await openStorage({ config: this.#config, deps: this.#deps, changed }, boot);
      this.#storage = storage;
      this.#sinkId = sinkId;
      this.#previous = previous;
    } catch (error) {
      await this.#unlock?.();
      boot.throwIfAborted();
      throw error instanceof AgentError ? error : fileError({ action: 'open the spool', path: folder }, error);
    }
  }

  /** Identity of the sink's queue, 16 bytes; there once it is open. */
  get sinkId(): Uint8Array {
    return this.#sinkId ?? notOpen();
  }

  /** The newest run before this one of which anything is known here, with the last sequence that it was seen to have accepted. */
  get previous(): NewestDone | undefined {
    return this.#previous;
  }

  /** Why not all that is accepted is on the disk; undefined while it is. */
  get trouble(): AgentError | undefined {
    return this.#storage?.trouble;
  }

  get depth(): Depth {
    return { events: this.#storage?.records ?? 0, bytes: this.#storage?.bytes ?? 0 };
  }

  /** Of all frames that were accepted since it was opened, whatever became of them. */
  get storedBytes(): number {
    return this.#storedBytes;
  }

  /** Resolves when all that is accepted by now is forced to the disk, or done; not while the disk takes nothing. */
  synced(): Promise<void> {
    return this.#open.synced();
  }

  async push(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.offer(batch)) return;
    if (this.#ended) throw ended();
    await this.#pushers.join({ batch }, signal, () => this.#settle());
  }

  offer(batch: Batch<Encoded>): boolean {
    if (this.#ended || !this.#pushers.empty || !this.#admit(batch)) return false;
    this.#answerPullers();
    return true;
  }

  append(batch: Batch<Encoded>): void {
    if (this.#ended) throw ended();
    if (batch.items.length > 0) this.#put(batch, this.#frameOf(batch), true);
    this.#answerPullers();
  }

  async pull(signal: AbortSignal): Promise<Delivery<Encoded> | undefined> {
    signal.throwIfAborted();
    const next = this.#pullers.empty ? this.#next() : undefined;
    if (next !== undefined) return next;
    if (this.#finished) return undefined;
    return this.#pullers.join(undefined, signal, () => {});
  }

  async makeRoom(batch: Batch<Encoded>): Promise<readonly (Batch<Encoded> | DroppedBatch)[]> {
    if (!this.#pushers.empty || this.#closed) return [];
    const storage = this.#open;
    if (storage.inMemory) return this.#makeRoomInMemory(batch);
    const dropped: DroppedBatch[] = [];
    while (!this.#closed && !storage.inMemory && !this.#fits(batch)) {
      // Asked each time: meanwhile the next may have been begun, or delivered.
      const victims = storage.evictable();
      const [oldest] = victims;
      if (oldest === undefined || !this.#wouldFit(batch, victims)) break;
      dropped.push(...(await storage.evict(oldest)));
    }
    return dropped;
  }

  end(): void {
    this.#ended = true;
    this.#answerPullers();
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#ended = true;
    this.#closed = true;
    this.#pushers.refuseAll(ended());
    this.#pullers.answerAll(undefined);
    await this.#storage?.close();
    await this.#unlock?.();
  }

  get #open(): SpoolStorage {
    return this.#storage ?? notOpen();
  }

  get #finished(): boolean {
    return this.#closed || (this.#ended && this.#pushers.empty && this.#open.empty);
  }

  /** There is more to hand out or more room than there was. */
  #settle(): void {
    if (this.#closed) return;
    for (let next = this.#pushers.next; next !== undefined && this.#admit(next.batch); next = this.#pushers.next)
      this.#pushers.answerFirst();
    this.#answerPullers();
  }

  #answerPullers(): void {
    while (!this.#pullers.empty) {
      const next = this.#next();
      if (next === undefined) break;
      this.#pullers.answerFirst(next);
    }
    if (this.#finished) this.#pullers.answerAll(undefined);
  }

  #admit(batch: Batch<Encoded>): boolean {
    if (batch.items.length === 0) return true;
    if (!this.#fits(batch)) return false;
    return this.#put(batch, this.#open.inMemory ? undefined : this.#frameOf(batch), this.#fitsMemory(batch));
  }

  #put(batch: Batch<Encoded>, frame: Buffer | undefined, mayWait: boolean): boolean {
    const taken = this.#open.put(batch, frame, mayWait);
    // What goes into memory is not compressed yet, and seldom much: counted as it is.
    if (taken) this.#storedBytes += frame?.length ?? batch.bytes;
    return taken;
  }

  #fits(batch: Batch<Encoded>): boolean {
    const storage = this.#open;
    if (storage.empty) return true;
    if (storage.records + batch.items.length > this.#config.maxEvents) return false;
    if (storage.inMemory) return this.#fitsMemory(batch);
    const left = this.#config.maxBytes - storage.bytes;
    return left > FRAME_HEAD_BYTES && this.#frameOf(batch).length <= left;
  }

  #fitsMemory(batch: Batch<Encoded>): boolean {
    const { memoryBytes } = this.#open;
    return memoryBytes === 0 || memoryBytes + batch.bytes <= this.#config.memoryBytes;
  }

  /** Whether it fits when all of these are gone. */
  #wouldFit(batch: Batch<Encoded>, victims: readonly { readonly end: number; readonly unread: number }[]): boolean {
    const { maxBytes, maxEvents } = this.#config;
    let { bytes, records } = this.#open;
    for (const { end, unread } of victims) {
      bytes -= end;
      records -= unread;
    }
    return records === 0 || (bytes + this.#frameOf(batch).length <= maxBytes && records + batch.items.length <= maxEvents);
  }

  #makeRoomInMemory(batch: Batch<Encoded>): readonly Batch<Encoded>[] {
    const evicted: Batch<Encoded>[] = [];
    while (!this.#fits(batch)) {
      const oldest = this.#open.evictFromMemory();
      if (oldest === undefined) break;
      evicted.push(oldest);
    }
    return evicted;
  }

  #frameOf(batch: Batch<Encoded>): Buffer {
    if (this.#encoded?.batch !== batch) this.#encoded = { batch, frame: encodeFrame(batch.items) };
    return this.#encoded.frame;
  }

  #next(): Delivery<Encoded> | undefined {
    if (this.#closed) return undefined;
    const entry = this.#returned.shift() ?? this.#first();
    return entry === undefined ? undefined : this.#deliver(entry);
  }

  /** The next that was never handed out. */
  #first(): Entry | undefined {
    const entry = this.#open.next();
    if (entry !== undefined) entry.order = this.#handedOut += 1;
    return entry;
  }

  #deliver(entry: Entry): Delivery<Encoded> {
    const batch = entry.batch as Batch<Encoded>;
    entry.state = 'out';
    let done = false;
    return {
      batch,
      done: (outcome) => {
        if (done) throw new AgentError('BUG', 'a delivery was reported done twice', { context: { outcome } });
        done = true;
        this.#done(entry, outcome);
      },
    };
  }

  #done(entry: Entry, outcome: Outcome): void {
    if (outcome === 'returned') this.#putBack(entry);
    else this.#open.done(entry);
    this.#settle();
  }

  #putBack(entry: Entry): void {
    entry.state = 'returned';
    let next = this.#returned.first;
    while (next !== undefined && next.value.order < entry.order) next = next.next;
    this.#returned.insertBefore(entry, next);
  }
}

function ended(): AgentError {
  return new AgentError('QUEUE_ENDED', 'the queue takes nothing any more: it was ended or closed');
}

function notOpen(): never {
  throw new AgentError('BUG', 'the spool is not open');
}
