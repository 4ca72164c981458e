import { closeSync, openSync, readSync } from 'node:fs';
import { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';

/** No configuration comes near this; a wrong path (a disk image, /dev/zero) does. */
const MAX_BYTES = 1024 * 1024;

/** The text of a configuration file. Throws CONFIG_UNREADABLE with what to do about it. */
export function readConfigFile(file: string): string {
  if (file === '') throw unreadable('the configuration', ['has an empty path', 'name a file after -c, or leave -c out for the defaults']);
  if (file === '-') throw unreadable('-', ['is not the name of a file', 'write /dev/stdin for the standard input']);
  const bytes = readBounded(file);
  if (bytes.length > MAX_BYTES) throw unreadable(file, ['is larger than 1 MiB, so it is not a configuration', 'check the path']);
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw unreadable(file, ['is UTF-16 text', 'save it as UTF-8']);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw unreadable(file, ['is not UTF-8 text', 'check the path, or save the file as UTF-8'], cause);
  }
}

function readBounded(file: string): Uint8Array {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(file, 'r');
    return readUpTo(descriptor, MAX_BYTES + 1);
  } catch (cause) {
    throw unreadable(file, explain(cause), cause);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/** By pieces, not by size: a pipe (`-c <(…)`) has none. */
function readUpTo(descriptor: number, limit: number): Uint8Array {
  const buffer = new Uint8Array(limit);
  let length = 0;
  while (length < limit) {
    const count = readSync(descriptor, buffer, length, limit - length, null);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

type Explanation = readonly [reason: string, fix: string];

function unreadable(file: string, [reason, fix]: Explanation, cause?: unknown): AgentError {
  return new AgentError('CONFIG_UNREADABLE', `${escapeText(file)} ${reason}`, { context: { file }, fix, cause });
}

const REASONS: Readonly<Record<string, Explanation>> = {
  ENOENT: ['does not exist', 'check the path given to -c; forkcast config --defaults prints a file to start from'],
  ENOTDIR: ['does not exist: a part of its path is a file', 'check the path given to -c'],
  EISDIR: ['is a directory', 'name the file in it'],
  EACCES: ['must not be read by this user', 'give the user read permission on the file and search permission on its folders'],
  EPERM: ['must not be read by this user', 'give the user read permission on the file'],
  ELOOP: ['is a symbolic link that leads to itself', 'correct the link'],
  ENAMETOOLONG: ['is too long to be a path', 'check the path given to -c'],
  ENXIO: ['is a socket or a device that cannot be read', 'name a file'],
};

function explain(cause: unknown): Explanation {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return REASONS[code] ?? [`cannot be read (${code})`, 'check the path given to -c'];
}
