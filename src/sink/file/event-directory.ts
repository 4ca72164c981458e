import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { chmod, lstat, mkdir, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../../core/errors.ts';
import { escapeText } from '../../core/text.ts';
import { errnoName, fileError } from '../../core/system-error.ts';

/** The folder of the event files, held open so that renames in it can be forced to the disk. */
export class EventDirectory {
  readonly path: string;
  #folder: FileHandle;

  private constructor(path: string, folder: FileHandle) {
    this.path = path;
    this.#folder = folder;
  }

  /** Makes the folder (0700) where it is missing. Throws DATA_DIR_UNSAFE for a symbolic link, DATA_DIR_PERMISSION, else FILE_IO. */
  static async open(path: string): Promise<EventDirectory> {
    try {
      await refuseLink(path);
      const made = await mkdir(path, { recursive: true, mode: 0o700 });
      // What mkdir gives depends on the umask.
      if (made !== undefined) await chmod(path, 0o700);
      return new EventDirectory(path, await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
    } catch (error) {
      throw openingError(path, error);
    }
  }

  at(name: string): string {
    return join(this.path, name);
  }

  async names(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      throw openingError(this.path, error);
    }
  }

  /** Makes creations, renames and removals in the folder survive a power failure. */
  async sync(): Promise<void> {
    try {
      await this.#folder.sync();
    } catch (error) {
      // Some network and user-space file systems cannot do this for folders; there is nothing more to be had from them.
      if (errnoName(error) !== 'EINVAL') throw fileError({ action: 'sync', path: this.path }, error);
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

async function refuseLink(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isSymbolicLink() !== true) return;
  const target = await realpath(path).catch(() => 'the folder it should point to');
  throw new AgentError('DATA_DIR_UNSAFE', `the folder for event files ${escapeText(path)} is a symbolic link`, {
    context: { path, target },
    fix: `write ${escapeText(target)} as the sink's path`,
  });
}

function openingError(path: string, error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const errno = errnoName(error);
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new AgentError(
      'DATA_DIR_PERMISSION',
      `the folder for event files ${escapeText(path)} cannot be used by uid ${process.geteuid?.() ?? '?'}: ${errno}`,
      {
        cause: error,
        context: { path, errno },
        fix: `chown it to that user, or write another folder as the sink's path`,
      },
    );
  }
  return fileError({ action: 'use the folder', path }, error);
}
