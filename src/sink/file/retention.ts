import { lstat, unlink } from 'node:fs/promises';
import type { EventDirectory } from './event-directory.ts';
import { errnoName, fileError } from '../../core/system-error.ts';
import type { FileCounters, FileLog } from './journal.ts';
import { compareAge, parseName } from './name.ts';
import type { FileName } from './name.ts';

interface Finished {
  readonly entry: string;
  readonly name: FileName;
  readonly bytes: number;
}

export interface RetentionParts {
  readonly keepBytes: number;
  readonly directory: EventDirectory;
  readonly log: FileLog;
  readonly counters: FileCounters;
}

/** Keeps the finished files of both families, of this run and earlier ones, within `keepBytes`. */
export class Retention {
  readonly #parts: RetentionParts;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Removes the oldest files until the rest fits. Two runs at once do no harm: both see the same order. Throws FILE_IO. */
  async enforce(): Promise<void> {
    const files = await this.#finished();
    let total = files.reduce((sum, file) => sum + file.bytes, 0);
    for (const file of files) {
      if (total <= this.#parts.keepBytes) return;
      await this.#remove(file);
      total -= file.bytes;
    }
  }

  async #finished(): Promise<Finished[]> {
    const files: Finished[] = [];
    for (const entry of await this.#parts.directory.names()) {
      const name = parseName(entry);
      if (name === undefined || name.open) continue;
      const bytes = await this.#bytesOf(entry);
      if (bytes !== undefined) files.push({ entry, name, bytes });
    }
    return files.toSorted((a, b) => compareAge(a.name, b.name));
  }

  /** What it takes on the disk at most; a sparse file must not push out others. undefined: not a regular file, not ours, or gone meanwhile. */
  async #bytesOf(entry: string): Promise<number | undefined> {
    const path = this.#parts.directory.at(entry);
    try {
      const stats = await lstat(path);
      const ours = stats.isFile() && stats.uid === process.geteuid?.();
      return ours ? Math.min(stats.size, stats.blocks * 512) : undefined;
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return undefined;
      throw fileError({ action: 'look at', path }, error);
    }
  }

  async #remove(file: Finished): Promise<void> {
    const path = this.#parts.directory.at(file.entry);
    try {
      await unlink(path);
    } catch (error) {
      if (errnoName(error) === 'ENOENT') return;
      throw fileError({ action: 'remove', path }, error);
    }
    const { counters, keepBytes, log } = this.#parts;
    counters.removed += 1;
    counters.removedBytes += file.bytes;
    log.info({ path, bytes: file.bytes, keepBytes }, 'removed the oldest event file to stay within keep');
  }
}
