#!/usr/bin/env node
import type { DecodeOptions, RunOptions } from './cli/actions.ts';
import type { CliIo } from './cli/io.ts';
import { runCli } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';
import type { RunHost } from './cli/run.ts';
import { AgentError } from './core/errors.ts';

/*
 * The only file that touches the process: argv in, exit code out. Commands are loaded when they are needed, so that `config` and `decode`
 * work where the native addon does not load.
 */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

const io: CliIo = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };

const host: RunHost = {
  onSignal(listener) {
    for (const signal of STOP_SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, listener);
    };
  },
  onExit(listener) {
    process.on('exit', listener);
    return () => process.off('exit', listener);
  },
};

/** Nothing may end the process without its exit listeners: they undo the kernel subscription. */
function crash(thrown: unknown): void {
  const error = new AgentError('BUG', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  const end = (): void => process.exit(70);
  reportError(error, io).then(end, end);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

process.exitCode = await runCli(process.argv.slice(2), io, {
  run: async (options: RunOptions) => (await import('./cli/run.ts')).runCommand(options, io, host),
  decode: async (files: readonly string[], options: DecodeOptions) => (await import('./cli/decode.ts')).decodeCommand(files, options, io),
  selfTest: async () => (await import('./cli/self-test.ts')).selfTest(),
});
