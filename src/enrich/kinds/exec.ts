import type { ProcessEvent } from '../../core/event.ts';
import type { ExecEvent } from '../../core/kernel-event.ts';
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
import { nextImage } from '../images.ts';
import { parseStat, type StatFields } from '../procfs/stat.ts';
import { execed, isOfSuccessor } from '../resolve.ts';
import { readStart } from '../start-time.ts';
import { ANNOUNCED, OWN_IMAGE, type Entry } from '../table/entry.ts';
import { setThreadCount } from '../table/threads.ts';

/**
 * A new image. What an exec leaves alone (ids, cgroup, parent) stays valid when it cannot be read; argv, executable and name do not:
 * they are replaced or missing. /proc cannot tell whether yet another exec came before the capture.
 */
export function onExec(ctx: EnrichContext, event: ExecEvent, wanted: boolean): ProcessEvent | null {
  const stat = event.capture === null ? undefined : parseStat(event.capture.stat);
  const foreign = stat !== undefined && isOfSuccessor(ctx, event, stat);
  if (foreign) ctx.counters.foreignCaptures++;
  const own = foreign ? undefined : stat;
  const captured = event.capture === null || foreign ? NOTHING_CAPTURED : parseCapture(ctx, event.capture, own);
  const entry = execed(ctx, event, own);
  if (own !== undefined) followParent(ctx, entry, { stat: own, event });
  ctx.table.setImage(entry, nextImage(ctx, entry, captured));
  entry.marks |= OWN_IMAGE;
  // comm follows the file's name at exec, without an event of its own.
  entry.name = null;
  applyCaptured(ctx, entry, captured);
  setThreadCount(ctx.table, entry, { threads: 1, atNs: event.monotonicNs });
  entry.leaderExited = false;
  entry.aliveNs = event.monotonicNs;
  // Where no forks are published, the kernel may be asked to leave them out: then this is what makes the process known.
  if (wanted && !ctx.kinds.has('FORK')) entry.marks |= ANNOUNCED;
  return wanted ? describe(ctx, event, { entry, captured, foreign }) : null;
}

function followParent(ctx: EnrichContext, entry: Entry, seen: { readonly stat: StatFields; readonly event: ExecEvent }): void {
  const { stat, event } = seen;
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event });
  const parent = entry.parent;
  // The parent at the time of the exec counts: one that died since is still the right one, although /proc names the reaper by now.
  const isCurrent =
    parent !== null && parent.whereabouts !== 'evicted' && (parent.whereabouts !== 'exited' || parent.exitNs > event.monotonicNs);
  if (isCurrent || parent?.pid === stat.ppid) return;
  const reaper = ctx.table.get(stat.ppid);
  entry.ppid = stat.ppid;
  if (reaper !== undefined && reaper !== entry) entry.parent = reaper;
}

function describe(
  ctx: EnrichContext,
  event: ExecEvent,
  of: { readonly entry: Entry; readonly captured: Captured; readonly foreign: boolean },
): ProcessEvent {
  const made = newProcessEvent(ctx, event, of.entry);
  describeCaptured(ctx, made, of);
  made.exec = { filename: null, from_thread: null, before: null };
  if (event.capture !== null) {
    made.provenance.enrich_delay_us = event.capture.delayUs;
    made.provenance.missing_errno = of.foreign ? ESRCH : missingErrno(made.provenance, event.capture);
  }
  countCaptured(ctx.counters, made.provenance);
  return made;
}
