import { issuesOf, originText, valueText } from '../config/issue.ts';
import type { ConfigIssue } from '../config/issue.ts';
import { asAgentError, exitCodeOf } from '../core/errors.ts';
import type { AgentError } from '../core/errors.ts';
import { escapeText } from '../core/text.ts';
import type { CliIo } from './io.ts';
import { tell } from './print.ts';
import { styleFor } from './style.ts';

/** Says on stderr what went wrong and what to do; resolves to the exit code. */
export async function reportError(error: unknown, io: CliIo): Promise<number> {
  const known = asAgentError(error);
  const style = styleFor(io.stderr, io.env);
  const issues = issuesOf(known);
  const head = `${style.red('error')}: ${escapeText(known.message)}\n`;
  const list = issues.length === 0 ? '' : `${issues.map((issue) => issueText(issue, io)).join('')}\n`;
  await tell(io.stderr, `${head}${list === '' ? '' : `\n${list}`}${fixText(known)}${traceText(known)}`);
  return exitCodeOf(known);
}

/** The place first, as compilers write it: terminals and editors make a link of it. */
function issueText({ at, path, value, reason, fix }: ConfigIssue, io: CliIo): string {
  const style = styleFor(io.stderr, io.env);
  // An override usually names the very path that is wrong; then once is enough.
  const place = at === null ? '' : 'override' in at && at.override === path ? `${style.dim('--set')} ` : `${style.dim(originText(at))}  `;
  const subject = path === '' ? '' : `${style.bold(path)} `;
  const found = value === null ? '' : ` (found ${valueText(value)})`;
  return `${place}${subject}${reason}${found}\n    ${escapeText(fix)}\n`;
}

function fixText({ fix }: AgentError): string {
  return fix === undefined ? '' : `${escapeText(fix)}\n`;
}

/** Only a mistake of ours is worth a stack trace: whoever reads it is asked to pass it on. */
function traceText(error: AgentError): string {
  if (error.category !== 'bug') return '';
  const cause = error.cause instanceof Error ? error.cause : error;
  const trace = (cause.stack ?? cause.message)
    .split('\n')
    .map((line) => escapeText(line))
    .join('\n');
  return `this is a bug in forkcast; please report it together with:\n${trace}\n`;
}
