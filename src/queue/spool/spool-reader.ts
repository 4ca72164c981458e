import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import { FrameType, decodeFrame } from './frame.ts';
import { FrameWalk } from './frame-walk.ts';
import type { FoundFrame } from './frame-walk.ts';
import { measureShortage, missingOf } from './losses.ts';
import type { Missing } from './losses.ts';
import type { Entry, Place, Segment } from './segment.ts';
import type { SegmentStore } from './segment-store.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

/** Where the reader is. */
export interface Cursor {
  readonly segment: number;
  readonly offset: number;
  /** Records of the segment before the offset. */
  readonly before: number;
}

export interface ReadFrame {
  readonly what: 'frame';
  readonly batch: Batch<Encoded>;
  readonly place: Place;
  readonly highest: number;
  readonly sequenced: number;
}

/** A frame that is in memory still, one read back, or one that an earlier run had done. */
export type Read =
  | { readonly what: 'recent'; readonly entry: Entry }
  | ReadFrame
  | { readonly what: 'done'; readonly place: Place; readonly records: number };

export interface ReaderEvents {
  /** Everything of the segment was read, and something was not there. */
  passed(segment: Segment, missing: Missing): void;
  /** Bytes of it are no sound frames. */
  damaged(segment: Segment, reason: string): void;
}

/** Reads the frames of all segments in their order. `next` never waits; where it has nothing although there `hasMore`, `load` gets it. */
export class SpoolReader {
  readonly #fs: SpoolFs;
  readonly #store: SegmentStore;
  readonly #events: ReaderEvents;
  #segment: Segment | undefined;
  /** The number of the segment to go on with, while there is none. */
  #number: number;
  #offset: number;
  #before: number;
  #walk: FrameWalk | undefined;
  /** What it goes through: not the segment at hand while one that was left is being read. */
  #walked: Segment | undefined;
  #file: FileId | undefined;
  #loading = false;
  /** Where records are missing: behind the last sound frame, before the next. */
  #gap = { from: 0, to: 0 };
  #highest = 0;

  constructor(parts: { readonly fs: SpoolFs; readonly store: SegmentStore; readonly events: ReaderEvents }, from: Cursor) {
    this.#fs = parts.fs;
    this.#store = parts.store;
    this.#events = parts.events;
    this.#number = from.segment;
    this.#offset = from.offset;
    this.#before = from.before;
  }

  get cursor(): Cursor {
    const segment = this.#segment?.number ?? this.#number;
    return { segment, offset: this.#offset, before: this.#before };
  }

  /** The segment whose frames it is among: one that it has not begun is not. */
  get inside(): Segment | undefined {
    return this.#segment !== undefined && this.#offset > this.#segment.headerBytes ? this.#segment : undefined;
  }

  /** The next frame, if it is at hand. */
  next(): Read | undefined {
    for (let segment = this.#arrive(); segment !== undefined; segment = this.#arrive()) {
      if (this.#offset >= segment.end) {
        if (!this.#pass(segment)) return undefined;
        continue;
      }
      const entry = segment.recent.get(this.#offset);
      if (entry?.place !== undefined && (entry.batch ?? entry.frame) !== undefined) {
        this.#noteSound(entry.highest, entry.highest);
        this.skipTo(entry.place, entry.records);
        return { what: 'recent', entry };
      }
      if (this.#walk === undefined || this.#walked !== segment) return undefined;
      this.#walk.moveTo(this.#offset);
      const found = this.#walk.take();
      if (found === undefined) return undefined;
      const read = this.#decode(segment, found);
      if (read !== undefined) return read;
    }
    return undefined;
  }

  /** Whether there is more on the disk, at hand or not. */
  get hasMore(): boolean {
    const segment = this.#arrive();
    return segment !== undefined && this.#offset < segment.end;
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** Rejects with the system's error; what was at hand before still is. */
  async load(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    this.#loading = true;
    try {
      const walk = this.#openWalk(segment);
      walk.moveTo(this.#offset);
      const damage = await walk.load();
      if (damage !== undefined && this.#file !== undefined && segment.shortage?.end !== segment.end)
        segment.shortage = await measureShortage(this.#fs, this.#file, segment);
      // Meanwhile the end of the segment may have been cut off, or all of it evicted, and another one begun.
      if (damage !== undefined && segment === this.#segment && walk === this.#walk && damage.from === this.#offset) {
        this.#damage(segment, `bytes ${damage.from} to ${damage.to} are no sound frames`);
        this.#offset = Math.min(damage.to, segment.end);
      }
    } finally {
      this.#loading = false;
      if (this.#segment !== segment) this.#closeStale();
    }
  }

  /** What cannot be read stays unread. */
  giveUp(reason: string): void {
    if (this.#segment === undefined) return;
    this.#damage(this.#segment, reason);
    this.#offset = this.#segment.end;
  }

  /** Goes to where a frame ends: all up to there was handed out. */
  skipTo({ segment, offset, bytes, before }: Place, records: number): void {
    if (this.#segment !== segment) this.#enter(segment);
    this.#offset = offset + bytes;
    this.#before = before + records;
  }

  /** The segment is no longer among the others. */
  leave(segment: Segment): void {
    if (this.#segment !== segment) return;
    this.#number = segment.number + 1;
    this.#segment = undefined;
    this.#offset = 0;
    this.#before = 0;
    if (!this.#loading) this.#closeStale();
  }

  close(): void {
    this.#segment = undefined;
    if (!this.#loading) this.#closeStale();
  }

  #arrive(): Segment | undefined {
    if (this.#segment?.removed === true) this.leave(this.#segment);
    if (this.#segment === undefined) {
      const next = this.#store.from(this.#number);
      if (next !== undefined) this.#enter(next);
    }
    return this.#segment;
  }

  #enter(segment: Segment): void {
    const resumed = this.#segment === undefined && segment.number === this.#number && this.#offset > 0;
    if (!resumed) {
      this.#offset = segment.headerBytes;
      this.#before = 0;
    }
    this.#offset = Math.max(this.#offset, segment.headerBytes);
    this.#segment = segment;
    this.#gap = { from: 0, to: 0 };
    this.#highest = 0;
    if (!this.#loading) this.#closeStale();
  }

  /** Goes on behind the segment, where it has an end already. */
  #pass(segment: Segment): boolean {
    if (segment.unread !== 0 || segment.unsure !== undefined) {
      const missing = missingOf(segment, { from: this.#gap.from, to: this.#gap.to || segment.contents.highest });
      segment.unread = 0;
      segment.unreadSequenced = 0;
      segment.unsure = undefined;
      this.#events.passed(segment, missing);
    }
    if (!segment.sealed) return false;
    this.leave(segment);
    this.#store.removeIfDrained(segment);
    return true;
  }

  #decode(segment: Segment, { at, head, frame }: FoundFrame): Read | undefined {
    const place = { segment, offset: at, bytes: head.bytes, before: this.#before, contents: undefined };
    const records = head.type === FrameType.BATCH ? head.records : 0;
    this.#offset = at + head.bytes;
    if (head.type === FrameType.FILLER) this.#noteGap();
    if (head.type !== FrameType.BATCH) return undefined;
    this.#before += records;
    if (segment.done.delete(at)) return { what: 'done', place, records };
    try {
      const batch = decodeFrame(frame, head, segment.origin);
      this.#noteSound(head.lowest, head.highest);
      return { what: 'frame', batch, place, highest: head.highest, sequenced: head.sequenced };
    } catch (error) {
      this.#damage(segment, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #noteSound(lowest: number, highest: number): void {
    if (this.#gap.from > 0 && this.#gap.to === 0 && lowest > this.#gap.from) this.#gap.to = lowest - 1;
    if (highest > this.#highest) this.#highest = highest;
  }

  #noteGap(): void {
    if (this.#gap.from === 0) this.#gap.from = this.#highest + 1;
    this.#gap.to = 0;
  }

  #damage(segment: Segment, reason: string): void {
    segment.damaged = true;
    this.#noteGap();
    this.#events.damaged(segment, reason);
  }

  #openWalk(segment: Segment): FrameWalk {
    if (this.#walk !== undefined) return this.#walk;
    this.#file = this.#fs.open(segment.path, 'read');
    this.#walked = segment;
    this.#walk = new FrameWalk(this.#fs, this.#file, { walked: segment, at: this.#offset });
    return this.#walk;
  }

  /** Not while something is read from it: its number could be given to another file. */
  #closeStale(): void {
    this.#walk = undefined;
    this.#walked = undefined;
    if (this.#file === undefined) return;
    this.#fs.close(this.#file);
    this.#file = undefined;
  }
}
