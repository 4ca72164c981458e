export interface FolderEntry {
  readonly name: string;
  readonly bytes: number;
  readonly isFile: boolean;
}

/** `create`: a new file, to write. `update`: to read and write, made where there is none. */
export type OpenMode = 'create' | 'update' | 'read';

/** An open file; a number as the system gives it. */
export type FileId = number;

/**
 * All that the spool asks of a file system. What it does for each batch is synchronous: *accepted* means written, and the page cache takes it in
 * microseconds. What waits for a disk is not. Errors are the system's own. Files are readable by their owner only, and links are not followed.
 */
export interface SpoolFs {
  /** Makes the folder (0700) and those above it where they are missing. */
  makeFolder(path: string): void;
  list(folder: string): readonly FolderEntry[];
  open(path: string, mode: OpenMode): FileId;
  close(file: FileId): void;
  /** Bytes written: fewer than given where the system stopped short. */
  write(file: FileId, bytes: Uint8Array, at: number): number;
  truncate(file: FileId, bytes: number): void;
  /** Bytes read: fewer than there is room for at the end of the file only. */
  read(file: FileId, into: Uint8Array, at: number): Promise<number>;
  /** fdatasync(2). */
  sync(file: FileId): Promise<void>;
  /** Makes the names in it last, of new files, renamed and removed ones, where the file system can. */
  syncFolder(path: string): Promise<void>;
  /** Whether the path leads to this file still: not where it, or a folder above it, was removed, moved or replaced. */
  isAt(file: FileId, path: string): boolean;
  rename(from: string, to: string): void;
  remove(path: string): void;
}

/** Writes all of it, or throws the system's error; what a failed write left behind is the caller's to cut off. */
export function writeWhole(fs: SpoolFs, file: FileId, { bytes, at }: { readonly bytes: Uint8Array; readonly at: number }): void {
  let written = 0;
  while (written < bytes.length) {
    // A write may stop short, at the last free block of the disk for one; the next call then says why.
    const count = fs.write(file, written === 0 ? bytes : bytes.subarray(written), at + written);
    if (count === 0) throw new Error('the system wrote nothing and gave no reason');
    written += count;
  }
}

/** Fills `into` from `at`; resolves with how much, less where the file ends before. */
export async function readInto(
  fs: Pick<SpoolFs, 'read'>,
  file: FileId,
  { into, at }: { readonly into: Buffer; readonly at: number },
): Promise<number> {
  let filled = 0;
  while (filled < into.length) {
    const count = await fs.read(file, filled === 0 ? into : into.subarray(filled), at + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}

/** Up to `length` bytes from `at`; fewer where the file ends before. */
export async function readUpTo(
  fs: SpoolFs,
  file: FileId,
  { at, length }: { readonly at: number; readonly length: number },
): Promise<Buffer> {
  const into = Buffer.allocUnsafeSlow(length);
  return into.subarray(0, await readInto(fs, file, { into, at }));
}
