import type { CliIo } from '../io.ts';
import { styleFor, wrap } from '../style.ts';
import type { Style } from '../style.ts';
import type { Check, Status } from './finding.ts';

/** Wider lines than this are hard to read, however wide the terminal is. */
const WIDEST = 110;

/** A line for each check, what it means and what to do below it, and at the end what to do next. */
export function renderChecks(checks: readonly Check[], io: CliIo): string {
  const style = styleFor(io.stdout, io.env);
  const nameWidth = Math.max(...checks.map(({ name }) => name.length));
  const indent = style.good.length + 1 + nameWidth + 2;
  const width = Math.max(40, Math.min(io.stdout.columns ?? WIDEST, WIDEST)) - indent;
  const lines = checks.flatMap((check) => {
    const [first = '', ...others] = wrap(check.found, width);
    const notes = [...remark(check.consequence, width), ...remark(check.fix === null ? null : `fix: ${check.fix}`, width)];
    return [
      `${sign(check.status, style)} ${style.bold(check.name.padEnd(nameWidth))}  ${first}`,
      ...[...others, ...notes.map((line) => style.dim(line))].map((line) => `${' '.repeat(indent)}${line}`),
    ];
  });
  return `${lines.join('\n')}\n\n${conclusion(checks, style)}\n`;
}

function remark(text: string | null, width: number): string[] {
  return text === null ? [] : wrap(text, width);
}

function sign(status: Status, style: Style): string {
  switch (status) {
    case 'ok':
      return style.green(style.good);
    case 'degraded':
      return style.yellow(style.doubtful);
    case 'failed':
      return style.red(style.bad);
  }
}

function conclusion(checks: readonly Check[], style: Style): string {
  const failed = checks.filter(({ status }) => status === 'failed');
  const degraded = checks.filter(({ status }) => status === 'degraded');
  const first = failed[0];
  if (first !== undefined) {
    const others = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
    return `${style.red('The agent cannot run here.')} Begin with ${first.name}${others}: ${first.fix ?? first.found}.`;
  }
  const names = degraded.map(({ name }) => name).join(', ');
  if (degraded.length > 0) return `${style.yellow('The agent can run here, with limits')} (${names}). Next: forkcast run`;
  return `${style.green('The agent can run here, with all it offers.')} Next: forkcast run`;
}
