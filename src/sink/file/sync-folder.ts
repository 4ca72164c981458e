import type { FileHandle } from 'node:fs/promises';
import { errnoName } from '../../core/system-error.ts';

/** Makes creations, renames and removals in the folder survive a power failure. Rejects with the system's own error. */
export async function syncFolder(folder: FileHandle): Promise<void> {
  try {
    await folder.sync();
  } catch (error) {
    // Some network and user-space file systems cannot do this for folders; there is nothing more to be had from them.
    if (errnoName(error) !== 'EINVAL') throw error;
  }
}
