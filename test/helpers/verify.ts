import type { Report } from '../../src/verify/report.ts';
import { FORKCAST } from './agent-process.ts';
import { runCommand } from './run-command.ts';

export interface Verdict {
  readonly code: number | null;
  readonly report: Report & { readonly ok: boolean; readonly records: number };
  /** What was said beside it. */
  readonly stderr: string;
}

/** `forkcast verify` of a folder, or, with `--kafka` and its like, of something else. */
export async function verify(...args: string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', '--json', ...args]);
  if (stdout === '') throw new Error(`verify said: ${stderr}`);
  return { code, report: JSON.parse(stdout) as Verdict['report'], stderr };
}
