import type { RecordContainer } from '../../core/container.ts';
import type { AgentError } from '../../core/errors.ts';
import { asAgentError } from '../../core/errors.ts';
import { Alarm } from './alarm.ts';
import { BlockBuffer } from './block-buffer.ts';
import type { FileSinkConfig } from './config.ts';
import type { EventFile } from './event-file.ts';
import { isNoSpace } from '../../core/system-error.ts';
import type { FileSeries } from './file-series.ts';
import type { Part } from './part.ts';

/**
 * Large enough to compress well and to make a system call cheap by event, small enough that a reader needs little memory. Never more than
 * a quarter of a file.
 */
const BLOCK_BYTES = 256 * 1024;
/** What a block adds around its body at most: two varints, the marker, and the growth of what does not compress. */
const BLOCK_OVERHEAD = 1024;

export interface WriterParts {
  readonly container: RecordContainer;
  readonly series: FileSeries;
  readonly config: FileSinkConfig;
  /** See FileSinkDeps: files grow old by the time of their records. */
  readonly reproducible: boolean;
}

/**
 * Writes one family of files. Parts queue up by reference; one task at a time takes from their front what fits a block, encodes it, writes
 * it, and settles the parts that are through. So blocks are in order, records are copied once, and a part that comes while a block is
 * being written costs nothing until its turn. A block that fails takes all waiting parts with it: what was written of each is then a prefix.
 */
export class StreamWriter {
  readonly #parts: WriterParts;
  readonly #buffer: BlockBuffer;
  readonly #linger = new Alarm(() => this.flush(), false);
  readonly #age = new Alarm(() => this.#finishSoon(), true);
  readonly #sync = new Alarm(() => this.#startSync(), true);
  #waiting: Part[] = [];
  #lingerMs: number;
  /** Write what waits although it is no full block. */
  #flushing = false;
  #finishDue = false;
  #busy = false;
  #work: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #finishing: Promise<void> = Promise.resolve();
  #file: EventFile | undefined;
  /** Time of the file's first record. */
  #begunUs = 0;

  constructor(parts: WriterParts) {
    this.#parts = parts;
    this.#lingerMs = parts.config.lingerMs;
    this.#buffer = new BlockBuffer(Math.min(BLOCK_BYTES, Math.floor(parts.config.rotateMaxBytes / 4)));
  }

  /** The file being written. */
  get path(): string | undefined {
    return this.#file?.path;
  }

  append(part: Part): void {
    this.#waiting.push(part);
    this.#wake();
  }

  /** Gives up what the part has in no block yet; see `Part.cancel`. */
  cancel(part: Part, reason: unknown): void {
    if (part.cancel(reason)) this.#waiting = this.#waiting.filter((other) => other !== part);
    if (this.#waiting.length === 0) this.#linger.cancel();
  }

  /** Writes now what waits for company. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#flushing = true;
    this.#wake();
  }

  /** From now on nothing waits for company. */
  drain(): void {
    this.#lingerMs = 0;
    this.#wake();
  }

  /** Writes what waits and finishes the file. Nothing may be appended from here on. */
  async close(): Promise<void> {
    this.drain();
    await this.#work;
    await this.#finishFile();
    await Promise.all([this.#finishing, this.#syncing]);
  }

  get #due(): boolean {
    if (this.#waiting.length === 0) return false;
    if (this.#flushing || this.#lingerMs === 0) return true;
    let bytes = 0;
    for (const part of this.#waiting) bytes += part.bytesLeft;
    return bytes >= this.#buffer.capacity;
  }

  #wake(): void {
    if (this.#busy) return;
    if (this.#due || this.#finishDue) this.#work = this.#run();
    else if (this.#waiting.length > 0) this.#linger.set(this.#lingerMs);
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#due || this.#finishDue) {
      if (this.#finishDue) await this.#finishFile();
      else await this.#writeBlock();
    }
    this.#busy = false;
    if (this.#waiting.length > 0) this.#linger.set(this.#lingerMs);
  }

  async #writeBlock(): Promise<void> {
    const buffer = this.#buffer;
    try {
      this.#gather();
      if (buffer.count > 0) await this.#writeGathered();
      this.#waiting = this.#waiting.filter((part) => !part.commit());
    } catch (error) {
      this.#fail(asAgentError(error));
    } finally {
      buffer.clear();
    }
  }

  #gather(): void {
    if (!this.#waiting.every((part) => part.fill(this.#buffer))) return;
    this.#flushing = false;
    this.#linger.cancel();
  }

  async #writeGathered(): Promise<void> {
    const { body, count } = this.#buffer;
    const file = await this.#fileFor(body.length);
    const block = await this.#parts.container.block(count, body, file.marker);
    await file.append(block, count);
    this.#sync.set(this.#parts.config.syncIntervalMs);
  }

  async #fileFor(bytes: number): Promise<EventFile> {
    const { config, series, reproducible } = this.#parts;
    const { firstSequence, firstTimeUs } = this.#buffer;
    const open = this.#file;
    const tooLarge = open !== undefined && open.size + bytes + BLOCK_OVERHEAD > config.rotateMaxBytes;
    const tooOld = reproducible && firstTimeUs - this.#begunUs >= config.rotateMaxAgeMs * 1000;
    if (open !== undefined && open.records > 0 && (tooLarge || tooOld)) await this.#finishFile();
    if (this.#file === undefined) {
      this.#file = await series.create({ sequence: firstSequence, timeUs: firstTimeUs });
      this.#begunUs = firstTimeUs;
      if (!reproducible) this.#age.set(config.rotateMaxAgeMs);
    }
    return this.#file;
  }

  #fail(error: AgentError): void {
    for (const part of this.#waiting) part.fail(error);
    this.#waiting = [];
    this.#flushing = false;
    this.#linger.cancel();
    // Where there is merely no room the file is as good as before; anything else may be the file's own trouble, which a new one has not.
    const errno = error.context['errno'];
    const full = typeof errno === 'string' && isNoSpace(errno);
    if (this.#file !== undefined && (this.#file.broken !== undefined || !full)) this.#finishDue = true;
  }

  /** Detaches the file and finishes it in the background; waits only for the one before it, so that there are never more than two. */
  async #finishFile(): Promise<void> {
    this.#finishDue = false;
    this.#age.cancel();
    this.#sync.cancel();
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    const before = this.#finishing;
    this.#finishing = before.then(() => this.#parts.series.finish(file));
    await before;
  }

  #finishSoon(): void {
    this.#finishDue = true;
    this.#wake();
  }

  #startSync(): void {
    const file = this.#file;
    if (file !== undefined) this.#syncing = this.#syncFile(file);
  }

  /** Beside the writes: a slow disk delays the next sync, not the next block. */
  async #syncFile(file: EventFile): Promise<void> {
    await this.#syncing;
    const sound = await this.#parts.series.sync(file);
    if (!sound && this.#file === file) this.#finishSoon();
  }
}
