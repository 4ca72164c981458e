#!/usr/bin/env node
import type { DecodeOptions, RecordOptions, RunOptions, VerifyOptions } from './cli/actions.ts';
import type { DlqOptions } from './cli/dlq.ts';
import type { CliIo } from './cli/io.ts';
import { LAST_WORDS_MS, within } from './cli/patience.ts';
import { isBrokenPipe, tell } from './cli/print.ts';
import { runCli } from './cli/program.ts';
import { reportError } from './cli/report-error.ts';
import type { RunHost } from './cli/stop-requests.ts';
import { AgentError } from './core/errors.ts';

/*
 * The only file that touches the process: argv in, exit code out. Commands are loaded when they are needed, so that `config` and `decode`
 * work where the native addon does not load.
 */
/** All that would end the process without its exit listeners, by whomever they are sent; SIGUSR1 is Node's own. */
const STOP_SIGNALS = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const),
  ...(['SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGPWR', 'SIGIO'] as const),
];

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
  // Also where the command comes to its end before this does.
  process.exitCode = 70;
  const end = (): void => process.exit();
  within(LAST_WORDS_MS, reportError(error, io), 70).then(end, end);
}

/** Whoever writes at the moment hears it as well, and says so. */
function stdoutFailed(thrown: Error): void {
  if (isBrokenPipe(thrown) || process.stdout.listenerCount('error') > 1) return;
  const error = new AgentError('FILE_IO', `cannot write to standard output: ${thrown.message}`, {
    cause: thrown,
    fix: 'Make room, or write elsewhere.',
  });
  reportError(error, io).catch(crash);
}

// A reader may leave while nobody waits for a write; unheard, that would end the process. Of stderr's own failures nobody can be told.
process.stdout.on('error', stdoutFailed);
process.stderr.on('error', () => undefined);

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

const exitCode = await runCli(process.argv.slice(2), io, {
  run: async (options: RunOptions) => (await import('./cli/run.ts')).runCommand(options, io, host),
  record: async (file: string, options: RecordOptions) => (await import('./cli/record.ts')).recordCommand(file, options, { io, host }),
  decode: async (files: readonly string[], options: DecodeOptions) => (await import('./cli/decode.ts')).decodeCommand(files, options, io),
  verify: async (paths: readonly string[], options: VerifyOptions) => (await import('./cli/verify.ts')).verifyCommand(paths, options, io),
  dlq: async (options: DlqOptions) => (await import('./cli/dlq.ts')).dlqCommand(options, io, host),
  selfTest: async () => (await import('./cli/self-test.ts')).selfTest(),
  tryExecCache: async () => (await import('./ingest/exec-cache-trial.ts')).tryExecCache(),
});

// Results are written by now; messages may not be. A reader that has stopped must not keep the process from ending.
await within<unknown>(LAST_WORDS_MS, Promise.all([tell(process.stdout, ''), tell(process.stderr, '')]), undefined);
process.exit(process.exitCode ?? exitCode);
