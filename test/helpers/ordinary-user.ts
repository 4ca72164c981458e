import { chown } from 'node:fs/promises';
import { runCommand } from './run-command.ts';
import type { CommandResult } from './run-command.ts';
import { tempDir } from './temp-dir.ts';

/** Uid and gid `nobody` has by convention; no process of a system runs with its rights. */
export const NOBODY = 65534;

/** Only root can become somebody else; otherwise we are an ordinary user already. */
export const isRoot = process.getuid?.() === 0;

/** A folder that the ordinary user owns, removed when the running test ends. */
export async function ordinaryUserDir(): Promise<string> {
  const path = await tempDir({ readable: true });
  if (isRoot) await chown(path, NOBODY, NOBODY);
  return path;
}

/**
 * Runs a program without root's rights: as `nobody`, without supplementary groups or capabilities, or as ourselves where we are not root.
 * It starts in `cwd`, or in an empty folder of its own: the checkout may be closed to it.
 */
export async function asOrdinaryUser(
  path: string,
  args: readonly string[] = [],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  const cwd = options.cwd ?? (await ordinaryUserDir());
  const env = { PATH: process.env['PATH'], HOME: cwd, ...options.env };
  return runCommand(path, args, { cwd, env, ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}) });
}
