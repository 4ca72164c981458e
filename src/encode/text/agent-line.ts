import type {
  AgentCheckpoint,
  AgentEvent,
  AgentGap,
  AgentReload,
  AgentSnapshot,
  AgentStart,
  AgentStop,
  AgentThrottle,
} from '../../core/agent-event.ts';
import { paint } from './colour.ts';
import { durationText } from './duration-text.ts';
import { printable } from './printable.ts';
import { localTime } from './timestamp.ts';
import { uuidText } from '../../core/uuid.ts';

/** What the agent says of itself, in words. */
export function describeAgentEvent(event: AgentEvent, colour: boolean): string {
  const { start, snapshot, gap, checkpoint, throttle, canary, reload, stop } = event;
  switch (event.kind) {
    case 'START':
      return start === null ? '' : startText(start);
    case 'SNAPSHOT':
      return snapshot === null ? '' : snapshotText(snapshot);
    case 'GAP':
      return gap === null ? '' : alarm(gapText(gap), colour);
    case 'CHECKPOINT':
      return checkpoint === null ? '' : checkpointText(checkpoint);
    case 'THROTTLE':
      return throttle === null ? '' : throttleText(throttle);
    case 'CANARY':
      return canary === null ? '' : `canary ${canary.ok ? 'came through after' : 'given up after'} ${durationText(canary.latency_us)}`;
    case 'RELOAD':
      return reload === null ? '' : reloadText(reload);
    case 'STOP':
      return stop === null ? '' : stopText(stop);
    case 'UNKNOWN':
      return 'written by a newer version';
  }
}

const alarm = (text: string, colour: boolean): string => (colour ? paint(text, 'red') : text);

const events = (count: number): string => (count === 1 ? '1 event' : `${count} events`);

function startText(start: AgentStart): string {
  const sources = start.sources.length === 0 ? 'nothing' : printable(start.sources.join(', '));
  const sinks = start.sinks.length === 0 ? '' : `; to ${start.sinks.map((sink) => printable(sink.name)).join(', ')}`;
  const without = start.degraded.map(({ feature, reason }) => `${printable(feature)} (${printable(reason)})`).join(', ');
  return `forkcast ${printable(start.version)} hears ${sources}${sinks}${without === '' ? '' : `; without ${without}`}`;
}

const WHY: Readonly<Record<string, string>> = {
  start: '',
  loss: ' after a loss',
  interval: ' for comparison',
  fallback: ' for want of events',
};

function snapshotText({ phase, processes, purpose }: AgentSnapshot): string {
  return `snapshot of running processes${WHY[purpose] ?? ` (${printable(purpose)})`}, ${phase.toLowerCase()}: ${processes}`;
}

const LOST_BY: Readonly<Record<string, string>> = {
  receive_buffer: 'the receive buffer was full',
  tail: 'the receive buffer was full',
  blind: 'the agent was not subscribed',
  outage: 'the agent was not subscribed',
};

function gapText(gap: AgentGap): string {
  const where = gap.cpu === null ? '' : ` on CPU ${gap.cpu}`;
  const when = `between ${localTime(gap.from_time)} and ${localTime(gap.to_time)}`;
  if (gap.count === 0 && !gap.exact) return `nothing was heard ${when}: what happened then is not known`;
  // What an earlier loss had declared without knowing its place.
  const before = gap.from_seq === null || gap.to_seq === null ? 0 : gap.to_seq - gap.from_seq + 1 - gap.count;
  if (gap.count === 0) return `of the events lost before, ${before} were${where} ${when}`;
  const besides = before > 0 ? `, besides ${before} counted before` : '';
  return `${gap.exact ? '' : 'at least '}${events(gap.count)} lost${where} ${when}${besides}: ${LOST_BY[gap.reason] ?? printable(gap.reason)}`;
}

function checkpointText(checkpoint: AgentCheckpoint): string {
  const { checkpoint_no: number, from_sequence: from, to_sequence: to, accepted, filtered, dropped } = checkpoint;
  const drops = dropped.map(({ count, reason }) => `, ${count} dropped (${printable(reason)})`).join('');
  return `checkpoint ${number} of sink ${uuidText(checkpoint.sink_id)}: ${from} to ${to}, ${accepted} accepted, ${filtered} filtered${drops}`;
}

function throttleText(throttle: AgentThrottle): string {
  return `${events(throttle.count)} summed up between ${localTime(throttle.from_time)} and ${localTime(throttle.to_time)}: ${printable(throttle.key)}`;
}

function reloadText({ ok, config_hash: hash, reason }: AgentReload): string {
  return ok ? `configuration reloaded (${printable(hash)})` : `configuration refused, the old one stays: ${printable(reason ?? '?')}`;
}

function stopText({ reason, clean, upstream }: AgentStop): string {
  return `stopped ${clean ? 'cleanly' : 'after an error'} (${printable(reason)}): ${upstream.heard} heard, ${upstream.lost} lost, ${upstream.sequenced} sequenced`;
}
