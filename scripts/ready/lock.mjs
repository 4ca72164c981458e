import { mkdirSync, openSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeSync, closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { NotReady, say, writeFailure } from './not-ready.mjs';

/**
 * One process at a time prepares a checkout. The lock is a file that names its holder:
 *
 *     {"pid": 123, "start": "<ticks since boot>", "world": "<boot id> <pid namespace>"}
 *
 * In the same world the holder's death is certain at once (pid and start time). Elsewhere (a container that shares the folder) only the
 * file's time can tell: its holder touches it every BEAT_MS, and it is dead once that is SILENT_MS ago.
 */
const BEAT_MS = 3000;
const SILENT_MS = 30_000;
const PATIENCE_MS = 15 * 60_000;
/** Removing a dead holder's file takes a millisecond, so a guard this old was left by a crash. */
const GUARD_MS = 10_000;

const startOf = (/** @type {number | string} */ pid) => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
};

const world = () => `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`;

/** @param {string} path */
function createExclusively(path) {
  try {
    const fd = openSync(path, 'wx', 0o644);
    writeSync(fd, JSON.stringify({ pid: process.pid, start: startOf('self'), world: world() }));
    closeSync(fd);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw writeFailure(error, dirname(path));
  }
}

/**
 * Milliseconds since the file was touched; undefined when there is no such file.
 * @param {string} path
 */
function ageOf(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat && Date.now() - stat.mtimeMs;
}

/**
 * The holder as far as it can be read: a file just being written, or just removed, has none yet or any more.
 * @param {string} path
 */
function holderOf(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param {string} path */
function isAbandoned(path) {
  const age = ageOf(path);
  if (age === undefined) return false;
  const holder = holderOf(path);
  if (holder?.world !== world()) return age > SILENT_MS;
  try {
    return startOf(holder.pid) !== holder.start;
  } catch {
    return true; // no such process
  }
}

/**
 * Removes a dead holder's file. The guard makes look and removal one step: without it a second process could remove the file that the
 * first one has already created anew.
 * @param {string} path
 */
function clearAbandoned(path) {
  const guard = `${path}.guard`;
  if ((ageOf(guard) ?? 0) > GUARD_MS) rmSync(guard, { force: true });
  if (!createExclusively(guard)) return;
  try {
    if (isAbandoned(path)) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** @param {string} path */
async function acquire(path) {
  const deadline = Date.now() + PATIENCE_MS;
  for (let told = false; !createExclusively(path);) {
    if (isAbandoned(path)) {
      clearAbandoned(path);
      continue;
    }
    const holder = holderOf(path);
    if (!told && holder !== undefined) {
      say(`waiting for process ${holder.pid}, which is installing or building here …`);
      told = true;
    }
    if (Date.now() > deadline)
      throw new NotReady(`${path} has been held for ${PATIENCE_MS / 60_000} minutes`, 'End the process named in that file, or delete it');
    await pause(100);
  }
}

/**
 * Runs `work` as the only one on this checkout.
 * @param {string} path the lock file
 * @param {() => Promise<void>} work
 */
export async function alone(path, work) {
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    throw writeFailure(error, dirname(path));
  }
  await acquire(path);
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  const beat = setInterval(() => utimesSync(path, new Date(), new Date()), BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
    process.removeListener('exit', release);
    release();
  }
}
