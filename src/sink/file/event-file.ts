import { constants } from 'node:fs';
import type { FileHandle, open } from 'node:fs/promises';
import { unlink } from 'node:fs/promises';
import { errnoName, fileError } from '../../core/system-error.ts';

export type OpenFile = typeof open;

/** What a new file begins with, and the 16 bytes that end this and every block. */
export interface Beginning {
  readonly header: Uint8Array;
  readonly marker: Uint8Array;
}

/** `cut`: a failed write could not be undone; nothing is lost. `sync`: what the disk holds of the last seconds is unknown. */
export interface Broken {
  readonly during: 'cut' | 'sync';
  readonly error: unknown;
}

/** Write-only, and never through or onto something that is there already. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * One file being written: a header, then whole blocks. All that is before `size` is sound. Writes go to `size` explicitly, and what a failed
 * one left behind it is cut away at once, so readers of a growing file see at most one unfinished block at its end.
 */
export class EventFile {
  readonly path: string;
  /** As it began. */
  readonly marker: Uint8Array;
  readonly #open: FileHandle;
  #size = 0;
  #records = 0;
  #broken: Broken | undefined;
  #synced = false;

  private constructor(path: string, marker: Uint8Array, handle: FileHandle) {
    this.path = path;
    this.marker = marker;
    this.#open = handle;
  }

  /** Creates the file (0600 whatever the umask) with its header, or leaves nothing behind. Rejects with the system's own error. */
  static async create(path: string, { header, marker }: Beginning, openFile: OpenFile): Promise<EventFile> {
    const handle = await openFile(path, FLAGS, 0o600);
    const file = new EventFile(path, marker, handle);
    try {
      await handle.chmod(0o600);
      await file.#writeWhole(header);
    } catch (error) {
      // The first error is the one to report; what is left of a file without records is removed when the sink next opens.
      await file.discard().catch(() => undefined);
      throw error;
    }
    return file;
  }

  get size(): number {
    return this.#size;
  }

  get records(): number {
    return this.#records;
  }

  /** Set when the file must be left as it is, for recovery to cut it to what is sound. */
  get broken(): Broken | undefined {
    return this.#broken;
  }

  /** All or nothing: after a rejection (FILE_IO) the file is as before, or `broken` says why it is not. */
  async append(block: Uint8Array, records: number): Promise<void> {
    try {
      await this.#writeWhole(block);
    } catch (error) {
      await this.#cut();
      throw fileError({ action: 'write', path: this.path }, error);
    }
    this.#records += records;
  }

  /** Whether `sync` has succeeded before. */
  get synced(): boolean {
    return this.#synced;
  }

  /**
   * Forces what is written to the disk. Resolves false when the file has no name any more: somebody removed it. A failure breaks the file:
   * the kernel reports it once only, and a second attempt would succeed without the data being there.
   */
  async sync(): Promise<boolean> {
    try {
      await this.#open.datasync();
      this.#synced = true;
      return (await this.#open.stat()).nlink > 0;
    } catch (error) {
      this.#broken ??= { during: 'sync', error };
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#open.close();
  }

  /** Closes and removes it. */
  async discard(): Promise<void> {
    await this.#open.close();
    await unlink(this.path).catch((error: unknown) => {
      if (errnoName(error) !== 'ENOENT') throw error;
    });
  }

  async #writeWhole(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      // A write may stop short, at the last free block of the disk for one; the next call then says why.
      const { bytesWritten } = await this.#open.write(bytes, written, bytes.length - written, this.#size + written);
      if (bytesWritten === 0) throw new Error('the system wrote nothing and gave no reason');
      written += bytesWritten;
    }
    this.#size += written;
  }

  async #cut(): Promise<void> {
    try {
      await this.#open.truncate(this.#size);
    } catch (error) {
      this.#broken ??= { during: 'cut', error };
    }
  }
}
