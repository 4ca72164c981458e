import { constants } from 'node:fs';
import { chmod, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AgentError } from '../core/errors.ts';
import { errnoName, fileError } from '../core/system-error.ts';
import { escapeText } from '../core/text.ts';
import { acquireLock } from './lock-file.ts';
import type { Unlock } from './lock-file.ts';

/** The agent's folder, ready to be used and locked. Paths are absolute. */
export interface PreparedDataDir {
  readonly path: string;
  readonly state: string;
  readonly events: string;
  /** Frees the lock; idempotent. */
  readonly release: Unlock;
}

export interface DataDirLog {
  info(fields: object, message: string): void;
}

const ELSEWHERE = 'use another folder: --set agent.data_dir=FOLDER';

/**
 * Makes what is missing (0700), makes sure that nobody else can write there, and takes the lock `state/lock`. What lies in the folder holds the
 * command lines of every user, and whoever could write there could make the agent write elsewhere.
 * Throws DATA_DIR_UNSAFE, DATA_DIR_PERMISSION, DATA_DIR_LOCKED or FILE_IO.
 */
export async function prepareDataDir(dataDir: string, log: DataDirLog): Promise<PreparedDataDir> {
  const path = resolve(dataDir);
  const state = join(path, 'state');
  const events = join(path, 'events');
  // The folder itself may be a link to a disk with more room; what is in it may not.
  await prepareFolder(path, constants.O_DIRECTORY);
  for (const folder of [state, events]) await prepareFolder(folder, constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const onStale = (pid: number): void => log.info({ path, pid }, 'an earlier agent ended without freeing its lock; it was replaced');
  const release = await acquireLock({ path: join(state, 'lock'), fix: `stop the agent that uses it, or ${ELSEWHERE}`, onStale });
  return { path, state, events, release };
}

/** Locks the folder that the file lies in, for a sink. Throws DATA_DIR_LOCKED or FILE_IO. */
export function takeLock(path: string): Promise<Unlock> {
  return acquireLock({ path, fix: 'give each agent and each of its file sinks a folder of its own' });
}

async function prepareFolder(path: string, flags: number): Promise<void> {
  try {
    const made = await mkdir(path, { recursive: true, mode: 0o700 });
    // What mkdir gives depends on the umask.
    if (made !== undefined) await chmod(path, 0o700);
    const folder = await open(path, constants.O_RDONLY | flags);
    try {
      checkSafe(path, await folder.stat());
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw folderError(path, error);
  }
}

function checkSafe(path: string, { uid, mode }: { uid: number; mode: number }): void {
  const own = process.geteuid?.() ?? uid;
  const unsafe = (why: string, fix: string): AgentError =>
    new AgentError('DATA_DIR_UNSAFE', `${escapeText(path)} ${why}`, {
      context: { path, uid, mode: mode & 0o7777 },
      fix: `${fix}, or ${ELSEWHERE}`,
    });
  if (uid !== own) throw unsafe(`belongs to uid ${uid}, but the agent runs as uid ${own}`, `chown -R ${own} ${quoted(path)}`);
  if ((mode & 0o022) !== 0) throw unsafe(`may be written by others (mode ${octal(mode)})`, `chmod 700 ${quoted(path)}`);
}

function folderError(path: string, error: unknown): AgentError {
  if (error instanceof AgentError) return error;
  const errno = errnoName(error);
  const shown = escapeText(path);
  const uid = process.geteuid?.() ?? '?';
  if (errno === 'EACCES' || errno === 'EPERM') {
    const fix = `as root: mkdir -p ${quoted(path)} && chown -R ${uid} ${quoted(path)}, or ${ELSEWHERE}`;
    return new AgentError('DATA_DIR_PERMISSION', `${shown} cannot be used by uid ${uid}: ${errno}`, {
      cause: error,
      context: { path, errno },
      fix,
    });
  }
  if (errno === 'ELOOP' || errno === 'ENOTDIR' || errno === 'EEXIST') {
    const fix = `remove it, or ${ELSEWHERE}`;
    return new AgentError('DATA_DIR_UNSAFE', `${shown} is not a folder, or a symbolic link where a folder must be`, {
      cause: error,
      context: { path, errno },
      fix,
    });
  }
  return fileError({ action: 'use the folder', path }, error);
}

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');

/** For a shell; what a shell would take as it is stays so. */
function quoted(path: string): string {
  return /^[\w./+@%:,-]+$/.test(path) ? path : `'${escapeText(path).replaceAll("'", String.raw`'\''`)}'`;
}
