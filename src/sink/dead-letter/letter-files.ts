import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoName, fileError } from '../../core/system-error.ts';
import { letterFileNumber } from './name.ts';

export interface LetterFile {
  readonly path: string;
  readonly number: number;
  readonly bytes: number;
}

/** The files of a folder, oldest first; none where there is no folder. Throws FILE_IO. */
export async function letterFiles(folder: string): Promise<LetterFile[]> {
  const entries = await unlessGone(folder, () => readdir(folder));
  const files: LetterFile[] = [];
  for (const entry of entries ?? []) {
    const number = letterFileNumber(entry);
    if (number === undefined) continue;
    const path = join(folder, entry);
    const stats = await unlessGone(path, () => lstat(path));
    if (stats?.isFile() === true) files.push({ path, number, bytes: stats.size });
  }
  return files.toSorted((a, b) => a.number - b.number);
}

/** The whole of one file, which its writer keeps small; undefined when it is gone. Throws FILE_IO. */
export function readLetterFile(path: string): Promise<Buffer | undefined> {
  return unlessGone(path, async () => {
    // A fifo would make it wait for a writer.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await file.readFile();
    } finally {
      await file.close();
    }
  });
}

/** A running agent removes its oldest file when it needs the room. */
async function unlessGone<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
    throw fileError({ action: 'read', path }, error);
  }
}

/** How many lines there are; what follows the last line feed is none. */
export function lineCount(content: Buffer): number {
  let count = 0;
  for (let at = content.indexOf(0x0a); at >= 0; at = content.indexOf(0x0a, at + 1)) count += 1;
  return count;
}
