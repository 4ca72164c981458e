import { opendirSync } from 'node:fs';
import type { Dir } from 'node:fs';

const SCARCE: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/** Walks the pids of `/proc`, a few at a time. Threads are not listed there; processes born during the walk may or may not be. */
export class ProcfsScan {
  readonly #directory: Dir;
  #open = true;

  private constructor(directory: Dir) {
    this.#directory = directory;
  }

  /** undefined where the process, or the machine, has no descriptor or memory to spare just now. */
  static open(root = '/proc'): ProcfsScan | undefined {
    try {
      // One entry a read: a read that fails loses all that it had read.
      return new ProcfsScan(opendirSync(root, { bufferSize: 1 }));
    } catch (error) {
      if (SCARCE.has((error as NodeJS.ErrnoException).code)) return undefined;
      throw error;
    }
  }

  /** The next pid, or undefined when all were given. */
  next(): number | undefined {
    while (this.#open) {
      const name = this.#read();
      if (name === null) {
        this.close();
        return undefined;
      }
      const pid = Number(name);
      if (Number.isInteger(pid)) return pid;
    }
    return undefined;
  }

  /** The next name, null at the end; NaN for a process that ended while the kernel listed it: it has no file type then, and Node looks for one in vain. */
  #read(): string | number | null {
    try {
      return this.#directory.readSync()?.name ?? null;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Number.NaN;
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#directory.closeSync();
  }
}
