import { opendirSync } from 'node:fs';
import type { Dir } from 'node:fs';

/** Walks the pids of `/proc`, a few at a time. Threads are not listed there; processes born during the walk may or may not be. */
export class ProcfsScan {
  readonly #directory: Dir;
  #open = true;

  constructor(root = '/proc') {
    this.#directory = opendirSync(root, { bufferSize: 256 });
  }

  /** The next pid, or undefined when all were given. */
  next(): number | undefined {
    while (this.#open) {
      const entry = this.#directory.readSync();
      if (entry === null) {
        this.close();
        return undefined;
      }
      const pid = Number(entry.name);
      if (Number.isInteger(pid)) return pid;
    }
    return undefined;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#directory.closeSync();
  }
}
