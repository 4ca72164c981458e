import { FRAME_HEAD_BYTES, FRAME_MAGIC, FrameType, isSound, parseHead } from './frame.ts';
import type { FrameHead } from './frame.ts';
import { readInto } from './spool-fs.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

/** Read at once: many frames for one call, and little enough to have lying about. */
const CHUNK_BYTES = 256 << 10;

const NOTHING = Buffer.alloc(0);

/** What is walked through; `end` may grow. */
export interface Walked {
  readonly number: number;
  readonly end: number;
}

/** A sound frame; the bytes are overwritten by the next `load`. */
export interface FoundFrame {
  readonly at: number;
  readonly head: FrameHead;
  readonly frame: Buffer;
}

/** Bytes that are no sound frame. */
export interface Damage {
  readonly from: number;
  readonly to: number;
}

/**
 * Goes from frame to frame of one segment, and over what is damaged to the next sound one. `take` never waits: where it has nothing although
 * the end is not reached, `load` gets more.
 */
export class FrameWalk {
  readonly #fs: Pick<SpoolFs, 'read'>;
  readonly #file: FileId;
  readonly #walked: Walked;
  #at: number;
  /** Used again for each chunk: nobody keeps a frame beyond the next load. */
  #buffer: Buffer = NOTHING;
  #chunk: Buffer = NOTHING;
  #chunkAt = 0;
  #needed = CHUNK_BYTES;
  #isDamaged = false;

  constructor(fs: Pick<SpoolFs, 'read'>, file: FileId, { walked, at }: { readonly walked: Walked; readonly at: number }) {
    this.#fs = fs;
    this.#file = file;
    this.#walked = walked;
    this.#at = at;
  }

  /** Where the next frame is, or damage begins. */
  get at(): number {
    return this.#at;
  }

  moveTo(at: number): void {
    if (at !== this.#at) this.#isDamaged = false;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#walked.end;
  }

  /** Passes over the frame at hand. */
  take(): FoundFrame | undefined {
    if (this.atEnd || this.#isDamaged) return undefined;
    const found = this.#look(this.#at);
    if (found === 'damage') this.#isDamaged = true;
    if (typeof found === 'string') return undefined;
    this.#at += found.head.bytes;
    return found;
  }

  /** Reads what `take` lacks; resolves with the damage that was passed over for it. Rejects with the system's error. */
  async load(): Promise<Damage | undefined> {
    if (this.#isDamaged) return this.#passDamage();
    await this.#read(this.#at, this.#needed);
    return undefined;
  }

  async #passDamage(): Promise<Damage> {
    const from = this.#at;
    const { end } = this.#walked;
    let next = from + 1;
    while (next < end) {
      const candidate = this.#magicFrom(next);
      if (candidate < 0) {
        const chunkEnd = this.#chunkAt + this.#chunk.length;
        if (next >= this.#chunkAt && chunkEnd >= end) break;
        // The magic may lie across the end of the chunk.
        if (next >= this.#chunkAt) next = Math.max(next, chunkEnd - FRAME_MAGIC.length + 1);
        await this.#read(next, CHUNK_BYTES);
        continue;
      }
      next = candidate;
      const found = this.#look(next);
      if (typeof found === 'object') return this.#resume(from, next);
      if (found === 'more') await this.#read(next, this.#needed);
      else next += 1;
    }
    return this.#resume(from, end);
  }

  #resume(from: number, to: number): Damage {
    this.#at = to;
    this.#isDamaged = false;
    return { from, to };
  }

  /** In the chunk; −1 where it has none. */
  #magicFrom(at: number): number {
    if (at < this.#chunkAt) return -1;
    const index = this.#chunk.indexOf(FRAME_MAGIC, at - this.#chunkAt);
    return index < 0 ? -1 : this.#chunkAt + index;
  }

  #look(at: number): FoundFrame | 'more' | 'damage' {
    const { number, end } = this.#walked;
    const index = at - this.#chunkAt;
    const have = index < 0 ? 0 : this.#chunk.length - index;
    if (end - at < FRAME_HEAD_BYTES) return 'damage';
    if (have < FRAME_HEAD_BYTES) return this.#more(CHUNK_BYTES);
    const head = parseHead(this.#chunk, index);
    if (head === undefined || head.bytes > end - at) return 'damage';
    if (have < head.bytes) return this.#more(Math.max(CHUNK_BYTES, head.bytes));
    const frame = this.#chunk.subarray(index, index + head.bytes);
    return isSound(frame, number) ? { at, head, frame } : 'damage';
  }

  #more(bytes: number): 'more' {
    this.#needed = bytes;
    return 'more';
  }

  async #read(at: number, length: number): Promise<void> {
    const { end } = this.#walked;
    const wanted = Math.min(length, end - at);
    // Nothing is taken from the chunk while it is filled.
    this.#chunk = NOTHING;
    if (this.#buffer.length < wanted) this.#buffer = Buffer.allocUnsafeSlow(Math.max(wanted, CHUNK_BYTES));
    const chunk = this.#buffer.subarray(0, wanted);
    const filled = await readInto(this.#fs, this.#file, { into: chunk, at });
    // The file is shorter than it was: what is missing is damage like any other.
    this.#chunk = chunk.fill(0, filled);
    this.#chunkAt = at;
    this.#needed = CHUNK_BYTES;
  }
}

/** Shows every sound batch from where the walk is to the end of what it walks through; each as long as the call lasts. Rejects with the system's error. */
export async function eachBatch(walk: FrameWalk, visit: (found: FoundFrame) => void): Promise<void> {
  while (!walk.atEnd) {
    for (let found = walk.take(); found !== undefined; found = walk.take()) if (found.head.type === FrameType.BATCH) visit(found);
    if (!walk.atEnd) await walk.load();
  }
}
