import { closeSync, openSync, readSync } from 'node:fs';

/** As much as is looked through; what stands behind it is not found. Linux allows 2 MiB and more, programs use a few KiB. */
const MAX_ENVIRON_BYTES = 256 * 1024;
const EQUALS = 0x3d;

/**
 * Copies chosen variables out of `/proc/<pid>/environ`, as `NAME=value` with a NUL after each. The others go no further than the scratch memory here: they hold
 * secrets more often than not. What a program changes after its exec is not in that file.
 */
export class ChosenEnviron {
  readonly #names: ReadonlySet<string>;
  readonly #longest: number;
  readonly #scratch: Buffer;

  constructor(names: readonly string[]) {
    this.#names = new Set(names);
    this.#longest = Math.max(0, ...names.map((name) => Buffer.byteLength(name)));
    this.#scratch = Buffer.alloc(names.length === 0 ? 0 : MAX_ENVIRON_BYTES);
  }

  get isAny(): boolean {
    return this.#names.size > 0;
  }

  /** At most `room` bytes; what does not fit whole is left out. Returns their number, or −errno. @param directory `/proc/<pid>/` */
  copy(directory: string, target: Buffer, { at, room }: { readonly at: number; readonly room: number }): number {
    if (this.#names.size === 0) return 0;
    const size = this.#read(`${directory}environ`);
    if (size < 0) return size;
    let written = 0;
    for (let from = 0, end = 0; from < size; from = end + 1) {
      end = this.#scratch.indexOf(0, from);
      if (end < 0 || end >= size) break;
      const length = end + 1 - from;
      if (written + length > room || !this.#isChosen(from)) continue;
      this.#scratch.copy(target, at + written, from, end + 1);
      written += length;
    }
    return written;
  }

  /** Without a `=` of its own a variable has no name here: what stands before the next one's holds a NUL. */
  #isChosen(from: number): boolean {
    const equals = this.#scratch.indexOf(EQUALS, from);
    if (equals < 0 || equals - from > this.#longest) return false;
    return this.#names.has(this.#scratch.toString('utf8', from, equals));
  }

  /** procfs gives a page at a time. */
  #read(path: string): number {
    try {
      const fd = openSync(path, 'r');
      try {
        let size = 0;
        for (let got = -1; got !== 0 && size < this.#scratch.length; size += got)
          got = readSync(fd, this.#scratch, size, this.#scratch.length - size, null);
        return size;
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const { errno } = error as NodeJS.ErrnoException;
      if (errno === undefined) throw error;
      return -Math.abs(errno);
    }
  }
}
