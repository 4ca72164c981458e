import { lstat } from 'node:fs/promises';
import { errnoName, fileError } from '../../core/system-error.ts';

/** Whether the path names anything, a dangling link included. Throws FILE_IO. */
export async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return false;
    throw fileError({ action: 'look at', path }, error);
  }
}
