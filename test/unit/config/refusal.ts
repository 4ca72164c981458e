import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { issuesOf, originText } from '../../../src/config/issue.ts';
import type { ConfigIssue } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { AgentError } from '../../../src/core/errors.ts';

/** A file with this text, gone when the test ends. */
export function configFile(text: string | Uint8Array, name = 'forkcast.yaml'): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkcast-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The AgentError that `run` throws. */
export function refusal(run: () => unknown): AgentError {
  try {
    run();
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

export function issuesIn(text: string, overrides: readonly string[] = []): readonly ConfigIssue[] {
  return issuesOf(refusal(() => loadConfig({ file: configFile(text), overrides })));
}

/** Issues as `line:column path | reason | fix`, without the folder of the file. */
export function summaryOf(issues: readonly ConfigIssue[]): string[] {
  return issues.map(
    ({ at, path, reason, fix }) => `${at === null ? '' : originText(at).replace(/^.*forkcast\.yaml:/, '')} ${path} | ${reason} | ${fix}`,
  );
}
