import type { ProcessEvent } from '../../core/event.ts';
import type { SnapshotEvent } from '../../core/kernel-event.ts';
import { applyCaptured, countCaptured, describeCaptured, missingErrno, parseCapture, type Captured } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { newProcessEvent } from '../event-shape.ts';
import { isDead, parseStat, runningThreads, type StatFields } from '../procfs/stat.ts';
import { strayEntry } from '../resolve.ts';
import { isSameStart, readStart } from '../start-time.ts';
import { OWN_IMAGE, START_UNKNOWN, type Entry } from '../table/entry.ts';
import { newImage } from '../table/image.ts';
import { isCountExact, setThreadCount } from '../table/threads.ts';

/**
 * A process that was found running. null when there is nothing to announce: it was known, it is dead (nothing more will be heard of
 * it), or it went before it could be read. A known process keeps what its own events said; only blanks are filled.
 */
export function onSnapshot(ctx: EnrichContext, event: SnapshotEvent): ProcessEvent | null {
  const stat = parseStat(event.capture.stat);
  if (stat === undefined || event.pid !== event.tgid || runningThreads(stat) === 0) return null;
  const holder = ctx.table.get(event.tgid);
  if (holder === undefined || holder.startSource === START_UNKNOWN)
    return announce(ctx, event, { entry: holder ?? newcomer(ctx, event), stat });
  if (isSameStart(holder.startTicks, stat.startTicks)) {
    fillBlanks(ctx, event, { entry: holder, stat });
    return null;
  }
  // An older start is that of a former holder: it died between the scan and now.
  if (stat.startTicks < holder.startTicks) return null;
  if (holder.whereabouts === 'living') ctx.table.counters.pidReused++;
  return announce(ctx, event, { entry: newcomer(ctx, event), stat });
}

interface Found {
  readonly entry: Entry;
  readonly stat: StatFields;
}

function newcomer(ctx: EnrichContext, event: SnapshotEvent): Entry {
  const entry = strayEntry(ctx, event.tgid, event.monotonicNs);
  ctx.table.insert(entry);
  return entry;
}

function announce(ctx: EnrichContext, event: SnapshotEvent, { entry, stat }: Found): ProcessEvent {
  const captured = parseCapture(ctx, event.capture, stat);
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event });
  countThreads(ctx, event, { entry, stat });
  entry.ppid = stat.ppid;
  if (entry.image === null) {
    ctx.table.setImage(entry, imageOf(captured, ctx.execIds.ofFound(entry.id)));
    entry.marks |= OWN_IMAGE;
  }
  applyCaptured(ctx, entry, captured);
  return describe(ctx, event, { entry, captured });
}

function imageOf(captured: Captured, execId: Buffer | null): ReturnType<typeof newImage> {
  return newImage({ execId, exe: captured.exe?.path ?? null, argv: captured.argv, cwd: captured.cwd });
}

/** A leader that is a zombie has left its threads behind: the process ends with the last of them. */
function countThreads(ctx: EnrichContext, event: SnapshotEvent, { entry, stat }: Found): void {
  setThreadCount(ctx.table, entry, { threads: runningThreads(stat), atNs: event.monotonicNs });
  entry.leaderExited = isDead(stat);
}

function fillBlanks(ctx: EnrichContext, event: SnapshotEvent, { entry, stat }: Found): void {
  if (entry.whereabouts !== 'living') return;
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event });
  if (!isCountExact(ctx.table, entry)) countThreads(ctx, event, { entry, stat });
  if (entry.parent === null) entry.ppid = stat.ppid;
  if (entry.image !== null && entry.uid !== null && entry.cgroup !== null) return;
  const captured = parseCapture(ctx, event.capture, stat);
  // No exec of its own was heard: what it runs is its parent's image, of which nobody knows the id.
  if (entry.image === null) ctx.table.setImage(entry, imageOf(captured, null));
  applyCaptured(ctx, entry, blanksOnly(entry, captured));
}

function blanksOnly(entry: Entry, captured: Captured): Captured {
  return {
    ...captured,
    stat: entry.name === null ? captured.stat : undefined,
    status: entry.uid === null ? captured.status : undefined,
    cgroup: entry.cgroup === null ? captured.cgroup : undefined,
  };
}

function describe(ctx: EnrichContext, event: SnapshotEvent, of: { readonly entry: Entry; readonly captured: Captured }): ProcessEvent {
  const made = newProcessEvent(ctx, event, of.entry);
  describeCaptured(ctx, made, of);
  made.provenance.missing_errno = missingErrno(made.provenance, event.capture);
  countCaptured(ctx.counters, made.provenance);
  return made;
}
