import { join } from 'node:path';
import type { Agent } from '../agent/agent.ts';
import { total } from '../core/ledger.ts';
import type { SinkLedger } from '../core/ledger.ts';
import type { Style } from './style.ts';

const number = new Intl.NumberFormat('en-US');
const n = (value: number): string => number.format(value);

/** One line about a running agent. */
export function statusLine(agent: Agent): string {
  const { heard, lost } = agent.books.upstream;
  const delivered = agent.books.sinks.map((sink) => `${sink.sink} ${n(sink.delivered)}`).join(', ');
  return `heard ${n(heard)} · lost ${n(lost)} · arguments ${capturedShare(agent)} · processes ${n(agent.enricher.table.entries)} · delivered: ${delivered}`;
}

/** How many execs came with their arguments. */
function capturedShare(agent: Agent): string {
  const { args } = agent.enricher.counters;
  const all = total(args);
  return all === 0 ? '–' : `${(((all - args.MISSING) / all) * 100).toFixed(1)} %`;
}

/** Where the event files are, and how to look into them; empty without a file sink. */
function filesText(agent: Agent, style: Style): string {
  const folders = agent.config.sinks.flatMap((sink) => (sink.type === 'file' ? [sink.settings.path] : []));
  return folders.map((folder) => style.dim(`events: forkcast decode ${join(folder, 'process-*.avro')}\n`)).join('');
}

/** The closing ledger: every event that was heard or lost is in one of its lines. */
export function closingText(agent: Agent, style: Style): string {
  const { upstream, sinks, imbalances } = agent.books;
  const rows: [string, string][] = [
    ['heard', n(upstream.heard)],
    ['lost in the kernel', upstream.lost === 0 ? style.green('0') : style.red(n(upstream.lost))],
    ['  of other threads', n(upstream.thread_events)],
    ['  of kinds not selected', n(upstream.deselected)],
    ['  acknowledgements', n(upstream.own_acks)],
    ...ignoredRows(agent.source.counts),
    ['added by the agent', `${n(upstream.originated)} (processes found at the start, its own events)`],
    ['sequenced', n(upstream.sequenced)],
    ['arguments captured', capturedShare(agent)],
    ...sinks.map((sink): [string, string] => [`sink ${sink.sink}`, sinkText(sink)]),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const books = imbalances.length === 0 ? '' : `${style.red('the books do not balance')}: ${imbalances.join('; ')}\n`;
  return `\n${style.bold('ledger')}\n${rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join('')}${books}${filesText(agent, style)}`;
}

/** Anyone may send to the socket; what is not the kernel's, or no event at all, is no part of the books. */
function ignoredRows({ foreign, malformed }: Agent['source']['counts']): [string, string][] {
  const parts: string[] = [];
  if (foreign > 0) parts.push(`${n(foreign)} ${foreign === 1 ? 'message' : 'messages'} not from the kernel`);
  if (malformed > 0) parts.push(`${n(malformed)} malformed`);
  return parts.length === 0 ? [] : [['ignored', parts.join(' · ')]];
}

function sinkText({ delivered, takenOver, filtered, dropped, deadLettered, lost, waiting }: SinkLedger): string {
  const earlier = takenOver > 0 ? ` (with ${n(takenOver)} that earlier runs accepted)` : '';
  const parts = [`delivered ${n(delivered)}${earlier}`];
  if (filtered > 0) parts.push(`filtered ${n(filtered)}`);
  for (const [reason, count] of byReason(dropped, lost)) parts.push(`${reason.replaceAll('_', ' ')} ${n(count)}`);
  if (deadLettered > 0) parts.push(`dead-lettered ${n(deadLettered)}`);
  if (waiting > 0) parts.push(`waiting on disk ${n(waiting)}`);
  return parts.join(' · ');
}

/** A stop can cost events that the queue took and events that it never took: to whoever reads it, both are gone for one reason. */
function byReason(dropped: SinkLedger['dropped'], lost: SinkLedger['lost']): Map<string, number> {
  const counts = new Map(Object.entries(dropped));
  for (const [reason, count] of Object.entries(lost)) counts.set(reason, (counts.get(reason) ?? 0) + count);
  return counts;
}
