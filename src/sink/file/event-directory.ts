import type { FileHandle } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../core/system-error.ts';
import { openFolder } from './safe-folder.ts';
import type { FolderRules } from './safe-folder.ts';
import { syncFolder } from './sync-folder.ts';

export const EVENT_FOLDER_RULES: FolderRules = {
  what: 'the folder for event files ',
  link: false,
  elsewhere: "write another folder as the sink's path",
  linkFix: (target) => `write ${target} as the sink's path`,
};

/** The folder of the event files, held open so that renames in it can be forced to the disk. */
export class EventDirectory {
  readonly path: string;
  #folder: FileHandle;

  private constructor(path: string, folder: FileHandle) {
    this.path = path;
    this.#folder = folder;
  }

  /** Makes the folder (0700) where it is missing. Throws DATA_DIR_UNSAFE, DATA_DIR_PERMISSION or FILE_IO. */
  static async open(path: string): Promise<EventDirectory> {
    return new EventDirectory(path, await openFolder(path, EVENT_FOLDER_RULES));
  }

  at(name: string): string {
    return join(this.path, name);
  }

  async names(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      throw fileError({ action: 'list the folder', path: this.path }, error);
    }
  }

  /** Makes creations, renames and removals in the folder survive a power failure. */
  async sync(): Promise<void> {
    try {
      await syncFolder(this.#folder);
    } catch (error) {
      throw fileError({ action: 'sync', path: this.path }, error);
    }
  }

  /** After the folder was removed under us, by a cleaner of temporary files for one: makes it anew. */
  async restore(): Promise<void> {
    const anew = await EventDirectory.open(this.path);
    const gone = this.#folder;
    this.#folder = anew.#folder;
    await gone.close();
  }

  close(): Promise<void> {
    return this.#folder.close();
  }
}
