import { constants } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../../core/system-error.ts';
import { syncFolder } from '../file/sync-folder.ts';

/**
 * Leaves only these lines in a file of dead letters, and no file where there are none. Whatever interrupts it, the file is as before or as
 * wanted. For the only writer. Throws FILE_IO.
 */
export async function keepLines(path: string, lines: readonly Uint8Array[]): Promise<void> {
  try {
    if (lines.length === 0) await unlink(path);
    else await replace(path, lines);
    await syncFolderOf(path);
  } catch (error) {
    throw fileError({ action: 'take dead letters out of', path }, error);
  }
}

async function replace(path: string, lines: readonly Uint8Array[]): Promise<void> {
  const next = `${path}.next`;
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
  const file = await open(next, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    try {
      await file.writeFile(Buffer.concat(lines));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(next, path);
  } catch (error) {
    // On a full disk it would take room for nothing. The first error is the one to report.
    await unlink(next).catch(() => undefined);
    throw error;
  }
}

async function syncFolderOf(path: string): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await syncFolder(folder);
  } finally {
    await folder.close();
  }
}
