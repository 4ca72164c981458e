import type { Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import type { SpoolFs } from './spool-fs.ts';
import type { After } from './timers.ts';

export interface SyncPolicy {
  /** The longest that an accepted batch waits for its sync; 0: each is synced at once. */
  readonly intervalMs: number;
  /** Likewise by bytes. */
  readonly bytes: number;
}

export interface GroupSyncParts {
  readonly fs: SpoolFs;
  readonly folder: string;
  readonly store: SegmentStore;
  readonly after: After;
  /** All that was accepted up to the serial, and is on the disk, is there for good. */
  readonly synced: (serial: number) => void;
  /** The system could not write what it had taken for this segment; nothing of it that is not synced can be relied on. */
  readonly failed: (segment: Segment, error: unknown) => void;
}

/** Of all segments together, what is kept to be written again where a sync fails. */
const MAX_COPIED_BYTES = 8 << 20;

/** Forces segments to the disk, many batches at a time. What was done before its turn came costs no sync at all. */
export class GroupSync {
  readonly #parts: GroupSyncParts;
  readonly #policy: SyncPolicy;
  readonly #dirty = new Set<Segment>();
  #pending = 0;
  #serial = 0;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(policy: SyncPolicy, parts: GroupSyncParts) {
    this.#policy = policy;
    this.#parts = parts;
  }

  /** A frame of so many bytes was appended. */
  wrote(segment: Segment, bytes: number, serial: number): void {
    this.#dirty.add(segment);
    if (this.#dirty.size > 1) this.#forgetOldest();
    this.#pending += bytes;
    this.#serial = serial;
    if (this.#running !== undefined) return;
    if (this.#policy.intervalMs === 0 || this.#pending >= this.#policy.bytes) this.#start();
    else this.#cancel ??= this.#parts.after(this.#policy.intervalMs, () => this.#start());
  }

  /** Syncs what there is, now or right behind what is under way. */
  hurry(): void {
    if (this.#running === undefined) this.#start();
    else this.#again = true;
  }

  /** As `hurry`; resolves when it has ended, well or not. */
  async finish(): Promise<void> {
    await this.#running;
    this.#start();
    await this.#running;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #start(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#running !== undefined) return;
    this.#pending = 0;
    this.#again = false;
    this.#running = this.#pass().then(() => this.#ended());
  }

  #ended(): void {
    this.#running = undefined;
    if (this.#again) this.#start();
    else if (this.#pending > 0) this.#cancel ??= this.#parts.after(this.#policy.intervalMs, () => this.#start());
  }

  async #pass(): Promise<void> {
    const serial = this.#serial;
    for (const segment of [...this.#dirty].toSorted((a, b) => a.number - b.number)) {
      const error = await this.#sync(segment);
      if (error === undefined) continue;
      this.#parts.failed(segment, error.cause);
      return;
    }
    this.#parts.synced(serial);
  }

  async #sync(segment: Segment): Promise<{ readonly cause: unknown } | undefined> {
    const { end, file } = segment;
    this.#dirty.delete(segment);
    if (segment.removed || segment.drained) this.#forget(segment, end);
    // It is closed where it is synced already, or is not to be synced any more.
    if (segment.removed || segment.drained || file === undefined) return undefined;
    segment.syncing = true;
    try {
      await this.#parts.fs.sync(file);
      // What is written to a file without a name is gone with the process, and no call of the system says so.
      if (!this.#parts.fs.isAt(file, segment.path)) throw new Error('it was removed or moved while the agent runs');
      if (!segment.nameSynced) await this.#parts.fs.syncFolder(this.#parts.folder);
      segment.nameSynced = true;
      this.#forget(segment, end);
      return undefined;
    } catch (cause) {
      return segment.removed ? undefined : { cause };
    } finally {
      segment.syncing = false;
      if (segment.removed || (segment.sealed && !segment.suspect && segment.syncedEnd >= segment.end)) this.#parts.store.closeFile(segment);
    }
  }

  /** A disk that takes minutes for a sync must not fill the memory. */
  #forgetOldest(): void {
    let bytes = 0;
    for (const { copyBytes } of this.#dirty) bytes += copyBytes;
    for (const segment of this.#dirty) {
      if (bytes <= MAX_COPIED_BYTES) break;
      bytes -= segment.copyBytes;
      for (const [offset, entry] of segment.recent) segment.forsake(offset, entry);
    }
  }

  /** What lies before `end` need not be kept for writing it again. */
  #forget(segment: Segment, end: number): void {
    segment.syncedEnd = Math.max(segment.syncedEnd, end);
    for (const [offset, entry] of segment.recent) {
      if (offset >= end) break;
      segment.forget(offset, entry);
    }
  }
}
