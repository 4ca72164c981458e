import { zstdDecompressSync } from 'node:zlib';
import type { AgentError } from '../../core/errors.ts';
import type { RecordingEnd } from './end.ts';
import { parseEnd } from './end.ts';
import { damaged, newer, notRecording } from './faults.ts';
import { MAGIC, MAX_SECTION_BYTES, SECTION_HEAD_BYTES, Section, checksum, isRecording, parseSectionHead } from './format.ts';
import type { SectionHead } from './format.ts';
import { FrameCursor } from './frame-block.ts';
import type { FrameMemory } from './frame-block.ts';
import type { RecordingHeader } from './header.ts';
import { parseHeader } from './header.ts';

/** The next `length` bytes of the file; fewer at its end. */
export type ReadBytes = (length: number) => Promise<Buffer>;

/** The recording ends where nothing ends it: `bytes` from byte `at` on belong to a section that is not whole. */
export interface TornEnd {
  readonly at: number;
  readonly bytes: number;
}

/** Reads a recording frame by frame. Throws FILE_CORRUPT and FILE_TOO_NEW; what `read` throws passes through. */
export class RecordingReader {
  readonly header: RecordingHeader;
  /** Of `next`: its frames lie in here until the one after them. */
  readonly memory: FrameMemory;
  readonly #input: SectionReader;
  readonly #frames = new FrameCursor();
  #sectionAt = 0;
  #count = 0;
  #end: RecordingEnd | TornEnd | undefined;

  private constructor(input: SectionReader, header: RecordingHeader) {
    this.#input = input;
    this.header = header;
    this.memory = this.#frames.memory;
  }

  /** Reads up to the header; `name` is for messages. */
  static async open(read: ReadBytes, name: string): Promise<RecordingReader> {
    const input = new SectionReader(read, name);
    return new RecordingReader(input, await input.header());
  }

  /** Once `next` has said that there is nothing more: how the recording ends. */
  get end(): RecordingEnd | TornEnd | undefined {
    return this.#end;
  }

  /** Where the body of the next frame begins in `memory`; −1 after the last. */
  async next(): Promise<number> {
    for (;;) {
      const body = this.#guarded(() => this.#frames.next());
      if (body >= 0) {
        this.#count += 1;
        return body;
      }
      if (this.#end !== undefined || !(await this.#load())) return -1;
    }
  }

  /** False when that was all. */
  async #load(): Promise<boolean> {
    this.#sectionAt = this.#input.at;
    const section = await this.#input.next();
    if (section.what === 'frames') {
      this.#guarded(() => this.#frames.load(section.plain));
      return true;
    }
    if (section.what === 'end') this.#checkCount(section.end);
    this.#end = section.what === 'end' ? section.end : section;
    return false;
  }

  /** Sections that are sound can still be missing, or be there twice. One that had to stop says what it had gathered, not what found room. */
  #checkCount({ complete, frames }: RecordingEnd): void {
    if (complete && frames !== this.#count)
      throw this.#input.damaged(this.#sectionAt, `${this.#count} frames come before an end that counts ${frames}`);
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof RangeError) throw this.#input.damaged(this.#sectionAt, error.message);
      throw error;
    }
  }
}

type Found =
  | { readonly what: 'frames'; readonly plain: Buffer }
  | { readonly what: 'end'; readonly end: RecordingEnd }
  | ({ readonly what: 'torn' } & TornEnd);

/** Sections of a file, checked and unpacked. */
class SectionReader {
  /** Where the next section begins. */
  at = 0;
  readonly #read: ReadBytes;
  readonly #name: string;

  constructor(read: ReadBytes, name: string) {
    this.#read = read;
    this.#name = name;
  }

  damaged(at: number, reason: string): AgentError {
    return damaged(this.#name, at, reason);
  }

  async header(): Promise<RecordingHeader> {
    const magic = await this.#read(MAGIC.length);
    if (!isRecording(magic)) throw notRecording(this.#name);
    this.at = MAGIC.length;
    const section = await this.#section();
    if (!('head' in section)) throw this.damaged(this.at, 'it ends within its header');
    if (section.head.type !== Section.HEADER) throw this.damaged(MAGIC.length, 'it does not begin with a header');
    const parsed = parseHeader(section.stored);
    if ('newer' in parsed) throw newer(this.#name, parsed);
    if ('fault' in parsed) throw this.damaged(MAGIC.length, parsed.fault);
    return parsed.header;
  }

  async next(): Promise<Found> {
    const { at } = this;
    const section = await this.#section();
    if (!('head' in section)) return section;
    const { head, stored } = section;
    if (head.type === Section.FRAMES) return { what: 'frames', plain: this.#unpack(at, head, stored) };
    if (head.type !== Section.END) throw this.damaged(at, `a section of type ${head.type} is not expected there`);
    const end = parseEnd(stored);
    if (typeof end === 'string') throw this.damaged(at, end);
    return { what: 'end', end };
  }

  async #section(): Promise<{ readonly head: SectionHead; readonly stored: Buffer } | ({ readonly what: 'torn' } & TornEnd)> {
    const { at } = this;
    const bytes = await this.#read(SECTION_HEAD_BYTES);
    if (bytes.length < SECTION_HEAD_BYTES) return { what: 'torn', at, bytes: bytes.length };
    // What a power failure leaves at the end of a file that had grown.
    if (bytes.every((byte) => byte === 0)) return { what: 'torn', at, bytes: bytes.length };
    const head = parseSectionHead(bytes);
    if (head.stored > MAX_SECTION_BYTES || head.plain > MAX_SECTION_BYTES) throw this.damaged(at, 'not the beginning of a section');
    const stored = await this.#read(head.stored);
    if (stored.length < head.stored) return { what: 'torn', at, bytes: bytes.length + stored.length };
    if (checksum(bytes, stored) !== head.crc) throw this.damaged(at, 'a section with a wrong checksum');
    this.at = at + bytes.length + stored.length;
    return { head, stored };
  }

  #unpack(at: number, head: SectionHead, stored: Buffer): Buffer {
    let plain: Buffer;
    try {
      plain = zstdDecompressSync(stored, { maxOutputLength: MAX_SECTION_BYTES });
    } catch (error) {
      throw this.damaged(at, `frames that cannot be unpacked: ${(error as Error).message}`);
    }
    if (plain.length !== head.plain) throw this.damaged(at, `frames of ${plain.length} bytes that should be ${head.plain}`);
    return plain;
  }
}
