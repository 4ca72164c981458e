import type { Batch } from '../../core/batch.ts';
import type { Encoded, Origin } from '../../core/encoded.ts';
import { NOTHING, addContents } from './frame.ts';
import type { Contents, FrameHead } from './frame.ts';
import type { Gap, Shortage, Unsure } from './shortfall.ts';
import type { FileId } from './spool-fs.ts';

/** Where a frame lies. */
export interface Place {
  readonly segment: Segment;
  readonly offset: number;
  readonly bytes: number;
  /** Records of the segment that lie before it. */
  readonly before: number;
  /** All that the segment holds before it; of what this run wrote. */
  readonly contents: Contents | undefined;
}

/** An accepted batch of which something is in memory: it is not on the disk, not synced, or handed out. */
export interface Entry {
  readonly serial: number;
  readonly records: number;
  /** Of these, those with a sequence. */
  readonly sequenced: number;
  /** Its place among those that were handed out; 0 before. */
  order: number;
  /** Its highest sequence; 0 where it has none. */
  readonly highest: number;
  /** What it takes of memory while it waits there. */
  readonly bytes: number;
  /** Absent where only the frame is kept. */
  batch: Batch<Encoded> | undefined;
  /** Absent where it is not encoded yet, or needed no more. */
  frame: Buffer | undefined;
  /** Absent while it is in memory only. */
  place: Place | undefined;
  /** `returned`: handed out before, and waiting again. */
  state: 'unread' | 'out' | 'returned' | 'done';
}

export interface SegmentParts {
  readonly number: number;
  readonly path: string;
  readonly origin: Origin;
  readonly headerBytes: number;
  readonly createdUs: number;
}

/** Frames of one segment that are kept to be written again where their sync fails: what is older stays where it is. */
const MAX_COPY_BYTES = 4 << 20;
/** Of these, batches that a reader close behind need not decode. */
const MAX_PLAIN_BYTES = 2 << 20;

/** One segment, as far as it has to be known while its frames lie on the disk. */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly origin: Origin;
  readonly headerBytes: number;
  readonly createdUs: number;
  /** Bytes up to the end of its last frame. */
  end: number;
  contents: Contents = NOTHING;
  frames = 0;
  /** Records that were not handed out yet. */
  unread = 0;
  /** Of these, those with a sequence; NaN where nobody knows. */
  unreadSequenced = 0;
  /** Frames that were, and are not done; and their records. */
  out = 0;
  outRecords = 0;
  /** Nothing will be appended. */
  sealed = false;
  /** Behind its end its file has frames that are in memory, and nowhere else. */
  suspect = false;
  /** Behind its end its file has a seal. */
  hasSeal = false;
  /** Something of it could not be read: it is kept for people to look at. */
  damaged = false;
  /** Found at the start, in their order. */
  readonly gaps: Gap[] = [];
  /** What may be missing besides; set where it is damaged and has no seal. */
  unsure: Unsure | undefined;
  /** Set where it was damaged when it was read. */
  shortage: Shortage | undefined;
  /** Set while it may be written or synced. */
  file: FileId | undefined;
  syncedEnd = 0;
  nameSynced = false;
  syncing = false;
  removed = false;
  /** What may have to be written again: not synced and not done, by offset and in its order. */
  readonly recent = new Map<number, Entry>();
  #copyBytes = 0;
  #plainBytes = 0;
  /** Up to where frames were forgotten for want of room. */
  #forsakenEnd = 0;
  /** Frames that an earlier run had done beyond its position, and their records. */
  readonly done = new Map<number, number>();

  constructor({ number, path, origin, headerBytes, createdUs }: SegmentParts) {
    this.number = number;
    this.path = path;
    this.origin = origin;
    this.headerBytes = headerBytes;
    this.createdUs = createdUs;
    this.end = headerBytes;
  }

  /** Nobody will ask for anything of it any more, nor is anything of it still to be told. */
  get drained(): boolean {
    return this.unread === 0 && this.out === 0 && this.unsure === undefined;
  }

  /** Takes account of a frame at its end, and says where that is. */
  append(head: FrameHead): Place {
    const place = { segment: this, offset: this.end, bytes: head.bytes, before: this.contents.records, contents: this.contents };
    this.end += head.bytes;
    this.contents = addContents(this.contents, head);
    this.frames += 1;
    return place;
  }

  /** Keeps what may have to be written again, the oldest no longer than there is room for it. */
  remember(place: Place, entry: Entry): void {
    this.recent.set(place.offset, entry);
    this.#copyBytes += place.bytes;
    this.#plainBytes += entry.batch?.bytes ?? 0;
    if (this.#plainBytes > MAX_PLAIN_BYTES) this.#plainBytes -= release(entry);
    for (const [offset, oldest] of this.recent) {
      if (this.#copyBytes <= MAX_COPY_BYTES) break;
      this.forsake(offset, oldest);
    }
  }

  forget(offset: number, entry: Entry): void {
    if (!this.recent.delete(offset)) return;
    this.#copyBytes -= entry.place?.bytes ?? 0;
    this.#plainBytes -= entry.batch?.bytes ?? 0;
    entry.frame = undefined;
  }

  /** Forgets what is neither synced nor done. */
  forsake(offset: number, entry: Entry): void {
    this.#forsakenEnd = Math.max(this.#forsakenEnd, offset + (entry.place?.bytes ?? 0));
    this.forget(offset, entry);
  }

  /** Of the frames that are kept. */
  get copyBytes(): number {
    return this.#copyBytes;
  }

  /** Something of it is not synced and can be written again no more. */
  get lacksCopies(): boolean {
    return this.#forsakenEnd > this.syncedEnd;
  }

  /** Takes out what may have to be written again, as if it had never been here. */
  takeRecent(): readonly Entry[] {
    const entries = [...this.recent.values()];
    this.recent.clear();
    this.#copyBytes = 0;
    this.#plainBytes = 0;
    for (const entry of entries) {
      if (entry.state === 'unread') this.#count(entry, -1);
      else this.takeBack(entry.records);
    }
    return entries;
  }

  /** The frame of this entry is its own now. */
  adopt(entry: Entry): void {
    this.#count(entry, 1);
    if (entry.state !== 'unread') this.handOut(entry);
  }

  handOut(entry: Entry): void {
    this.#count(entry, -1);
    this.out += 1;
    this.outRecords += entry.records;
  }

  takeBack(records: number): void {
    this.out -= 1;
    this.outRecords -= records;
  }

  #count({ records, sequenced }: Entry, sign: 1 | -1): void {
    this.unread += sign * records;
    this.unreadSequenced += sign * sequenced;
  }
}

function release(entry: Entry): number {
  const bytes = entry.batch?.bytes ?? 0;
  entry.batch = undefined;
  return bytes;
}
