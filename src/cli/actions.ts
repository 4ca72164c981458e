import type { ExecCacheTrial } from '../ingest/exec-cache-trial.ts';
import type { DecodeCommandOptions } from './decode.ts';
import type { DlqOptions } from './dlq.ts';
import type { CliIo } from './io.ts';
import type { VerifyCommandOptions } from './verify.ts';

/** What the commands do that is not decided here: whoever starts the program supplies it. Each resolves to the exit code. */
export interface Actions {
  readonly run: (options: RunOptions, io: CliIo) => Promise<number>;
  readonly record: (file: string, options: RecordOptions, io: CliIo) => Promise<number>;
  readonly decode: (files: readonly string[], options: DecodeOptions, io: CliIo) => Promise<number>;
  readonly verify: (paths: readonly string[], options: VerifyOptions, io: CliIo) => Promise<number>;
  readonly dlq: (options: DlqOptions, io: CliIo) => Promise<number>;
  readonly selfTest: () => Promise<SelfTestResult>;
  /** Not at the same time as the self-test: both make native calls. */
  readonly tryExecCache: () => Promise<ExecCacheTrial>;
}

export interface RunOptions {
  /** Path of the configuration file; without one, the defaults. */
  readonly config?: string;
  /** How long to run, as `parseDuration` takes it (checked already); without one, until stopped. */
  readonly duration?: string;
  /** `path=value`, in order. */
  readonly set: readonly string[];
}

export interface RecordOptions extends RunOptions {
  /** Write arguments as they are. */
  readonly unredacted?: boolean;
}

export type DecodeOptions = DecodeCommandOptions;
export type VerifyOptions = VerifyCommandOptions;

/** Whether the process connector delivers: subscribe, fork, see the fork. */
export interface SelfTestResult {
  readonly ok: boolean;
  /** What was seen, or why nothing was, as a sentence without full stop. */
  readonly reason: string;
  /** What to do about it; null when it is ok. */
  readonly fix: string | null;
}
