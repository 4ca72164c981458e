import { escapeText } from '../core/text.ts';
import { formatDuration } from '../core/units.ts';
import type { Blind, Report, RunReport } from '../verify/report.ts';
import type { Style } from './style.ts';
import type { Reading } from './verify-reading.ts';

const number = new Intl.NumberFormat('en-US');
const n = (value: number): string => number.format(value);
const many = (count: number, what: string): string => `${n(count)} ${what}${count === 1 ? '' : 's'}`;

export interface Reader {
  readonly style: Style;
  readonly allowBlind: boolean;
}

/** The verdict for people: each run by itself, then the sum of it. */
export function verdictText(report: Report, reading: Reading, reader: Reader): string {
  const lines = [
    ...report.runs.flatMap((run) => [...runLines(run, reader.style), ...blindLines(report.blind, run, reader), '']),
    ...report.missing_hosts.map((host) => `${reader.style.red(reader.style.bad)} host ${host} was expected, and nothing of it is there`),
    ...(report.missing_hosts.length > 0 ? [''] : []),
    ...sumLines(report, reading, reader),
  ];
  return `${lines.join('\n')}\n`;
}

function runLines(run: RunReport, style: Style): string[] {
  const rows: [string, string][] = [
    ['expected', `${n(run.expected)}${whereFrom(run)}`],
    ['present', presentText(run)],
    ...declaredRow(run),
    ['unaccounted', run.unaccounted === 0 ? style.green('0') : style.red(n(run.unaccounted))],
    ...unprovenRows(run, style),
  ];
  const findings = run.findings.map(({ text }) => `    ${style.red(style.bad)} ${escapeText(text)}`);
  const more = run.more_findings === 0 ? [] : [`    ${style.red(style.bad)} and ${many(run.more_findings, 'finding')} more`];
  return [headline(run, style), ...rows.map(([label, text]) => `    ${label.padEnd(12)} ${text}`), ...findings, ...more];
}

function headline(run: RunReport, style: Style): string {
  const isGood = run.findings.length === 0 && run.state !== 'silent';
  const sign = !isGood ? style.red(style.bad) : run.state === 'killed' ? style.yellow(style.doubtful) : style.green(style.good);
  const sink = run.sink ?? run.sink_id?.slice(0, 8);
  const where = `${style.bold(escapeText(run.hostname))}  run ${run.agent_id.slice(0, 8)}${sink === undefined ? '' : `  sink ${escapeText(sink)}`}`;
  return `${sign} ${where}  ${style.dim(`${timeText(run.from_time)} to ${timeText(run.to_time)}`)}  ${stateText(run, style)}`;
}

function stateText({ state, clean }: RunReport, style: Style): string {
  switch (state) {
    case 'stopped':
      return clean === false ? style.yellow('stopped after an error') : 'stopped';
    case 'closed':
      return 'closed: the sink was removed, or had no room for STOP';
    case 'running':
      return 'running';
    case 'killed':
      return style.yellow('ended without STOP');
    case 'silent':
      return style.red('silent: no STOP, and no checkpoint for three intervals');
  }
}

function whereFrom({ begins_at: begins, retained_away: older, checkpoints, filtered }: RunReport): string {
  const facts = [
    `by ${many(checkpoints, 'checkpoint')}`,
    ...(begins > 1 ? [`begins at sequence ${n(begins)}${older > 0 ? `: ${n(older)} before it are gone with the oldest files` : ''}`] : []),
    ...(filtered > 0 ? [`${n(filtered)} filtered`] : []),
  ];
  return ` (${facts.join(', ')})`;
}

function presentText({ present, duplicates, in_flight: inFlight }: RunReport): string {
  const facts = [
    ...(duplicates > 0 ? [many(duplicates, 'copy').replace('copys', 'copies')] : []),
    ...(inFlight > 0 ? [`${n(inFlight)} on the way`] : []),
  ];
  return `${n(present)}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}

/** What the agent itself says is not there. */
function declaredRow({ declared, upstream }: RunReport): [string, string][] {
  const lost = upstream !== null && upstream.lost > 0 ? [`${n(upstream.lost)} lost in the kernel`] : [];
  const reasons = Object.entries(declared).map(([reason, count]) => `${n(count)} ${escapeText(reason)}`);
  const all = [...lost, ...reasons];
  return all.length === 0 ? [] : [['declared', all.join(', ')]];
}

function unprovenRows(run: RunReport, style: Style): [string, string][] {
  const { unproven_tail: tail, unproven_head: head, perhaps_removed: removed, accepted_up_to: upTo, last_sequence: last, state } = run;
  const rows: [string, string][] = [];
  if (removed > 0)
    rows.push(['removed?', style.yellow(`${many(removed, 'event')} missing, perhaps among the oldest records, which were removed`)]);
  if (head > 0) rows.push(['unproven', `${many(head, 'event')} from before the first checkpoint that is there`]);
  if (tail > 0 && state === 'running') rows.push(['not stated', `${many(tail, 'event')} since the last checkpoint`]);
  else if (tail > 0 || (upTo !== null && state !== 'closed')) {
    const there = upTo !== null && upTo > last ? `, and are there up to ${n(last)} only` : '';
    const known = upTo === null ? '' : `; sequences up to ${n(upTo)} were accepted${there}`;
    rows.push(['tail', style.yellow(`${many(tail, 'event')} behind the last checkpoint, unproven${known}`)]);
  }
  return rows;
}

function blindLines(blind: readonly Blind[], run: RunReport, { style }: Reader): string[] {
  return blind
    .filter(({ before, sink_id: sink, host_id: host }) => before === run.agent_id && sink === run.sink_id && host === run.host_id)
    .map(
      ({ from_time: from, to_time: to }) => `    ${'blind'.padEnd(12)} ${style.yellow(`${spanText(to - from)} before it nobody listened`)}`,
    );
}

function sumLines(report: Report, { records, where, trouble, isCut }: Reading, { style, allowBlind }: Reader): string[] {
  const runs = many(report.runs.length, 'run');
  const read = style.dim(`${many(records, 'record')} in ${where}, ${runs}`);
  if (records === 0) return [`${style.red(style.bad)} there are no records, so nothing is proven`, read];
  if (trouble !== null && report.proven) return [`${style.red(style.bad)} ${trouble}`, read];
  if (!report.proven) return [`${style.red(style.bad)} ${troubleText(report)}`, read];
  const unknown = unknownText(report);
  const whole = isCut === true ? 'everything of which a checkpoint is left is there' : 'everything that was accepted is there';
  if (unknown === '') return [`${style.green(style.good)} ${whole}: unaccounted 0`, read];
  const sign = allowBlind ? style.green(style.good) : style.yellow(style.doubtful);
  const hint = allowBlind ? '' : '; --allow-blind accepts that';
  return [`${sign} unaccounted 0, but there ${unknown} that nobody can prove${hint}`, read];
}

function troubleText({ unaccounted, runs, missing_hosts: hosts }: Report): string {
  const silent = runs.filter(({ state }) => state === 'silent').length;
  const faults = runs.reduce((sum, { findings, more_findings: more }) => sum + findings.length + more, 0);
  const parts = [
    `unaccounted ${n(unaccounted)}`,
    ...(faults > 0 ? [many(faults, 'finding')] : []),
    ...(silent > 0 ? [many(silent, 'silent run')] : []),
    ...(hosts.length > 0 ? [many(hosts.length, 'missing host')] : []),
  ];
  return parts.join(', ');
}

function unknownText({ blind, unproven_tail: tail, perhaps_removed: removed }: Report): string {
  const parts = [
    ...(blind.length > 0 ? [many(blind.length, 'blind interval')] : []),
    ...(tail > 0 ? [`a tail of ${many(tail, 'event')}`] : []),
    ...(removed > 0 ? [`a removed beginning with ${removed === 1 ? 'perhaps 1 event' : `up to ${many(removed, 'event')}`} in it`] : []),
  ];
  return parts.length === 0 ? '' : `${blind.length > 1 ? 'are' : 'is'} ${parts.join(' and ')}`;
}

const timeText = (timeUs: number): string => new Date(timeUs / 1000).toISOString().slice(0, 19).replace('T', ' ');
/** Whole seconds, milliseconds below one. */
const spanText = (us: number): string => formatDuration(us < 1_000_000 ? Math.round(us / 1000) : Math.round(us / 1_000_000) * 1000);
