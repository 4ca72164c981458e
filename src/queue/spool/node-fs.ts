import { closeSync, constants, fdatasync, fstatSync, fsync, ftruncateSync, lstatSync, mkdirSync, open, openSync, read } from 'node:fs';
import { close, readdirSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cannotSyncFolders, errnoName } from '../../core/system-error.ts';
import type { FileId, FolderEntry, OpenMode, SpoolFs } from './spool-fs.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_DIRECTORY } = constants;

/** Segments are read back by whoever wrote them too (a frame whose sync failed), so none is write-only. */
const FLAGS: Readonly<Record<OpenMode, number>> = {
  create: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW,
  update: O_RDWR | O_CREAT | O_NOFOLLOW,
  read: O_RDONLY | O_NOFOLLOW,
};

const [openSoon, closeSoon, syncFile, syncWhole] = [promisify(open), promisify(close), promisify(fdatasync), promisify(fsync)];

/** The files of this machine. */
export const nodeFs: SpoolFs = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  list,
  open: (path, mode) => openSync(path, FLAGS[mode], 0o600),
  close: closeSync,
  write: (file, bytes, at) => writeSync(file, bytes, 0, bytes.length, at),
  truncate: ftruncateSync,
  read: (file, into, at) =>
    new Promise((resolve, reject) => {
      read(file, into, 0, into.length, at, (error, count) => (error === null ? resolve(count) : reject(error)));
    }),
  sync: syncFile,
  syncFolder,
  isAt,
  rename: renameSync,
  remove: unlinkSync,
};

function list(folder: string): readonly FolderEntry[] {
  const entries: FolderEntry[] = [];
  for (const name of readdirSync(folder)) {
    try {
      const stats = lstatSync(join(folder, name));
      entries.push({ name, bytes: stats.size, isFile: stats.isFile() });
    } catch (error) {
      // Gone since it was listed.
      if (errnoName(error) !== 'ENOENT') throw error;
    }
  }
  return entries;
}

function isAt(file: FileId, path: string): boolean {
  try {
    const [open, there] = [fstatSync(file), lstatSync(path)];
    return open.ino === there.ino && open.dev === there.dev;
  } catch (error) {
    const errno = errnoName(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return false;
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await openSoon(path, O_RDONLY | O_DIRECTORY);
  try {
    await syncWhole(folder);
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  } finally {
    await closeSoon(folder);
  }
}
