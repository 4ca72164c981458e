import type { Amendment } from '../core/agent-event.ts';
import { events, judgeInterval } from './judge-interval.ts';
import type { Leave } from './judge-interval.ts';
import type { RunReport, RunState } from './report.ts';
import type { Removable } from './removed-beginnings.ts';
import type { RunStream } from './run-stream.ts';
import { uuidText } from '../core/uuid.ts';

/** Without two checkpoints to tell, what the agent does by default. */
const USUAL_INTERVAL_US = 5_000_000;
const SILENT_AFTER = 3;

export interface Circumstances {
  readonly nowUs: number;
  /** The run of the same host and sink that came next. */
  readonly next: RunStream | undefined;
  /** Before this one its sink's files of process events were removed; 1: none was. */
  readonly cutOff: number;
  readonly removable: Removable;
}

/** Everything is in: the verdict on one run in one sink. To be called once. */
export function judgeRun(stream: RunStream, { nowUs, next, cutOff, removable }: Circumstances): RunReport {
  stream.settleAmendments();
  const { checkpoints, findings } = stream;
  const begins = Math.max(beginOf(stream), Math.min(cutOff, lastOf(stream) + 1));
  for (const text of [...otherRuns(stream), ...otherSinks(stream)]) findings.add('mixed', text);
  judgeCoverage(stream, begins, removable);
  const openPresent = stream.open.all.reduce((sum, { present }) => sum + present, 0);
  const seen = stateOf(stream, next, nowUs);
  const after = seen === 'running' ? nowUs - patienceUs(stream) : Infinity;
  const others = stream.otherAmendments.filter(({ fate }) => fate !== 'replayed').map(toLeave);
  const leave: Leave = { before: begins, after, removable, others };
  for (const interval of stream.open.all) judgeInterval(stream, interval, leave);
  const state = seen === 'killed' && hasEnded(stream, next) ? 'closed' : seen;
  const tail = judgeEnd(stream, next, state);
  const kept = findings.kept.toSorted((a, b) => (a.from ?? 0) - (b.from ?? 0));
  return {
    ...factsOf(stream),
    state,
    expected: stream.accepted,
    present: stream.provenPresent + openPresent,
    duplicates: stream.duplicates,
    filtered: stream.filtered,
    declared: stream.declared,
    unaccounted: findings.unaccounted,
    in_flight: stream.inFlight,
    retained_away: stream.retainedAway,
    perhaps_removed: stream.perhapsRemoved,
    unproven_tail: tail,
    unproven_head: headOf(stream),
    begins_at: begins,
    last_sequence: stream.highest,
    accepted_up_to: acceptedUpTo(stream, next),
    checkpoints: checkpoints.numbers.all.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    upstream: stream.stop?.body.upstream ?? stream.upstream,
    findings: kept,
    more_findings: [...findings.counts.values()].reduce((sum, count) => sum + count, 0) - kept.length,
  };
}

type Fact = 'host_id' | 'hostname' | 'agent_id' | 'sink_id' | 'sink' | 'clean' | 'from_time' | 'to_time';

function factsOf(stream: RunStream): Pick<RunReport, Fact> {
  return {
    host_id: stream.hosts.hostId,
    hostname: stream.hosts.hostname,
    agent_id: uuidText(stream.agentId),
    sink_id: stream.sinkId,
    sink: nameOf(stream),
    clean: stream.stop?.body.clean ?? null,
    from_time: stream.firstTime,
    to_time: stream.lastTime,
  };
}

const toLeave = ({ count, fate, from, to }: Amendment): Leave['others'][number] => ({ left: count, fate, from, to });

function nameOf({ start, sinkId }: RunStream): string | null {
  return sinkNamed(start, sinkId);
}

function sinkNamed(start: RunStream['start'], sinkId: string | null): string | null {
  return start?.body.sinks.find(({ sink_id }) => uuidText(sink_id) === sinkId)?.name ?? null;
}

function otherRuns({ hosts }: RunStream): string[] {
  return hosts.strangers.map((text) => `${text}: records of two runs are mixed under one id`);
}

/** Events do not say which sink they come from: each may be the copy of the other one's, so that neither is proven. */
function otherSinks(stream: RunStream): string[] {
  const { start, sinkId } = stream;
  return [...stream.otherSinks].map(([id, count]) => {
    const [own, other] = [sinkId, id].map((one) => sinkNamed(start, one) ?? one);
    const checkpoints = count === 1 ? '1 checkpoint is' : `${count} checkpoints are`;
    return `${checkpoints} of the sink ${other}, the others of ${own}: records of two sinks are mixed, and nobody can tell which of them sent an event; give each a topic or a folder of its own`;
  });
}

/**
 * Retention takes the oldest first: where the run's first records of its own are gone, so may be its first events. Where they are there,
 * everything must be.
 */
function beginOf({ start, checkpoints: { first }, lowestProcess }: RunStream): number {
  if (start !== null || first === undefined) return 1;
  if (first.checkpoint_no === 1) return first.from_sequence;
  return Number.isFinite(lowestProcess) ? Math.max(first.from_sequence, lowestProcess) : first.from_sequence;
}

function headOf({ checkpoints: { first }, set, start }: RunStream): number {
  return first === undefined || start !== null ? 0 : set.count(1, first.from_sequence - 1);
}

/** It may have been dropped as anything else: a queue that an outage filled is full when the next run starts. */
function isStartDue({ proven, set, open, otherAmendments }: RunStream): boolean {
  if (proven.has(1)) return set.has(1) === true;
  const interval = open.of(1);
  const gone = interval === undefined ? [] : [...interval.dropped, ...interval.amendments];
  return ![...gone, ...otherAmendments].some(({ from, to }) => from <= 1 && 1 <= to);
}

/** Where records of all kinds are in one partition, START is the first to go. */
function mayBeRemoved({ before, left }: Removable): boolean {
  return before > 1 && left > 0;
}

function judgeCoverage(stream: RunStream, begins: number, removable: Removable): void {
  const { checkpoints, findings, set, start } = stream;
  const { first, numbers, covered } = checkpoints;
  if (first === undefined) return;
  if (
    first.checkpoint_no === 1 &&
    first.from_sequence === 1 &&
    start === null &&
    begins === 1 &&
    !mayBeRemoved(removable) &&
    isStartDue(stream)
  )
    findings.add('start_missing', 'its START is not there', { from: 1, to: 1, sequences: [1] });
  const absent = [...numbers.gaps];
  const uncovered = [...covered.gaps];
  if (start !== null && first.checkpoint_no > 1) {
    absent.unshift({ from: 1, to: first.checkpoint_no - 1 });
    uncovered.unshift({ from: 1, to: first.from_sequence - 1 });
  }
  for (const { from, to } of absent)
    findings.add('checkpoint_missing', from === to ? `checkpoint ${from} is missing` : `checkpoints ${from} to ${to} are missing`);
  for (const { from, to } of uncovered) {
    const there = set.count(from, to);
    const length = to - from + 1;
    const text = `no checkpoint covers ${from} to ${to}: ${events(there)} of ${length} are there, unproven`;
    findings.add(absent.length > 0 ? 'checkpoint_missing' : 'checkpoint_wrong', text, { from, to, count: length - there });
  }
}

const lastOf = ({ checkpoints: { covered }, highest }: RunStream): number => Math.max(highest, covered.all.at(-1)?.to ?? 0);

/**
 * Whether the next run says that it stopped cleanly, with nothing accepted behind what the checkpoints cover: its STOP was not for this sink, which
 * was taken out of the configuration before or had no room. Where the very last event is missing, that was the STOP.
 */
function hasEnded(stream: RunStream, next: RunStream | undefined): boolean {
  const previous = next?.start?.body.previous;
  const { agentId, accepted, findings, highest, checkpoints } = stream;
  if (previous?.clean !== true || !previous.agent_id.equals(agentId)) return false;
  // What accepted nothing is not named.
  const upTo = acceptedUpTo(stream, next) ?? (accepted === 0 && highest === 0 ? 0 : Infinity);
  return upTo <= (checkpoints.covered.all.at(-1)?.to ?? 0) && (highest >= upTo || !findings.counts.has('missing'));
}

/** Returns the number of events behind the last checkpoint. */
function judgeEnd(stream: RunStream, next: RunStream | undefined, state: RunState): number {
  const { checkpoints, findings, set, stop, highest } = stream;
  const covered = checkpoints.covered.all.at(-1)?.to ?? 0;
  const previous = next?.start?.body.previous;
  if (stop === null) {
    if (previous?.clean === true && previous.agent_id.equals(stream.agentId) && state !== 'closed')
      findings.add('stop_missing', 'the next run says that it stopped cleanly, but its STOP is not there');
    return set.count(covered + 1, highest);
  }
  const last = lastOf(stream);
  if (last > stop.sequence) {
    const about = { from: stop.sequence + 1, to: last };
    findings.add(
      covered > stop.sequence ? 'mixed' : 'foreign',
      `it stopped with event ${stop.sequence}, but there are events up to ${last}`,
      about,
    );
  }
  const there = set.count(covered + 1, stop.sequence);
  if (covered < stop.sequence && checkpoints.last !== undefined && stop.body.clean) {
    const length = stop.sequence - covered;
    const text = `the checkpoint behind its STOP is missing: ${events(there)} of ${length} from ${covered + 1} on are there, unproven`;
    findings.add('checkpoint_missing', text, { from: covered + 1, to: stop.sequence, count: length - there });
  }
  return there;
}

function acceptedUpTo(stream: RunStream, next: RunStream | undefined): number | null {
  const { agentId, sinkId, stop } = stream;
  const previous = next?.start?.body.previous;
  if (stop !== null || isClosed(stream) || sinkId === null || !previous?.agent_id.equals(agentId)) return null;
  return previous.last_sequences[sinkId] ?? null;
}

/**
 * Nothing was to follow what is there, and the last event before it, the STOP or the RELOAD that took the sink away, is there or said not to be. Without
 * it more may have been cut off.
 */
function isClosed({ checkpoints: { last }, highest, open, otherAmendments }: RunStream): boolean {
  if (last?.final !== true || highest > last.to_sequence) return false;
  const end = last.to_sequence;
  const amendments = [...otherAmendments, ...(open.of(end)?.amendments ?? [])];
  const gone = [...last.dropped, ...amendments.filter(({ fate }) => fate !== 'replayed')];
  return highest === end || gone.some(({ from, to }) => from <= end && end <= to);
}

function stateOf(stream: RunStream, next: RunStream | undefined, nowUs: number): RunState {
  const { stop, checkpoints, lastTime } = stream;
  if (stop !== null) return 'stopped';
  if (isClosed(stream)) return 'closed';
  if (next !== undefined) return 'killed';
  const heardUs = checkpoints.last === undefined ? lastTime : checkpoints.lastTime;
  return nowUs - heardUs <= patienceUs(stream) ? 'running' : 'silent';
}

function patienceUs({ checkpoints }: RunStream): number {
  return SILENT_AFTER * Math.max(USUAL_INTERVAL_US, checkpoints.intervalUs);
}
