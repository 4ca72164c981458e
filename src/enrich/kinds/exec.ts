import type { ExecInfo, ProcessEvent, ProcessInfo } from '../../core/event.ts';
import type { ExecEvent, RecoveredEvent } from '../../core/kernel-event.ts';
import {
  applyCaptured,
  countCaptured,
  describeCaptured,
  ESRCH,
  missingErrno,
  NOTHING_CAPTURED,
  parseCapture,
  type Captured,
} from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { newProcessEvent } from '../event-shape.ts';
import { idsBefore } from '../former-ids.ts';
import { isEscalation } from '../marks/escalation.ts';
import { marksOf } from '../marks/marks.ts';
import { isNameMismatch } from '../marks/name-mismatch.ts';
import { nextImage } from '../images.ts';
import type { StatFields } from '../procfs/stat.ts';
import { execInfoOf, statOf } from '../recorded.ts';
import { execed, isOfSuccessor } from '../resolve.ts';
import { readStart } from '../start-time.ts';
import { ANNOUNCED, OWN_IMAGE, type Entry } from '../table/entry.ts';
import { setThreadCount } from '../table/threads.ts';

/**
 * A new image. What an exec leaves alone (ids, cgroup, parent) stays valid when it cannot be read; argv, executable and name do not:
 * they are replaced or missing. /proc cannot tell whether yet another exec came before the capture.
 */
export function onExec(ctx: EnrichContext, event: ExecEvent, wanted: boolean): ProcessEvent | null {
  const stat = event.capture === null ? undefined : statOf(event.capture);
  // What was recorded is of this very exec; what was read may be of whoever has the pid by then.
  const foreign = stat !== undefined && event.capture?.kernel === undefined && isOfSuccessor(ctx, event, stat);
  if (foreign) ctx.counters.foreignCaptures++;
  const own = foreign ? undefined : stat;
  const captured = event.capture === null || foreign ? NOTHING_CAPTURED : parseCapture(ctx, event.capture, { stat: own, pid: event.tgid });
  const entry = execed(ctx, event, own);
  if (own !== undefined) followParent(ctx, entry, { stat: own, event });
  ctx.table.setImage(entry, nextImage(ctx, entry, captured));
  entry.marks |= OWN_IMAGE;
  // comm follows the file's name at exec, without an event of its own.
  entry.name = null;
  const before = idsBefore(entry, captured, event);
  applyCaptured(ctx, entry, captured);
  setThreadCount(ctx.table, entry, { threads: 1, atNs: event.monotonicNs });
  entry.leaderExited = false;
  entry.aliveNs = event.monotonicNs;
  // Where no forks are published, the kernel may be asked to leave them out: then this is what makes the process known.
  if (wanted && !ctx.kinds.has('FORK')) entry.marks |= ANNOUNCED;
  return wanted ? describeExec(ctx, event, { entry, captured, foreign, before }) : null;
}

function followParent(ctx: EnrichContext, entry: Entry, seen: { readonly stat: StatFields; readonly event: ExecEvent }): void {
  const { stat, event } = seen;
  const kernel = event.capture?.kernel;
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event, startNs: kernel?.startMonotonicNs });
  const parent = entry.parent;
  // The parent at the time of the exec counts: one that died since is still the right one, although /proc names the reaper by now.
  const isCurrent =
    kernel === undefined &&
    parent !== null &&
    parent.whereabouts !== 'evicted' &&
    (parent.whereabouts !== 'exited' || parent.exitNs > event.monotonicNs);
  if (isCurrent || parent?.pid === stat.ppid) return;
  const reaper = ctx.table.get(stat.ppid);
  entry.ppid = stat.ppid;
  if (reaper !== undefined && reaper !== entry) entry.parent = reaper;
  else if (kernel !== undefined) entry.parent = null;
}

/** The event of an exec, after the entry has taken over what was captured. */
export function describeExec(
  ctx: EnrichContext,
  event: ExecEvent | RecoveredEvent,
  of: { readonly entry: Entry; readonly captured: Captured; readonly foreign: boolean; readonly before: ExecInfo['before'] },
): ProcessEvent {
  const made = newProcessEvent(ctx, event, of.entry);
  describeCaptured(ctx, made, of);
  const execInfo = execInfoOf(of.captured.recorded, of.before);
  made.exec = execInfo;
  made.process.marks = marksFor(made.process, execInfo, of.captured.isShellOnSocket);
  if (event.capture !== null) {
    made.provenance.enrich_delay_us = event.capture.delayUs;
    made.provenance.missing_errno = of.foreign ? ESRCH : missingErrno(made.provenance, event.capture);
  }
  countCaptured(ctx.counters, made.provenance);
  return made;
}

function marksFor(process: ProcessInfo, { before, filename }: ExecInfo, shellOnSocket: boolean): ProcessInfo['marks'] {
  return marksOf({
    escalation: before !== null && isEscalation(before, process),
    shellOnSocket,
    nameMismatch: isNameMismatch({ filename, args: process.args, isScript: process.script !== null }),
  });
}
