import { Readable, Writable } from 'node:stream';
import type { Actions, DecodeOptions, RecordOptions, RunOptions, VerifyOptions } from '../../../src/cli/actions.ts';
import type { DlqOptions } from '../../../src/cli/dlq.ts';
import type { CliIo, CliOutput } from '../../../src/cli/io.ts';
import { runCli } from '../../../src/cli/program.ts';

class Capture extends Writable {
  text = '';
  readonly isTTY: boolean;
  readonly columns = 100;
  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

export interface FakeIo extends CliIo {
  readonly stdout: CliOutput & { readonly text: string };
  readonly stderr: CliOutput & { readonly text: string };
}

export function fakeIo(env: Record<string, string> = {}, isTTY = false): FakeIo {
  return { stdin: Readable.from([]), stdout: new Capture(isTTY), stderr: new Capture(isTTY), env };
}

export interface Called {
  readonly run: RunOptions[];
  readonly record: [file: string, options: RecordOptions][];
  readonly decode: [files: readonly string[], options: DecodeOptions][];
  readonly dlq: DlqOptions[];
  readonly verify: [paths: readonly string[], options: VerifyOptions][];
}

export function fakeActions(called: Called = { run: [], record: [], decode: [], dlq: [], verify: [] }): Actions {
  return {
    run: (options) => Promise.resolve(called.run.push(options) - 1),
    record: (file, options) => Promise.resolve(called.record.push([file, options]) - 1),
    decode: (files, options) => Promise.resolve(called.decode.push([files, options]) - 1),
    verify: (paths, options) => Promise.resolve(called.verify.push([paths, options]) - 1),
    dlq: (options) => Promise.resolve(called.dlq.push(options) - 1),
    selfTest: () => Promise.resolve({ ok: true, reason: 'a forked process was heard', fix: null }),
    tryExecCache: () => Promise.resolve({ features: ['exec', 'fork', 'exit', 'cgroups'], missing: [] }),
  };
}

/** Runs one command line; what it printed and its exit code. */
export async function forkcast(...argv: string[]): Promise<{ code: number; out: string; err: string; called: Called }> {
  const io = fakeIo();
  const called: Called = { run: [], record: [], decode: [], dlq: [], verify: [] };
  const code = await runCli(argv, io, fakeActions(called));
  return { code, out: io.stdout.text, err: io.stderr.text, called };
}
