import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { errnoName } from '../../core/system-error.ts';

/** The text of a small file of ours. Throws the system's errors, and where it is no such file. */
export function readOwn(path: string, maxBytes: number): string {
  // A fifo would make it wait for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const facts = fstatSync(file);
    if (!facts.isFile() || facts.size > maxBytes) throw new Error(`it is not a file of up to ${maxBytes} bytes`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

/** The file is the old one or the new one at every instant, and readable to its owner only. The folder is made where it is missing. */
export function replaceFile(folder: string, path: string, text: string): void {
  makeFolder(folder);
  const next = `${path}.next`;
  const file = openSync(next, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
  try {
    writeFileSync(file, text);
    // On the disk before it gets its name: else a power cut may leave an empty file under it.
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
}

/** Not recursive: where the working directory is gone, that would never return. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoName(error) !== 'EEXIST') throw error;
  }
}
