import type { FileHandle } from 'node:fs/promises';
import { cannotSyncFolders } from '../../core/system-error.ts';

/** Makes creations, renames and removals in the folder survive a power failure, where the file system can. Rejects with the system's own error. */
export async function syncFolder(folder: FileHandle): Promise<void> {
  try {
    await folder.sync();
  } catch (error) {
    if (!cannotSyncFolders(error)) throw error;
  }
}
