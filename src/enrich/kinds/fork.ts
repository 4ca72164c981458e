import type { ProcessEvent } from '../../core/event.ts';
import type { ForkEvent, Piece } from '../../core/kernel-event.ts';
import type { EnrichContext } from '../context.ts';
import { newProcessEvent } from '../event-shape.ts';
import { entityIdOf, parentLink } from '../parents.ts';
import { parseCgroup } from '../procfs/cgroup.ts';
import { forkedBefore, knownOrPlaceholder, strayEntry } from '../resolve.ts';
import { deriveStart, ticksOf } from '../start-time.ts';
import { ANNOUNCED, OWN_CGROUP, START_UNKNOWN, type Entry } from '../table/entry.ts';
import { setThreadCount, threadForked } from '../table/threads.ts';

/** null: not for the stream. `wanted` is false when the kind is not selected; the table learns all the same. */
export function onFork(ctx: EnrichContext, event: ForkEvent, wanted: boolean): ProcessEvent | null {
  return event.pid === event.tgid ? onProcessFork(ctx, event, wanted) : onThreadFork(ctx, event, wanted);
}

function onProcessFork(ctx: EnrichContext, event: ForkEvent, wanted: boolean): ProcessEvent | null {
  const parent = knownOrPlaceholder(ctx, event.parentTgid, event.monotonicNs);
  const child = forkedBefore(ctx, event);
  const entry = child === undefined ? forkChild(ctx, event, parent) : lateFork(ctx, event, child);
  entry.marks |= ANNOUNCED;
  if (entry.parent === null && entry !== parent) entry.parent = parent;
  if (!wanted) return null;
  const made = newProcessEvent(ctx, event, entry);
  // The image at the fork is the parent's, also where an exec was heard before this fork.
  made.process.exec_id = null;
  made.fork = { is_thread: false };
  made.parent = parentLink(parent);
  if (event.startBootNs !== undefined && entry.startTicks === ticksOf(event.startBootNs)) made.provenance.identity = 'KERNEL';
  if (event.cgroup !== undefined && child === undefined && entry.cgroup !== null) made.provenance.cgroup = 'KERNEL';
  made.provenance.parent = entityIdOf(parent) === null ? 'MISSING' : 'KERNEL';
  return made;
}

/** The child is a copy of its parent until it execs. */
function forkChild(ctx: EnrichContext, event: ForkEvent, parent: Entry): Entry {
  const child = strayEntry(ctx, event.tgid, event.monotonicNs);
  deriveStart(ctx, child, { stamp: event, startBootNs: event.startBootNs });
  child.forkHeard = true;
  child.execs = execsOfNamesake(ctx, child);
  setThreadCount(ctx.table, child, { threads: 1, atNs: event.monotonicNs });
  child.name = parent.name;
  child.image = parent.image;
  child.uid = parent.uid;
  child.gid = parent.gid;
  child.euid = parent.euid;
  child.egid = parent.egid;
  child.loginUid = parent.loginUid;
  child.sid = parent.sid;
  child.pgid = parent.pgid;
  child.tty = parent.tty;
  child.cgroup = parent.cgroup;
  if (event.cgroup !== undefined) placeApart(ctx, child, event.cgroup);
  child.parent = parent;
  ctx.table.insert(child);
  return child;
}

/** It was born in another cgroup than its parent's. */
function placeApart(ctx: EnrichContext, child: Entry, cgroup: Piece): void {
  const path = parseCgroup(cgroup);
  child.cgroup = path === undefined ? null : ctx.strings.share(path);
  child.marks |= OWN_CGROUP;
}

/** Two holders of a pid within one tick share their entity id; counting execs on keeps the ids of their images apart. */
function execsOfNamesake(ctx: EnrichContext, child: Entry): number {
  const former = ctx.table.get(child.pid);
  return former !== undefined && former.startTicks === child.startTicks ? former.execs : 0;
}

/** The exec or a snapshot was heard before the fork: what they said is newer than what a fork can say. */
function lateFork(ctx: EnrichContext, event: ForkEvent, entry: Entry): Entry {
  if (entry.startSource === START_UNKNOWN) deriveStart(ctx, entry, { stamp: event, startBootNs: event.startBootNs });
  ctx.table.touch(entry);
  return entry;
}

/** The kernel names the process's parent here, not the thread that cloned: nothing of it is used. */
function onThreadFork(ctx: EnrichContext, event: ForkEvent, wanted: boolean): ProcessEvent | null {
  const known = ctx.table.get(event.tgid);
  if (known !== undefined) threadForked(known, event.monotonicNs);
  if (!wanted || !ctx.threads) return null;
  const entry = known ?? knownOrPlaceholder(ctx, event.tgid, event.monotonicNs);
  const made = newProcessEvent(ctx, event, entry);
  made.fork = { is_thread: true };
  made.parent = entry.parent === null ? null : parentLink(entry.parent);
  return made;
}
