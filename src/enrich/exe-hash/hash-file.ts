import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { errnoName } from '../../core/system-error.ts';
import { UNKNOWN_SIZE, type ExeStat } from '../../core/exe-stat.ts';

export interface Executable {
  readonly stat: ExeStat;
  /** A process that runs it: its link leads to the file from any mount namespace, and when it has no name any more. */
  readonly pid: number;
  /** Tried when the process is gone. */
  readonly path: string | null;
}

export interface HashLimits {
  /** Larger files are not read. */
  readonly maxBytes: number;
  readonly bytesPerSecond: number;
  readonly procfs: string;
  readonly signal: AbortSignal;
}

/** changed: what is there now is another file, or it was written while it was read. stopped: no longer wanted. */
export type HashOutcome =
  { readonly outcome: 'hashed'; readonly digest: Uint8Array } | { readonly outcome: 'changed' | 'unreadable' | 'stopped' | 'tooLarge' };

const CHUNK_BYTES = 256 * 1024;
/**
 * open(2): the file is only named, not opened. A path may lead to anything by now, whoever may write there: to a pipe that somebody waits for, to a
 * watchdog that restarts the machine once it was opened.
 */
const O_PATH = 0o10000000;
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
/** The same instant from nanoseconds, by two ways of rounding. */
const SAME_MTIME_US = 2;

/** Reads the file through a process that runs it, else by its path: whichever is the very file. Never rejects for what a file does. */
export async function hashFile(file: Executable, limits: HashLimits): Promise<HashOutcome> {
  const places = [`${limits.procfs}/${file.pid}/exe`, ...(file.path === null ? [] : [file.path])];
  let outcome: HashOutcome = { outcome: 'unreadable' };
  for (const place of places) {
    outcome = await hashAt(place, file, limits);
    if (outcome.outcome === 'hashed' || outcome.outcome === 'stopped') break;
  }
  return outcome;
}

async function hashAt(place: string, file: Executable, limits: HashLimits): Promise<HashOutcome> {
  try {
    const named = await open(place, O_PATH);
    try {
      if ((await sizeOf(named, file)) === undefined) return { outcome: 'changed' };
      return await hashNamed(named, file, limits);
    } finally {
      await named.close();
    }
  } catch (error) {
    if (errnoName(error) === undefined) throw error;
    return { outcome: 'unreadable' };
  }
}

/** Opens what `named` names, whatever its path leads to by now. */
async function hashNamed(named: FileHandle, file: Executable, limits: HashLimits): Promise<HashOutcome> {
  const handle = await open(`/proc/self/fd/${named.fd}`, FLAGS);
  try {
    return await hashOpen(handle, file, limits);
  } finally {
    await handle.close();
  }
}

async function hashOpen(handle: FileHandle, file: Executable, limits: HashLimits): Promise<HashOutcome> {
  const size = await sizeOf(handle, file);
  if (size === undefined) return { outcome: 'changed' };
  if (size > limits.maxBytes) return { outcome: 'tooLarge' };
  const digest = await digestOf(handle, size, limits);
  if (digest === null) return { outcome: 'stopped' };
  return (await sizeOf(handle, file)) === size ? { outcome: 'hashed', digest } : { outcome: 'changed' };
}

/** undefined: it is not the very file any more. */
async function sizeOf(handle: FileHandle, { stat }: Executable): Promise<number | undefined> {
  const now = await handle.stat();
  if (!now.isFile()) return undefined;
  const sameTime = Math.abs(now.mtimeMs * 1000 - stat.mtime) <= SAME_MTIME_US;
  const sameSize = stat.size === UNKNOWN_SIZE || now.size === stat.size;
  return now.ino === stat.inode && now.dev === stat.device && sameSize && sameTime ? now.size : undefined;
}

/** null: stopped. */
async function digestOf(handle: FileHandle, size: number, { bytesPerSecond, signal }: HashLimits): Promise<Uint8Array | null> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(size, 1)));
  const begunMs = performance.now();
  let read = 0;
  while (read < size) {
    if (signal.aborted) return null;
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, read);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    read += bytesRead;
    await pace((read / bytesPerSecond) * 1000 - (performance.now() - begunMs), signal);
  }
  return hash.digest();
}

/** Timers have whole milliseconds. */
async function pace(aheadMs: number, signal: AbortSignal): Promise<void> {
  if (aheadMs < 1) return;
  try {
    await sleep(aheadMs, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
