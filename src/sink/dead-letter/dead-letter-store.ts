import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { DeadLetters } from '../../core/dead-letters.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError } from '../../core/errors.ts';
import { fileError } from '../../core/system-error.ts';
import { uuidText } from '../../core/uuid.ts';
import { EventFile } from '../file/event-file.ts';
import type { OpenFile } from '../file/event-file.ts';
import { openFolder } from '../file/safe-folder.ts';
import type { FolderRules } from '../file/safe-folder.ts';
import { syncFolder } from '../file/sync-folder.ts';
import type { DeadLetterConfig } from './config.ts';
import { letterFiles, lineCount, readLetterFile } from './letter-files.ts';
import type { LetterFile } from './letter-files.ts';
import { letterLine } from './line.ts';
import { letterFileName } from './name.ts';

const DEAD_LETTER_FOLDER_RULES: FolderRules = {
  what: 'the folder for dead letters ',
  link: false,
  elsewhere: 'use another folder: --set agent.data_dir=FOLDER',
};

/** Small enough to be read whole, and to lose little with the oldest. */
const FILE_BYTES = 8 * 1024 * 1024;

export interface DeadLetterDeps {
  /** Made when it is first needed. */
  readonly folder: string;
  readonly sink: string;
  /** UUID as text, or null where the sink has none. */
  readonly sinkId: string | null;
  /** Of this run, UUID as text; records of earlier runs bring theirs along. */
  readonly agentId: string;
  /** What the bytes of this run's records are. */
  readonly format: string;
  readonly clock: Clock;
  readonly log: { error(fields: object, message: string): void };
  /** The system's; tests put disks that fail here. */
  readonly openFile?: OpenFile;
}

interface Waiting {
  readonly lines: Buffer;
  readonly kept: () => void;
  readonly refused: (error: AgentError) => void;
}

/**
 * Dead letters of one sink in files of a folder of its own. A record counts as kept when its line is written and forced to the disk; what comes
 * while the disk is busy goes along with the next such step, so that many at once cost little more than one. A run begins a file of its own,
 * so nothing is ever written behind a line that was torn. For one writer at a time: the lock of the agent's folder sees to that.
 */
export class DeadLetterStore implements DeadLetters {
  /** Records removed to make room, since the start. */
  removed = 0;
  readonly #config: DeadLetterConfig;
  readonly #deps: DeadLetterDeps;
  #waiting: Waiting[] = [];
  #busy = false;
  #work: Promise<void> = Promise.resolve();
  #file: EventFile | undefined;
  /** The others, oldest first. */
  #older: LetterFile[] = [];
  #closed = false;

  constructor(config: DeadLetterConfig, deps: DeadLetterDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  add(records: readonly Encoded[], error: AgentError): Promise<void> {
    if (this.#closed) return Promise.reject(new AgentError('BUG', 'the dead letters were written to after they were closed'));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const lines = Buffer.from(records.map((record) => this.#lineOf(record, error)).join(''));
    this.#waiting.push({ lines, kept: resolve, refused: reject });
    if (!this.#busy) this.#work = this.#run();
    return promise;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
    const file = this.#file;
    this.#file = undefined;
    await (file?.records === 0 ? file.discard() : file?.close());
  }

  #lineOf({ stream, kind, sequence, timeUs, bytes, origin }: Encoded, { code, message }: AgentError): string {
    const { sink, sinkId, agentId, format, clock } = this.#deps;
    return letterLine({
      time: new Date(clock.nowUs() / 1000).toISOString(),
      sink,
      sinkId,
      code,
      reason: message,
      agentId: origin === undefined ? agentId : uuidText(origin.agentId),
      sequence,
      stream,
      kind,
      eventTimeUs: timeUs,
      format: origin?.format ?? format,
      bytes,
    });
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#keep(Buffer.concat(group.map(({ lines }) => lines)));
        for (const { kept } of group) kept();
      } catch (error) {
        const known = error instanceof AgentError ? error : fileError({ action: 'keep dead letters in', path: this.#deps.folder }, error);
        for (const { refused } of group) refused(known);
      }
    }
    this.#busy = false;
  }

  async #keep(lines: Buffer): Promise<void> {
    if ((await this.#append(lines)) === undefined) return;
    // What a failed sync has left on the disk is not known, and a second one would not tell: the lines go into a new file.
    const trouble = await this.#append(lines);
    if (trouble !== undefined) throw trouble;
  }

  /** Why the file cannot be relied on any more, if so. Throws FILE_IO or DATA_DIR_* when nothing was written. */
  async #append(lines: Buffer): Promise<AgentError | undefined> {
    const file = await this.#fileFor(lines.length);
    const trouble = await write(file, lines);
    if (trouble === undefined) return undefined;
    if (trouble.during === 'write') throw trouble.error;
    await this.#leave(file);
    return trouble.error;
  }

  async #fileFor(bytes: number): Promise<EventFile> {
    const open = this.#file;
    const limit = Math.min(FILE_BYTES, this.#config.maxBytes / 8);
    if (open !== undefined && open.size > 0 && open.size + bytes > limit) await this.#leave(open);
    this.#file ??= await this.#begin();
    await this.#makeRoom(this.#file.size + bytes);
    return this.#file;
  }

  async #begin(): Promise<EventFile> {
    const { folder, openFile = open } = this.#deps;
    const held = await openFolder(folder, DEAD_LETTER_FOLDER_RULES);
    try {
      this.#older = await letterFiles(folder);
      const path = join(folder, letterFileName((this.#older.at(-1)?.number ?? 0) + 1));
      try {
        const file = await EventFile.create(path, { header: new Uint8Array(), marker: new Uint8Array() }, openFile);
        await syncFolder(held);
        return file;
      } catch (error) {
        throw fileError({ action: 'create', path }, error);
      }
    } finally {
      await held.close();
    }
  }

  async #leave(file: EventFile): Promise<void> {
    this.#file = undefined;
    await file.close();
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { maxBytes } = this.#config;
    let total = this.#older.reduce((sum, file) => sum + file.bytes, bytes);
    for (let oldest = this.#older[0]; oldest !== undefined && total > maxBytes; oldest = this.#older[0]) {
      await this.#remove(oldest);
      this.#older.shift();
      total -= oldest.bytes;
    }
  }

  /** What somebody else has removed meanwhile was not removed to make room. */
  async #remove({ path, bytes }: LetterFile): Promise<void> {
    const content = await readLetterFile(path);
    if (content === undefined) return;
    try {
      await unlink(path);
    } catch (error) {
      throw fileError({ action: 'remove', path }, error);
    }
    const records = lineCount(content);
    this.removed += records;
    const { sink, log } = this.#deps;
    log.error({ sink, path, records, bytes }, 'removed the oldest dead letters to stay within dead_letter.max_size');
  }
}

/** Appends and forces it to the disk. `write`: the file is as before; `sync`: what it holds is unknown. */
async function write(file: EventFile, lines: Buffer): Promise<{ during: 'write' | 'sync'; error: AgentError } | undefined> {
  try {
    await file.append(lines, 1);
    if (await file.sync()) return undefined;
    throw new Error('it was removed meanwhile');
  } catch (cause) {
    const error = cause instanceof AgentError ? cause : fileError({ action: 'keep dead letters in', path: file.path }, cause);
    return { during: cause instanceof AgentError && file.broken === undefined ? 'write' : 'sync', error };
  }
}
