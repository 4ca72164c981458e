import type { ProcessEvent } from '../../core/event.ts';
import type { SnapshotEvent } from '../../core/kernel-event.ts';
import { applyCaptured, countCaptured, describeCaptured, missingErrno, parseCapture, type Captured } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { addSummary, newProcessEvent } from '../event-shape.ts';
import { imageOf } from '../images.ts';
import { parentLink, parentOf } from '../parents.ts';
import { isDead, parseStat, runningThreads, type StatFields } from '../procfs/stat.ts';
import { parseStatus } from '../procfs/status.ts';
import { strayEntry } from '../resolve.ts';
import { loseHolder } from '../scan/recovered.ts';
import { countThreads, recountThreads } from '../scan/sighting.ts';
import { isSameStart, readStart } from '../start-time.ts';
import { ANNOUNCED, OWN_IMAGE, START_UNKNOWN, type Entry } from '../table/entry.ts';

/**
 * A process that was found running at the start. null when there is nothing to announce: it was known, it is dead (nothing more will be heard of
 * it), or it went before it could be read. A known process keeps what its own events said; only blanks are filled.
 */
export function onSnapshot(ctx: EnrichContext, event: SnapshotEvent): ProcessEvent | null {
  const stat = parseStat(event.capture.stat);
  if (stat === undefined) return null;
  if (event.pid !== event.tgid) return onThread(ctx, event, stat);
  if (runningThreads(stat) === 0) return null;
  const holder = ctx.table.get(event.tgid);
  if (holder === undefined || holder.startSource === START_UNKNOWN)
    return announce(ctx, event, { entry: holder ?? newcomer(ctx, event), stat });
  if (isSameStart(holder.startTicks, stat.startTicks)) {
    fillBlanks(ctx, event, { entry: holder, stat });
    return null;
  }
  // An older start is that of a former holder: it died between the scan and now.
  if (stat.startTicks < holder.startTicks) return null;
  loseHolder(ctx, holder, event);
  return announce(ctx, event, { entry: newcomer(ctx, event), stat });
}

/** A thread besides the leader, listed after it: its name and ids are its own, the rest is the process's. It is in the count of the leader's stat. */
function onThread(ctx: EnrichContext, event: SnapshotEvent, stat: StatFields): ProcessEvent | null {
  const entry = ctx.table.get(event.tgid);
  if (!ctx.threads || isDead(stat) || entry?.whereabouts !== 'living') return null;
  const made = newProcessEvent(ctx, event, entry);
  const { process } = made;
  const status = parseStatus(event.capture.status);
  if (status !== undefined) {
    process.uid = status.uid;
    process.euid = status.euid;
    process.gid = status.gid;
    process.egid = status.egid;
    process.caps_effective = status.capsEffective;
    made.provenance.user = 'LIVE';
  }
  addSummary(ctx, process, entry);
  process.name = ctx.strings.share(stat.comm);
  process.user = process.uid === null ? null : ctx.users.nameOf(process.uid);
  const parent = parentOf(ctx, entry);
  if (parent !== null) made.parent = parentLink(parent);
  return made;
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
  const captured = parseCapture(ctx, event.capture, { stat, pid: event.tgid });
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event });
  countThreads(ctx, entry, { stat, monotonicNs: event.monotonicNs });
  entry.marks |= ANNOUNCED;
  entry.ppid = stat.ppid;
  if (entry.image === null) {
    ctx.table.setImage(entry, imageOf(captured, ctx.execIds.ofFound(entry.id)));
    entry.marks |= OWN_IMAGE;
  }
  applyCaptured(ctx, entry, captured);
  return describe(ctx, event, { entry, captured });
}

function fillBlanks(ctx: EnrichContext, event: SnapshotEvent, { entry, stat }: Found): void {
  if (entry.whereabouts !== 'living') return;
  readStart(ctx, entry, { ticks: stat.startTicks, stamp: event });
  recountThreads(ctx, entry, { stat, monotonicNs: event.monotonicNs });
  if (entry.parent === null) entry.ppid = stat.ppid;
  if (entry.image !== null && entry.uid !== null && entry.cgroup !== null) return;
  const captured = parseCapture(ctx, event.capture, { stat, pid: event.tgid });
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
