import { spawn } from 'node:child_process';
import type { SpawnOptionsWithoutStdio } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; how it ends is a result, only that it cannot be started is an error. */
export async function runCommand(
  path: string,
  args: readonly string[] = [],
  options: SpawnOptionsWithoutStdio = {},
): Promise<CommandResult> {
  const child = spawn(path, args, options);
  child.stdin.end();
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
}

/** Undefined when there is no such program. */
export async function attempt(
  program: string,
  args: readonly string[],
  options: SpawnOptionsWithoutStdio = {},
): Promise<CommandResult | undefined> {
  try {
    return await runCommand(program, args, options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The end of what a program printed, which names the reason; without stack traces, which would push it out. */
export function tail(output: string): string {
  const lines = output.trimEnd().split('\n');
  return lines
    .filter((line) => !/^\s+(at |\.\.\. )/.test(line))
    .slice(-15)
    .join('\n');
}
