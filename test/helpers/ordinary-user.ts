import { chown, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
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

const ROOT = resolve(import.meta.dirname, '../..');
const SHIPPED = ['bin', 'dist', 'schemas', 'config', 'package.json', 'node_modules'];

/** The built program where the ordinary user can run it: itself, or a copy below `dir` where the checkout lies in a folder that is closed to it. */
export async function programForOrdinaryUser(dir: string): Promise<string> {
  if (!isRoot || (await isOpenToAll(ROOT))) return join(ROOT, 'bin/forkcast');
  const copy = join(dir, 'forkcast');
  await mkdir(copy, { mode: 0o755 });
  for (const name of SHIPPED) await copyTree(join(ROOT, name), join(copy, name));
  return join(copy, 'bin/forkcast');
}

async function isOpenToAll(path: string): Promise<boolean> {
  const open = ((await stat(path)).mode & 0o001) !== 0;
  return open && (path === dirname(path) || isOpenToAll(dirname(path)));
}

/** Hard links where both are on one file system: a copy of all dependencies takes its time. */
async function copyTree(from: string, to: string): Promise<void> {
  const linked = await runCommand('cp', ['-al', from, to]);
  if (linked.code === 0) return;
  // What was made before the first failure, links that could not be included, is replaced.
  const copied = await runCommand('cp', ['-a', '--remove-destination', '-T', from, to]);
  if (copied.code !== 0) throw new Error(`cannot copy ${from} to ${to}: ${copied.stderr}`);
}
