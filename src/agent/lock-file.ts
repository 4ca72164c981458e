import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, open, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../core/errors.ts';
import { errnoName, fileError } from '../core/system-error.ts';
import { escapeText } from '../core/text.ts';
import { parseStat } from '../enrich/procfs/stat.ts';

/**
 * A lock file is one line that names its holder: `<pid> <start> <boot id>`, start as in field 22 of /proc/<pid>/stat. The three together never
 * come again, so a lock whose holder is gone is known to be stale however its pid is used now. (Holders in other pid namespaces look gone;
 * the agent runs in the initial one.)
 *
 * - It appears by link(2), with all its content, and only where there is none: of many at once one succeeds.
 * - Only its holder, while alive, removes it.
 * - A stale one is replaced by rename(2), under a lock of its own (`<path>.takeover`) and after another look: whoever thought the same a
 *   moment ago, and comes late, finds it fresh. A takeover that was killed leaves a stale takeover lock, which is taken over the same way.
 */
export type Unlock = () => Promise<void>;

export interface LockRequest {
  readonly path: string;
  /** What the user can do when somebody else has it. */
  readonly fix: string;
  /** Told when the lock of a process that is gone was replaced. */
  readonly onStale?: (pid: number) => void;
}

/** Locks taken over below locks taken over, before it is left to a person: each level takes an agent killed within the same millisecond. */
const MAX_DEPTH = 8;

/** Each further try means that the lock came or went in between. */
const MAX_TRIES = 1000;

/** Longer than any line of a lock. */
const MAX_LINE_BYTES = 256;

/** Resolves with how to free the lock (idempotent). Throws DATA_DIR_LOCKED with the holder's pid in `context`, DATA_DIR_UNSAFE where no lock can be, or FILE_IO. */
export async function acquireLock(request: LockRequest): Promise<Unlock> {
  try {
    return await acquire(request, 0);
  } catch (error) {
    throw error instanceof AgentError ? error : fileError({ action: 'take the lock', path: request.path }, error);
  }
}

async function acquire(request: LockRequest, depth: number): Promise<Unlock> {
  const { path } = request;
  const mine = await ownLine();
  const draft = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeDraft(draft, mine);
  try {
    for (let tries = 1; !(await appear(draft, path)); tries += 1) {
      if (tries > MAX_TRIES) throw new Error('it changes hands all the time');
      const found = await readLine(path);
      if (found === undefined) continue;
      if (await isHeld(found)) throw locked(request, found);
      if (depth >= MAX_DEPTH) throw new Error('too many takeovers were interrupted; remove the lock files by hand');
      if (await takeOver(draft, request, depth)) break;
    }
  } finally {
    await removeIfThere(draft);
  }
  return releaseOf(path, mine);
}

/** All of it, or nothing stays behind: a full disk lets an empty file be made. */
async function writeDraft(draft: string, line: string): Promise<void> {
  try {
    await writeFile(draft, line, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    // The first error is the one to report.
    if (errnoName(error) !== 'EEXIST') await removeIfThere(draft).catch(() => undefined);
    throw error;
  }
}

/** False when there is a lock already. */
async function appear(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (errnoName(error) === 'EEXIST') return false;
    throw error;
  }
}

/** False when the lock is no longer what it was: gone, or somebody else's by now. */
async function takeOver(draft: string, request: LockRequest, depth: number): Promise<boolean> {
  const { path } = request;
  const unlock = await acquire({ path: `${path}.takeover`, fix: request.fix }, depth + 1);
  try {
    const found = await readLine(path);
    if (found === undefined || (await isHeld(found))) return false;
    await rename(draft, path);
    request.onStale?.(Number.parseInt(found, 10) || 0);
    return true;
  } finally {
    await unlock();
  }
}

function releaseOf(path: string, mine: string): Unlock {
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    if ((await readLine(path)) === mine) await removeIfThere(path);
  };
  return () => (released ??= release());
}

async function ownLine(): Promise<string> {
  const start = await startOf(process.pid);
  return `${process.pid} ${start ?? '?'} ${await bootId()}\n`;
}

/** Whether the holder that the line names lives. A line that is none (a crash of the machine leaves empty files) has no holder. */
async function isHeld(line: string): Promise<boolean> {
  const [, pid, start, boot] = /^(\d{1,10}) (\d+) ([0-9a-f-]{36})\n$/.exec(line) ?? [];
  if (pid === undefined || boot !== (await bootId())) return false;
  return (await startOf(Number(pid))) === Number(start);
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim();
}

/** undefined when there is no such process, or only what its parent has not yet heard of. */
async function startOf(pid: number): Promise<number | undefined> {
  try {
    const stat = parseStat(await readFile(`/proc/${pid}/stat`));
    const dead = stat === undefined || 'ZXx'.includes(String.fromCodePoint(stat.state));
    return dead ? undefined : stat.startTicks;
  } catch (error) {
    if (errnoName(error) === 'ENOENT' || errnoName(error) === 'ESRCH') return undefined;
    throw error;
  }
}

/** undefined when there is none. Throws DATA_DIR_UNSAFE for what is no regular file; a fifo does not make it wait. */
async function readLine(path: string): Promise<string | undefined> {
  const file = await openLock(path);
  if (file === undefined) return undefined;
  try {
    if (!(await file.stat()).isFile()) throw noLock(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_LINE_BYTES), 0, MAX_LINE_BYTES, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function openLock(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoName(error);
    if (errno === 'ENOENT') return undefined;
    // A link, or a socket.
    if (errno === 'ELOOP' || errno === 'ENXIO') throw noLock(path, error);
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw error;
  }
}

function locked({ path, fix }: LockRequest, line: string): AgentError {
  const pid = Number.parseInt(line, 10);
  const folder = escapeText(dirname(path));
  const holder = pid === process.pid ? 'this same process' : `process ${pid}`;
  return new AgentError('DATA_DIR_LOCKED', `${folder} is in use by ${holder}`, { context: { path, pid }, fix });
}

function noLock(path: string, cause?: unknown): AgentError {
  return new AgentError('DATA_DIR_UNSAFE', `${escapeText(path)} is not a regular file, as a lock must be`, {
    ...(cause === undefined ? {} : { cause }),
    context: { path },
    fix: `remove ${escapeText(path)}`,
  });
}
