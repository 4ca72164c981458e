import { randomBytes } from 'node:crypto';
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
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

/** Resolves with how to free the lock (idempotent). Throws DATA_DIR_LOCKED with the holder's pid in `context`, or FILE_IO. */
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
  await writeFile(draft, mine, { flag: 'wx', mode: 0o600 });
  try {
    while (!(await appear(draft, path))) {
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

async function readLine(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (errnoName(error) === 'ENOENT') return undefined;
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
