import type { ExitInfo, ProcessEvent } from '../../core/event.ts';
import type { ExitEvent } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { addCareer, addSummary, newProcessEvent } from '../event-shape.ts';
import { bareParent, entityIdOf, parentLink, parentOf } from '../parents.ts';
import { strayEntry } from '../resolve.ts';
import { DIED_UNSEEN, START_UNKNOWN, type Entry } from '../table/entry.ts';
import { leaderExited, setThreadCount, threadExited } from '../table/threads.ts';
import { decodeWaitStatus } from '../wait-status.ts';

/** A message that comes after a listing noticed what it tells is on its way between two threads; a successor of the pid lives and dies later. */
const LATE_NS = 1e9;

/** What a thread other than the leader sends to its parent: −1. A leader whose place an exec took is made such a thread. */
const NO_SIGNAL = 0xffff_ffff;

/**
 * Publishes the end of the process, with `tid` null, at its last thread's EXIT. Other EXITs are thread events; they
 * carry a `tid`, which for a leader that left threads behind is the pid.
 */
export function onExit(ctx: EnrichContext, event: ExitEvent, wanted: boolean): ProcessEvent | null {
  const ended = endedProcess(ctx, event);
  if (ended === null) keepUsage(ctx, event);
  if (!wanted) return null;
  return ended === null ? threadExit(ctx, event) : processExit(ctx, event, ended);
}

/** The thread that the kernel takes for the last one need not be the last to report itself. */
function keepUsage(ctx: EnrichContext, event: ExitEvent): void {
  const known = event.usage === undefined ? undefined : ctx.table.get(event.tgid);
  if (known !== undefined) known.usage = event.usage ?? null;
}

/** The process that ended with this EXIT, marked so in the table; null when only a thread did. */
function endedProcess(ctx: EnrichContext, event: ExitEvent): Entry | null {
  const known = ctx.table.get(event.tgid);
  const isLeader = event.pid === event.tgid && event.exitSignal !== NO_SIGNAL;
  if (known === undefined || isOfFormer(known, event)) return isLeader ? strayEntry(ctx, event.tgid, event.monotonicNs) : null;
  if (isLeader && isToldAlready(known, event)) return null;
  if (!(isLeader ? leaderExited(ctx.table, known, event.monotonicNs) : threadExited(known, event.monotonicNs))) {
    ctx.table.touch(known);
    return null;
  }
  // A process ends once: whoever ended now is a later holder of the pid, and its FORK was lost, whether or not the loss has shown by now.
  if (known.whereabouts === 'exited') return strayEntry(ctx, event.tgid, event.monotonicNs);
  setThreadCount(ctx.table, known, { threads: 0, atNs: event.monotonicNs });
  known.leaderExited = true;
  ctx.table.exit(known, event.monotonicNs);
  return known;
}

/** The pid's former holder died before this one was forked; its message was late. */
function isOfFormer(holder: Entry, event: ExitEvent): boolean {
  return holder.startSource !== START_UNKNOWN && event.monotonicNs < holder.startNs;
}

/** A listing of /proc has noticed the end that this message tells of, and it was published then. */
function isToldAlready(entry: Entry, event: ExitEvent): boolean {
  if (!entry.has(DIED_UNSEEN)) return false;
  entry.marks &= ~DIED_UNSEEN;
  return event.monotonicNs < entry.exitNs + LATE_NS;
}

function processExit(ctx: EnrichContext, event: ExitEvent, entry: Entry): ProcessEvent {
  const made = newProcessEvent(ctx, event, entry);
  made.process.tid = null;
  addSummary(ctx, made.process, entry);
  addCareer(made.process, entry);
  addParent(ctx, made, { event, entry });
  made.exit = exitInfo(event, entry);
  return made;
}

function threadExit(ctx: EnrichContext, event: ExitEvent): ProcessEvent | null {
  if (!ctx.threads) return null;
  // Not into the table: of a process that has ended it would never leave.
  const entry = ctx.table.get(event.tgid) ?? strayEntry(ctx, event.tgid, event.monotonicNs);
  const made = newProcessEvent(ctx, event, entry);
  made.process.tid = event.pid;
  addSummary(ctx, made.process, entry);
  addParent(ctx, made, { event, entry });
  made.exit = exitInfo(event, null);
  return made;
}

/**
 * The kernel's word first: an orphan's parent has changed since the fork, and then the former one is none, also where the new one is not
 * in the table. The kernel gives none for threads and reaped children.
 */
function addParent(ctx: EnrichContext, made: ProcessEvent, of: { readonly event: ExitEvent; readonly entry: Entry }): void {
  const pid = of.event.parentTgid;
  const named = pid === 0 ? undefined : ctx.table.get(pid);
  const parent = named ?? parentOf(ctx, of.entry);
  if (parent !== null && (pid === 0 || parent.pid === pid)) {
    made.parent = parentLink(parent);
    made.provenance.parent = knownParent(parent, named !== undefined);
  } else if (pid !== 0) {
    made.parent = bareParent(pid);
    made.provenance.parent = 'MISSING';
  }
}

function knownParent(parent: Entry, namedByKernel: boolean): 'MISSING' | 'KERNEL' | 'CACHED' {
  if (entityIdOf(parent) === null) return 'MISSING';
  return namedByKernel ? 'KERNEL' : 'CACHED';
}

function exitInfo(event: ExitEvent, entry: Entry | null): ExitInfo {
  const info = decodeWaitStatus(event.exitCode);
  if (entry !== null) info.usage = event.usage ?? entry.usage;
  if (entry !== null && entry.startSource !== START_UNKNOWN) {
    info.duration_us = Math.max(Math.floor((event.monotonicNs - entry.startNs) / 1000), 0);
  }
  return info;
}
