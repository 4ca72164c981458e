import { AgentError } from '../core/errors.ts';
import { escapeText, excerpt } from '../core/text.ts';
import { pathText } from './path.ts';
import type { ConfigPath } from './path.ts';

/** Where the user wrote it: a place in a file (line and column from 1, where known), or a `--set` on the command line. */
export type Origin =
  { readonly file: string; readonly line: number | null; readonly column: number | null } | { readonly override: string };

/** One thing wrong with the configuration. */
export interface ConfigIssue {
  /** As `pathText` writes it; empty: the file as a whole. */
  readonly path: string;
  /** As written; null where the value says nothing (a missing or an unknown key). */
  readonly value: unknown;
  /** What is wrong, as the rest of a sentence that begins with the path: "must be true or false"; a whole sentence where the path is empty. */
  readonly reason: string;
  /** What to write instead, as an instruction. */
  readonly fix: string;
  /** null: it was not written but follows from what was. */
  readonly at: Origin | null;
}

/** An issue found by a check that does not know where the value was written. */
export interface Finding {
  readonly path: ConfigPath;
  readonly value: unknown;
  readonly reason: string;
  readonly fix: string;
  /** The key is what is wrong, not its value: point at the key. */
  readonly ofKey?: boolean;
}

export function locateFinding(finding: Finding, locate: (path: ConfigPath, ofKey: boolean) => Origin | null): ConfigIssue {
  const { path, value, reason, fix } = finding;
  return { path: pathText(path), value: value ?? null, reason, fix, at: locate(path, finding.ofKey === true) };
}

/** All issues as one error; `context.issues` carries the list, `context.file` the file's name or null. */
export function invalidConfig(issues: readonly ConfigIssue[], file: string | null): AgentError {
  const count = issues.length === 1 ? 'one error' : `${issues.length} errors`;
  const message = `the configuration${file === null ? '' : ` ${escapeText(file)}`} has ${count}`;
  return new AgentError('CONFIG_INVALID', message, {
    context: { file, issues },
    fix: 'correct what is listed, then run forkcast check again',
  });
}

/** The list that an error carries; empty for errors of another kind. */
export function issuesOf(error: AgentError): readonly ConfigIssue[] {
  const issues = error.context['issues'];
  return error.code === 'CONFIG_INVALID' && Array.isArray(issues) ? (issues as ConfigIssue[]) : [];
}

export function originText(at: Origin): string {
  if ('override' in at) return `--set ${escapeText(at.override)}`;
  const place = at.line === null ? '' : `:${at.line}:${at.column ?? 1}`;
  return `${escapeText(at.file)}${place}`;
}

/** The longest value that is repeated whole in a message. */
const VALUE_LENGTH = 60;

/** A value as it stands in a message: JSON, on one line, short. */
export function valueText(value: unknown): string {
  if (typeof value === 'number') return String(value);
  return excerpt(JSON.stringify(value) ?? String(value), VALUE_LENGTH);
}
