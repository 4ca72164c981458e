import { spawn } from 'node:child_process';
import type { SpawnOptions } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, copyFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { nativeTool } from '../../bench/storm/build.ts';
import { makeTempDir } from './temp-dir.ts';

export interface KnownOptions {
  /** Further arguments, after the tag. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Root only. */
  readonly uid?: number;
  readonly gid?: number;
  readonly env?: NodeJS.ProcessEnv;
  readonly exitCode?: number;
  /** Kills itself by this signal instead of exiting. */
  readonly dieBy?: NodeJS.Signals;
  /** Lives this long before it ends; default 0. */
  readonly liveMs?: number;
}

/** A process of which everything is known beforehand. */
export interface KnownProcess {
  readonly pid: number;
  readonly exe: string;
  /** argv as executed; argv[1] is `--tag=<uuid>`, which no other process has. */
  readonly argv: readonly string[];
  readonly tag: string;
  /** Resolves when it was reaped. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts one; its parent is this process, its FORK, EXEC and EXIT carry its pid and argv. Resolves once the exec has happened. */
export async function spawnKnown(options: KnownOptions = {}): Promise<KnownProcess> {
  const { exe, remove } = await executable(options.uid ?? options.gid);
  const tag = randomUUID();
  const args = [`--tag=${tag}`, ...(options.args ?? []), ...ending(options)];
  const child = spawn(exe, args, { stdio: 'ignore', ...placeOf(options) });
  const ended = once(child, 'exit').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  ended.then(remove, remove).catch(() => undefined); // a failed start is reported by the next line
  await once(child, 'spawn');
  return { pid: child.pid ?? 0, exe, argv: [exe, ...args], tag, ended, kill: (signal) => void child.kill(signal) };
}

/** Another user may not be able to reach the checkout: it gets a copy, for as long as the process lives. */
async function executable(otherId: number | undefined): Promise<{ exe: string; remove: () => Promise<void> }> {
  const exe = await nativeTool('known');
  if (otherId === undefined) return { exe, remove: () => Promise.resolve() };
  const folder = await makeTempDir({ readable: true });
  const copy = join(folder.path, 'known');
  await copyFile(exe, copy);
  await chmod(copy, 0o755);
  return { exe: copy, remove: () => folder.remove() };
}

function placeOf({ cwd, uid, gid, env }: KnownOptions): SpawnOptions {
  return {
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(env === undefined ? {} : { env }),
  };
}

function ending({ exitCode, dieBy, liveMs }: KnownOptions): string[] {
  const args: string[] = [];
  if (liveMs !== undefined) args.push(`--live-ms=${liveMs}`);
  if (exitCode !== undefined) args.push(`--exit-code=${exitCode}`);
  if (dieBy !== undefined) args.push(`--die-by=${constants.signals[dieBy]}`);
  return args;
}
