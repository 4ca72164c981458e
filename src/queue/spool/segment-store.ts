import { join } from 'node:path';
import type { Origin } from '../../core/encoded.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import type { Place } from './segment.ts';
import { encodeSeal, parseHead, stamp } from './frame.ts';
import type { FrameHead } from './frame.ts';
import { moveToQuarantine } from './quarantine.ts';
import { Segment } from './segment.ts';
import { encodeHeader, segmentName } from './segment-header.ts';
import { writeWhole } from './spool-fs.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

export interface StoreOptions {
  readonly folder: string;
  /** A segment is ended before a frame that would make it larger. */
  readonly segmentBytes: number;
  /** Likewise by records. */
  readonly segmentRecords: number;
  readonly quarantineBytes: number;
  readonly sinkId: Uint8Array;
  readonly origin: Origin;
  readonly nowUs: () => number;
}

/** A drained segment that nobody has ended yet is given up at this size, so that a spool that runs empty takes no room. */
const DRAINED_BYTES = 1 << 20;

/** The segments of a spool in their order: appends to the last, removes what is drained. Errors are the system's own where nothing else is said. */
export class SegmentStore {
  readonly #fs: SpoolFs;
  readonly #options: StoreOptions;
  readonly #segments: Segment[];
  #active: Segment | undefined;
  #nextNumber: number;
  #bytes = 0;
  /** Drained, but the system would not let them go. */
  #stuck: Segment[] = [];

  constructor(fs: SpoolFs, options: StoreOptions, found: { readonly segments: readonly Segment[]; readonly nextNumber: number }) {
    this.#fs = fs;
    this.#options = options;
    this.#segments = [...found.segments];
    this.#nextNumber = found.nextNumber;
    for (const { end } of found.segments) this.#bytes += end;
  }

  get all(): readonly Segment[] {
    return this.#segments;
  }

  get nextNumber(): number {
    return this.#nextNumber;
  }

  /** The first segment with this number or a higher one. */
  from(number: number): Segment | undefined {
    return this.#segments.find((segment) => segment.number >= number);
  }

  /** Bytes of files in which something waits. */
  get bytes(): number {
    return this.#active?.drained === true ? this.#bytes - this.#active.end : this.#bytes;
  }

  /** Writes the frame to the end of the last segment, or to a new one; throws with nothing of it left behind. */
  append(frame: Buffer): Place {
    const head = parseHead(frame, 0) as FrameHead;
    const active = this.#active;
    if (active !== undefined && this.#isFull(active, head)) this.seal();
    const segment = this.#active === undefined ? this.#begin(frame) : this.#extend(this.#active, frame);
    const place = segment.append(head);
    this.#bytes += head.bytes;
    return place;
  }

  /** Ends the segment that is written to. That its seal cannot be written costs no more than counting its frames at the next start. */
  seal(): void {
    const segment = this.#active;
    if (segment === undefined) return;
    if (segment.drained) this.#remove(segment);
    else this.#writeSeal(segment);
    this.abandon(segment);
  }

  #writeSeal(segment: Segment): void {
    const seal = encodeSeal(segment.contents, segment.frames);
    stamp(seal, segment.number);
    try {
      this.#writeAt(segment, seal, segment.end);
    } catch {
      this.#cut(segment);
    }
  }

  /** Nothing more is written to it, not even a seal. */
  abandon(segment: Segment): void {
    segment.sealed = true;
    if (this.#active === segment) this.#active = undefined;
    if (!segment.syncing && !segment.suspect && segment.syncedEnd >= segment.end) this.closeFile(segment);
  }

  /** What lies from here on is in memory now; the file keeps it until `cutSuspect`, for it may be needed after a crash. */
  suspect({ segment, offset, contents }: Place): void {
    this.#bytes -= segment.end - offset;
    segment.end = offset;
    segment.contents = contents ?? segment.contents;
    segment.suspect = true;
    this.abandon(segment);
  }

  /** What was behind the end is somewhere else now, or done. Where the system will not cut, a next run may find it twice. */
  cutSuspect(segment: Segment): void {
    segment.suspect = false;
    if (segment.file !== undefined) this.#cut(segment);
    this.closeFile(segment);
    this.removeIfDrained(segment);
  }

  /** Removes the segment where nothing of it is needed any more; says whether it is gone. */
  removeIfDrained(segment: Segment): boolean {
    if (!segment.drained || segment.suspect || segment.removed) return segment.removed;
    if (!segment.sealed && segment.end < DRAINED_BYTES) return false;
    this.#remove(segment);
    return true;
  }

  #remove(segment: Segment): void {
    this.take(segment);
    this.discard(segment);
  }

  /** Takes it out of the order; its file stays. */
  take(segment: Segment): void {
    this.#segments.splice(this.#segments.indexOf(segment), 1);
    this.#bytes -= segment.end;
    segment.removed = true;
    this.abandon(segment);
  }

  /** Removes the file of a segment that was taken out, or puts it aside where it is damaged. */
  discard(segment: Segment): void {
    this.#stuck.push(segment);
    this.#discardStuck();
    if (!segment.syncing) this.closeFile(segment);
  }

  closeFile(segment: Segment): void {
    if (segment.file === undefined) return;
    this.#fs.close(segment.file);
    segment.file = undefined;
  }

  /** Closes everything; the segments stay as they are. */
  close(): void {
    this.#discardStuck();
    for (const segment of this.#segments) this.closeFile(segment);
  }

  /** What the system refuses is tried again with the next one; the position is beyond it, so the next start would remove it as well. */
  #discardStuck(): void {
    this.#stuck = this.#stuck.filter((segment) => !this.#discardFile(segment));
  }

  #discardFile({ path, damaged }: Segment): boolean {
    const { folder, quarantineBytes } = this.#options;
    try {
      if (damaged) moveToQuarantine(this.#fs, path, { folder, maxBytes: quarantineBytes });
      else this.#fs.remove(path);
      return true;
    } catch (error) {
      return errnoName(error) === 'ENOENT';
    }
  }

  #isFull(segment: Segment, frame: FrameHead): boolean {
    if (segment.frames === 0) return false;
    const { segmentBytes, segmentRecords } = this.#options;
    return segment.end + frame.bytes > segmentBytes || segment.contents.records + frame.records > segmentRecords;
  }

  /** The header and the first frame in one write: a file without frames is never seen but after a crash. */
  #begin(frame: Buffer): Segment {
    const { folder, sinkId, origin, nowUs } = this.#options;
    const number = this.#nextNumber;
    const createdUs = nowUs();
    const header = encodeHeader({ number, createdUs, sinkId, agentId: origin.agentId, format: origin.format });
    const path = join(folder, segmentName(number));
    const segment = new Segment({ number, path, origin, headerBytes: header.length, createdUs });
    const file = this.#create(path);
    segment.file = file;
    // Also where it fails from here on: the number is used.
    this.#nextNumber += 1;
    stamp(frame, number);
    try {
      writeWhole(this.#fs, file, { bytes: Buffer.concat([header, frame]), at: 0 });
    } catch (error) {
      this.#unmake(segment);
      throw fileError({ action: 'write', path }, error);
    }
    this.#segments.push(segment);
    this.#bytes += header.length;
    this.#active = segment;
    return segment;
  }

  /** Makes the folder again where somebody removed it. */
  #create(path: string): FileId {
    try {
      return this.#fs.open(path, 'create');
    } catch (error) {
      if (errnoName(error) !== 'ENOENT') throw error;
      this.#fs.makeFolder(this.#options.folder);
      return this.#fs.open(path, 'create');
    }
  }

  #unmake(segment: Segment): void {
    segment.end = 0;
    this.#cut(segment);
    this.closeFile(segment);
    try {
      this.#fs.remove(segment.path);
    } catch {
      // Without a sound frame in it the next start removes it.
    }
  }

  #extend(segment: Segment, frame: Buffer): Segment {
    stamp(frame, segment.number);
    try {
      this.#writeAt(segment, frame, segment.end);
    } catch (error) {
      if (!this.#cut(segment)) this.abandon(segment);
      throw fileError({ action: 'write', path: segment.path }, error);
    }
    return segment;
  }

  #writeAt({ file }: Segment, bytes: Buffer, at: number): void {
    if (file !== undefined) writeWhole(this.#fs, file, { bytes, at });
  }

  #cut({ file, end }: Segment): boolean {
    try {
      if (file !== undefined) this.#fs.truncate(file, end);
      return true;
    } catch {
      // What is behind the end is torn for everybody who reads it, and nothing is written there any more.
      return false;
    }
  }
}
