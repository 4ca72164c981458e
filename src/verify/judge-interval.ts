import type { Amendment } from '../core/agent-event.ts';
import { goneForGood } from './gone-for-good.ts';
import type { Finding } from './finding.ts';
import type { Due, Interval } from './interval.ts';
import type { Removable } from './removed-beginnings.ts';
import type { RunStream } from './run-stream.ts';
import { nameThem } from './search.ts';
import type { Named } from './search.ts';

const number = new Intl.NumberFormat('en-US');
const n = (value: number): string => number.format(value);
export const events = (count: number): string => (count === 1 ? '1 event' : `${n(count)} events`);

/** What may be missing for other reasons than that somebody lost it. */
export interface Leave {
  /** Nothing before this sequence is expected to be there any more. */
  readonly before: number;
  readonly removable: Removable;
  /** What was stated after this, by a run that goes on, may still be on its way. */
  readonly after: number;
  /** Of amendments that are about more than one interval. */
  readonly others: { left: number; readonly fate: string; readonly from: number; readonly to: number }[];
}

/** Judges what is left open when all records are in: what is declared, what nobody accounts for, and what does not belong there. */
export function judgeInterval(stream: RunStream, interval: Interval, leave: Leave): void {
  const gone = goneForGood(interval.amendments, stream.hash);
  const due = interval.dueWithout(gone, stream);
  if (isMet(interval, due)) return declareAll(stream, gone);
  if (isMet(interval, interval.dueWithoutAny(gone))) return gone.forEach(({ fate, count }) => stream.declare(fate, count));
  let missing = interval.missing;
  const old = retained(stream, interval, { missing, before: leave.before });
  stream.retainedAway += old;
  missing -= old;
  for (const { fate, count, from, to, digest } of gone) {
    const left = digest === null ? Math.min(count, interval.holes({ from, to }, stream.set)) : count - stream.set.count(from, to);
    missing -= declareUpTo(stream, missing, { fate, left });
  }
  for (const other of leave.others) {
    const declared = declareUpTo(stream, Math.min(missing, interval.holes(other, stream.set)), other);
    other.left -= declared;
    missing -= declared;
  }
  missing -= takeRemoved(stream, interval, { missing, removable: leave.removable });
  if (missing > 0 && interval.time > leave.after) {
    stream.inFlight += missing;
    return;
  }
  const isExact = due !== undefined && missing === due.count - interval.present;
  report(stream, interval, { missing, due: isExact ? due : undefined });
}

function isMet({ present, sum }: Interval, due: Due | undefined): boolean {
  return due !== undefined && present === due.count && sum.equals(due.digest);
}

/** But for those of them that came through: delivered before they were dropped. */
function declareAll(stream: RunStream, gone: readonly Amendment[]): void {
  for (const { fate, count, from, to } of gone) declareUpTo(stream, Infinity, { fate, left: count - stream.set.count(from, to) });
}

function declareUpTo(stream: RunStream, missing: number, { fate, left }: { fate: string; left: number }): number {
  const declared = Math.max(0, Math.min(missing, left));
  if (declared > 0) stream.declare(fate, declared);
  return declared;
}

/** How many are not there because nothing so old is. */
function retained({ set }: RunStream, { from, to }: Interval, { missing, before }: { missing: number; before: number }): number {
  const last = Math.min(to, before - 1);
  if (last < from || missing <= 0) return 0;
  return Math.min(missing, last - from + 1 - set.count(from, last));
}

/** How many are not there and may have been removed. */
function takeRemoved(
  stream: RunStream,
  interval: Interval,
  { missing, removable }: { missing: number; removable: Leave['removable'] },
): number {
  const removed = Math.min(removable.left, retained(stream, interval, { missing, before: removable.before }));
  stream.perhapsRemoved += removed;
  removable.left -= removed;
  return removed;
}

function report(stream: RunStream, interval: Interval, { missing, due }: { missing: number; due: Due | undefined }): void {
  const { number: no, from, to } = interval;
  const where = `of the ${events(interval.accepted)} of checkpoint ${no} (${n(from)} to ${n(to)})`;
  const names = due === undefined ? { missing: [], foreign: [] } : nameThem(interval, due, stream);
  if (missing > 0) {
    const text = `${events(missing)} ${where} ${missing === 1 ? 'is' : 'are'} missing${listed(names.missing)}`;
    stream.findings.add('missing', text, { from, to, sequences: names.missing, count: missing });
  } else if (missing < 0) {
    const text = `${events(-missing)} more than were accepted are there among those of checkpoint ${no}${listed(names.foreign)}`;
    stream.findings.add('foreign', text, { from, to, sequences: names.foreign });
  } else if (due !== undefined && !interval.sum.equals(due.digest)) reportDigest(stream, interval, names);
}

function reportDigest(stream: RunStream, interval: Interval, names: Named): void {
  const { number: no, from, to } = interval;
  if (interval.isDense) {
    stream.findings.add('digest', `checkpoint ${no} has a wrong digest: all its ${events(interval.accepted)} are there`, { from, to });
    return;
  }
  const exchanged = names.missing.length > 0 ? `: ${names.missing[0]} is missing, ${names.foreign[0]} was never accepted` : '';
  const text = `as many events as checkpoint ${no} says are there, but not the same ones${exchanged}`;
  stream.findings.add('digest', text, { from, to, sequences: names.missing, count: Math.max(1, names.missing.length) });
}

const listed = (sequences: Finding['sequences']): string =>
  sequences.length === 0 ? '' : `: ${sequences.slice(0, 5).join(', ')}${sequences.length > 5 ? ', …' : ''}`;
