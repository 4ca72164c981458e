import type { Report } from '../../src/verify/report.ts';
import { FORKCAST } from './agent-process.ts';
import { runCommand } from './run-command.ts';

export interface Verdict {
  readonly code: number | null;
  readonly report: Report & { readonly ok: boolean; readonly records: number };
}

/** `forkcast verify` of a folder. */
export async function verify(folder: string, ...options: string[]): Promise<Verdict> {
  const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', '--json', ...options, folder]);
  if (stdout === '') throw new Error(`verify said: ${stderr}`);
  return { code, report: JSON.parse(stdout) as Verdict['report'] };
}
