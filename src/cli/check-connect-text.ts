import { escapeText } from '../core/text.ts';
import type { Finding } from './check-connect-finding.ts';
import type { CliIo } from './io.ts';
import { styleFor } from './style.ts';
import type { Style } from './style.ts';

const NOTHING_TO_REACH = 'no sink of this configuration is of type kafka or nats: there is nothing to reach';

/** A line for each item, with what to do about it below. */
export function connectText(findings: readonly Finding[], io: CliIo): string {
  const style = styleFor(io.stdout, io.env);
  if (findings.length === 0) return `${style.good} ${NOTHING_TO_REACH}\n`;
  const sinks = [...new Set(findings.map(({ sink }) => sink))];
  const parts = sinks.map((sink) => sinkText(sink, findings, style));
  return `${parts.join('\n')}\n${conclusion(findings, style)}\n`;
}

function sinkText(name: string, findings: readonly Finding[], style: Style): string {
  const own = findings.filter(({ sink }) => sink === name);
  const width = Math.max(...own.map(({ item }) => item.length));
  const indent = ' '.repeat(style.good.length + width + 5);
  const lines = own.flatMap(({ item, status, found, fix }) => {
    const line = `  ${sign(status, style)} ${item.padEnd(width)}  ${escapeText(found)}`;
    return fix === null ? [line] : [line, style.dim(`${indent}fix: ${escapeText(fix)}`)];
  });
  return `${style.bold(`sink ${name}`)}\n${lines.join('\n')}\n`;
}

function sign(status: Finding['status'], style: Style): string {
  switch (status) {
    case 'ok':
      return style.green(style.good);
    case 'warning':
      return style.yellow(style.doubtful);
    case 'error':
      return style.red(style.bad);
  }
}

function conclusion(findings: readonly Finding[], style: Style): string {
  const count = (status: Finding['status'], word: string): string => {
    const { length } = findings.filter((finding) => finding.status === status);
    return `${length} ${word}${length === 1 ? '' : 's'}`;
  };
  const [errors, warnings] = [count('error', 'error'), count('warning', 'warning')];
  if (errors !== '0 errors') return `${style.red('not connected')}: ${errors}, ${warnings}`;
  return `${style.green('connected')}${warnings === '0 warnings' ? '' : `: ${warnings}`}`;
}
