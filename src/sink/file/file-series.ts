import { createHash, randomBytes } from 'node:crypto';
import { rename } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import type { RecordContainer } from '../../core/container.ts';
import { AgentError, asAgentError } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';
import type { EventDirectory } from './event-directory.ts';
import { EventFile } from './event-file.ts';
import type { OpenFile } from './event-file.ts';
import { exists } from './exists.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import type { FileCounters, FileLog } from './journal.ts';
import { OPEN_SUFFIX, basicTimestamp, finishedName } from './name.ts';
import type { Retention } from './retention.ts';

export interface SeriesParts {
  readonly stream: RecordStream;
  readonly container: RecordContainer;
  /** Goes into the header of every file; `agent_id` must be among it. */
  readonly meta: Readonly<Record<string, string>>;
  readonly directory: EventDirectory;
  readonly retention: Retention;
  readonly clock: Clock;
  readonly log: FileLog;
  readonly counters: FileCounters;
  readonly openFile: OpenFile;
  /** See FileSinkDeps. */
  readonly reproducible: boolean;
}

/** The record that a file begins with. */
export interface FirstRecord {
  readonly sequence: number;
  readonly timeUs: number;
}

const MARKER_BYTES = 16;

/** One family of files, one after the other: how they are named, begun and finished. */
export class FileSeries {
  readonly #parts: SeriesParts;
  readonly #agent: string;
  #counter = 0;

  constructor(parts: SeriesParts) {
    this.#parts = parts;
    const id = parts.meta['agent_id'] ?? '';
    if (!/^[0-9a-f]{8}/.test(id)) throw new AgentError('BUG', 'file metadata without an agent_id', { context: { id } });
    this.#agent = id.slice(0, 8);
  }

  /** Throws FILE_IO. `first` is the first record to come. */
  async create(first: FirstRecord): Promise<EventFile> {
    const { clock, container, directory, meta, openFile, reproducible } = this.#parts;
    const createdUs = reproducible ? first.timeUs : clock.nowUs();
    const header = { ...meta, first_sequence: String(first.sequence), created: new Date(createdUs / 1000).toISOString() };
    const marker = reproducible ? this.#derivedMarker(first) : randomBytes(MARKER_BYTES);
    let restored = false;
    for (;;) {
      const finished = directory.at(this.#nextName(createdUs));
      // Finishing renames, which would replace an earlier file of that name.
      if (await exists(finished)) continue;
      try {
        return await EventFile.create(finished + OPEN_SUFFIX, { marker, header: container.header(header, marker) }, openFile);
      } catch (error) {
        const errno = errnoName(error);
        if (errno === undefined) throw asAgentError(error);
        if (errno === 'ENOENT' && !restored) {
          await directory.restore();
          restored = true;
        } else if (errno !== 'EEXIST') {
          // Nothing has this name: what is written in the end is not to show how often it was tried.
          this.#counter -= 1;
          throw fileError({ action: 'create', path: finished + OPEN_SUFFIX }, error);
        }
      }
    }
  }

  /** Of the file's place among all: no two files of a run begin with the same record. */
  #derivedMarker({ sequence }: FirstRecord): Uint8Array {
    const { meta, stream } = this.#parts;
    return createHash('sha256').update(`${meta['agent_id']} ${stream} ${sequence}`).digest().subarray(0, MARKER_BYTES);
  }

  /** Whether what is written is on the disk and can be found there; when not, the file is to be finished. */
  async sync(file: EventFile): Promise<boolean> {
    try {
      const first = !file.synced;
      const named = await file.sync();
      if (first) await this.#parts.directory.sync();
      return named;
    } catch {
      // The file remembers it, and `finish` reports it.
      return false;
    }
  }

  /** Syncs, closes and renames the file, then lets retention work. Never rejects: what goes wrong is logged, and the file stays `.open`. */
  async finish(file: EventFile): Promise<void> {
    try {
      if (file.broken !== undefined) await this.#abandon(file);
      else if (file.records === 0) await file.discard();
      else await this.#complete(file);
    } catch (error) {
      this.#parts.log.error({ err: error, path: file.path, records: file.records }, 'could not finish an event file');
    }
    try {
      await this.#parts.retention.enforce();
    } catch (error) {
      this.#parts.log.warn(
        { err: error, path: this.#parts.directory.path },
        'could not remove old event files; the next rotation tries again',
      );
    }
  }

  async #complete(file: EventFile): Promise<void> {
    const { counters, directory, log } = this.#parts;
    const finished = file.path.slice(0, -OPEN_SUFFIX.length);
    const named = await file.sync().catch(() => undefined);
    if (named === undefined) {
      await this.#abandon(file);
      return;
    }
    await file.close();
    const { path, records, size: bytes } = file;
    if (!named) {
      log.error({ path, records }, 'an event file was removed while it was written: its records are lost');
      return;
    }
    await rename(path, finished);
    await directory.sync();
    counters.finished += 1;
    log.info({ path: finished, bytes, records }, 'finished an event file');
  }

  async #abandon(file: EventFile): Promise<void> {
    const { counters, log } = this.#parts;
    const { path, records, broken } = file;
    counters.abandoned += 1;
    const fields = { err: broken?.error, path, records };
    if (broken?.during === 'cut')
      log.warn(fields, 'gave up an event file whose end could not be mended; the next start recovers it, whole blocks are safe');
    else
      log.error(
        fields,
        'an event file could not be forced to the disk; what it holds may be lost in a power failure, the next start recovers it',
      );
    await file.close();
  }

  #nextName(createdUs: number): string {
    const { stream, container } = this.#parts;
    this.#counter += 1;
    return finishedName({
      stream,
      created: basicTimestamp(createdUs),
      agent: this.#agent,
      counter: this.#counter,
      extension: container.extension,
    });
  }
}
