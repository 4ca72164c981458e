import { join, resolve } from 'node:path';
import { openFolder } from '../sink/file/safe-folder.ts';
import type { FolderRules } from '../sink/file/safe-folder.ts';
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

/** The folder itself may be a link to a disk with more room; what is in it may not. */
export const DATA_DIR_RULES: FolderRules = { what: '', link: true, elsewhere: ELSEWHERE };
export const INNER_FOLDER_RULES: FolderRules = { ...DATA_DIR_RULES, link: false };

/**
 * Makes what is missing (0700), makes sure that nobody else can write there, and takes the lock `state/lock`.
 * Throws DATA_DIR_UNSAFE, DATA_DIR_PERMISSION, DATA_DIR_LOCKED or FILE_IO.
 */
export async function prepareDataDir(dataDir: string, log: DataDirLog): Promise<PreparedDataDir> {
  const path = resolve(dataDir);
  await prepareFolder(path, DATA_DIR_RULES);
  const [state, events] = innerFolders(path);
  for (const folder of [state, events]) await prepareFolder(folder, INNER_FOLDER_RULES);
  const onStale = (pid: number): void => log.info({ path, pid }, 'an earlier agent ended without freeing its lock; it was replaced');
  const release = await acquireLock({ path: join(state, 'lock'), fix: `stop the agent that uses it, or ${ELSEWHERE}`, onStale });
  return { path, state, events, release };
}

/** What the agent needs below its folder: state, events. */
export function innerFolders(path: string): readonly [string, string] {
  return [join(path, 'state'), join(path, 'events')];
}

/** Locks the folder that the file lies in, for a sink. Throws DATA_DIR_LOCKED or FILE_IO. */
export function takeLock(path: string): Promise<Unlock> {
  return acquireLock({ path, fix: 'give each agent and each of its file sinks a folder of its own' });
}

async function prepareFolder(path: string, rules: FolderRules): Promise<void> {
  await (await openFolder(path, rules)).close();
}
