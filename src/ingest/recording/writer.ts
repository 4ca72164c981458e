import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { AgentError } from '../../core/errors.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import { escapeText } from '../../core/text.ts';
import type { RecordingEnd } from './end.ts';
import { BLOCK_BYTES, FRAME_HEAD_BYTES, MAGIC, MAX_SECTION_BYTES, Section, sectionBytes } from './format.ts';
import type { RecordingHeader } from './header.ts';
import { Redactor } from './redact.ts';

export type OpenFile = typeof open;

/** A recording is never written through or onto something that is there already. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Writes one recording, see format.ts. Frames are gathered in memory until `flush`; whoever adds them calls it when `isFull`, and now and then. A section is
 * written whole or not at all, so that the file is sound at any time but for a section that a kill interrupts.
 */
export class RecordingWriter {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #redactor: Redactor | undefined;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #size = 0;
  #frames = 0;
  #turn: Promise<void> = Promise.resolve();

  private constructor(path: string, file: FileHandle, redactor: Redactor | undefined) {
    this.path = path;
    this.#file = file;
    this.#redactor = redactor;
  }

  /** Creates the file, 0600 whatever the umask. Throws FILE_IO, also where there is one already. */
  static async create(path: string, { redact, openFile = open }: { redact: boolean; openFile?: OpenFile }): Promise<RecordingWriter> {
    try {
      const file = await openFile(path, FLAGS, 0o600);
      await file.chmod(0o600);
      return new RecordingWriter(path, file, redact ? new Redactor() : undefined);
    } catch (error) {
      switch (errnoName(error)) {
        case 'EEXIST':
          throw exists(path, error);
        case 'ENOENT':
          throw noFolder(path, error);
        default:
          throw fileError({ action: 'create', path }, error);
      }
    }
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#size;
  }

  get frames(): number {
    return this.#frames;
  }

  /** Enough is gathered for a section. */
  get isFull(): boolean {
    return this.#gatheredBytes >= BLOCK_BYTES;
  }

  begin(header: RecordingHeader): Promise<void> {
    const json = Buffer.from(JSON.stringify(header));
    return this.#inTurn(() => this.#write(Buffer.concat([MAGIC, sectionBytes(Section.HEADER, json, json.length)])));
  }

  /** Copies the frame's body. */
  add(frame: Uint8Array): void {
    const body = this.#redactor === undefined ? Buffer.from(frame) : this.#redactor.copy(frame);
    const head = Buffer.alloc(FRAME_HEAD_BYTES);
    head.writeUInt32LE(body.length, 0);
    this.#gathered.push(head, body);
    this.#gatheredBytes += head.length + body.length;
    this.#frames += 1;
  }

  /** Resolves when all that was added is written. Rejects with FILE_IO; then the file is as it was before, and what was added is kept for the next time. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#writeGathered());
  }

  /** Writes what is gathered and the end, and forces all to the disk. */
  async finish(end: Omit<RecordingEnd, 'frames'>): Promise<void> {
    await this.flush();
    const json = Buffer.from(JSON.stringify({ ...end, frames: this.#frames } satisfies RecordingEnd));
    await this.#inTurn(() => this.#write(sectionBytes(Section.END, json, json.length)));
    try {
      await this.#file.datasync();
    } catch (error) {
      throw fileError({ action: 'write', path: this.path }, error);
    }
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  /** Closes and removes it: nothing was recorded. */
  async discard(): Promise<void> {
    await this.close();
    await unlink(this.path);
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    // The next turn starts whatever became of this one; its own caller gets the error.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #writeGathered(): Promise<void> {
    if (this.#gatheredBytes === 0) return;
    const taken = this.#gathered;
    const plain = Buffer.concat(taken);
    if (plain.length > MAX_SECTION_BYTES) throw new AgentError('BUG', `${plain.length} bytes were gathered for one section of a recording`);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    try {
      await this.#write(sectionBytes(Section.FRAMES, zstdCompressSync(plain, { pledgedSrcSize: plain.length }), plain.length));
    } catch (error) {
      // Before what came meanwhile: a hole would be one that nobody has counted.
      this.#gathered = [...taken, ...this.#gathered];
      this.#gatheredBytes += plain.length;
      throw error;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        // A write may stop short, at the last free block of the disk for one; the next call then says why.
        const { bytesWritten } = await this.#file.write(bytes, written, bytes.length - written, this.#size + written);
        if (bytesWritten === 0) throw new Error('the system wrote nothing and gave no reason');
        written += bytesWritten;
      }
      this.#size += bytes.length;
    } catch (error) {
      await this.#cut();
      throw fileError({ action: 'write', path: this.path }, error);
    }
  }

  /** What a failed write left behind goes. If that fails as well the file is torn, which readers know how to take. */
  async #cut(): Promise<void> {
    await this.#file.truncate(this.#size).catch(() => undefined);
  }
}

function exists(path: string, cause: unknown): AgentError {
  return new AgentError('FILE_IO', `cannot create ${escapeText(path)}: it exists already`, {
    cause,
    context: { path, errno: 'EEXIST' },
    fix: 'name another file, or remove this one: a recording replaces nothing',
  });
}

function noFolder(path: string, cause: unknown): AgentError {
  const reason = path === '' ? 'it has no name' : `there is no folder ${escapeText(dirname(path))}`;
  return new AgentError('FILE_IO', `cannot create ${path === '' ? 'the recording' : escapeText(path)}: ${reason}`, {
    cause,
    context: { path, errno: 'ENOENT' },
    fix: 'name a file in a folder that exists',
  });
}
