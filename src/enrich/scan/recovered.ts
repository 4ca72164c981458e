/**
 * Events of what a listing of /proc found although the kernel's own message was lost. They stand for that message, so they are published where its kind is,
 * and carry neither a CPU nor a sequence of the kernel; their time is when it was found.
 */
import type { ProcessEvent, ProcessKind } from '../../core/event.ts';
import { countCaptured, describeCaptured, missingErrno } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { addCareer, addSummary, containerOf, newProcessEvent } from '../event-shape.ts';
import { entityIdOf, parentLink, parentOf } from '../parents.ts';
import type { Stamp } from '../start-time.ts';
import { DIED_UNSEEN, type Entry } from '../table/entry.ts';
import { setThreadCount } from '../table/threads.ts';
import { decodeWaitStatus } from '../wait-status.ts';
import type { Sighting } from './sighting.ts';

interface Found {
  readonly kind: ProcessKind;
  readonly stamp: Stamp;
  readonly delayUs: number;
}

function newRecovered(ctx: EnrichContext, entry: Entry, { kind, stamp, delayUs }: Found): ProcessEvent {
  const { monotonicNs, timeUs } = stamp;
  const capture = { delayUs, cmdline: 0, cmdlineBytes: 0, exe: 0, cwd: 0, stat: 0, status: 0, cgroup: 0, loginuid: 0 };
  const found = { kind: 'SNAPSHOT', purpose: 'loss', monotonicNs, timeUs, pid: entry.pid, tgid: entry.pid, capture } as const;
  const made = newProcessEvent(ctx, found, entry);
  made.kind = kind;
  made.recovered = true;
  if (kind !== 'EXEC' && kind !== 'SNAPSHOT') {
    made.host = ctx.identity.host;
    made.container = containerOf(ctx, entry, false);
  }
  return made;
}

function describe(ctx: EnrichContext, entry: Entry, of: { readonly kind: 'EXEC' | 'SNAPSHOT'; readonly sighting: Sighting }): ProcessEvent {
  const { kind, sighting } = of;
  const made = newRecovered(ctx, entry, { kind, stamp: sighting, delayUs: sighting.delayUs });
  describeCaptured(ctx, made, { entry, captured: sighting.captured });
  made.provenance.missing_errno = missingErrno(made.provenance, sighting.errors);
  countCaptured(ctx.counters, made.provenance);
  return made;
}

/** Of a process whose fork was not heard. It stands for the exec, too, if there was one. */
export function recoveredProcess(ctx: EnrichContext, entry: Entry, sighting: Sighting): ProcessEvent | null {
  if (!ctx.kinds.has('FORK') && !ctx.kinds.has('EXEC')) return null;
  ctx.counters.recovered.found++;
  return describe(ctx, entry, { kind: 'SNAPSHOT', sighting });
}

/** Of an image whose exec was not heard, in the table already. */
export function recoveredExec(ctx: EnrichContext, entry: Entry, sighting: Sighting): ProcessEvent | null {
  if (!ctx.kinds.has('EXEC')) return null;
  ctx.counters.recovered.execs++;
  const event = describe(ctx, entry, { kind: 'EXEC', sighting });
  event.exec = { filename: null, from_thread: null, before: null };
  return event;
}

/** The process runs as root, and no message said that it became so. The entry still has its former ids. */
export function recoveredRoot(
  ctx: EnrichContext,
  entry: Entry,
  { sighting, uid }: { readonly sighting: Sighting; readonly uid: number },
): ProcessEvent | null {
  if (!ctx.kinds.has('UID')) return null;
  ctx.counters.recovered.ids++;
  const event = newRecovered(ctx, entry, { kind: 'UID', stamp: sighting, delayUs: sighting.delayUs });
  event.ids = {
    old_real: entry.uid,
    old_effective: entry.euid,
    new_real: uid,
    new_effective: 0,
    escalation: entry.uid !== null && entry.uid !== 0,
  };
  event.process.uid = uid;
  event.process.euid = 0;
  addSummary(ctx, event.process, entry);
  event.process.user = ctx.users.nameOf(uid);
  event.provenance.user = 'LIVE';
  return event;
}

export interface UnseenEnd {
  /** When it was noticed. */
  readonly stamp: Stamp;
  /** Wait status; null where nobody knows. */
  readonly status: number | null;
}

/** The process has ended, and no message said so: marks it in the table, and gives the event if it is to be published. */
export function dieUnseen(ctx: EnrichContext, entry: Entry, end: UnseenEnd): ProcessEvent | null {
  const { stamp } = end;
  const event = ctx.kinds.has('EXIT') ? exitOf(ctx, entry, end) : null;
  if (event !== null) ctx.counters.recovered.exits++;
  setThreadCount(ctx.table, entry, { threads: 0, atNs: stamp.monotonicNs });
  entry.leaderExited = true;
  entry.marks |= DIED_UNSEEN;
  ctx.table.exit(entry, stamp.monotonicNs);
  return event;
}

/** The pid of a process that was taken for living has another holder. */
export function loseHolder(ctx: EnrichContext, holder: Entry, stamp: Stamp): void {
  if (holder.whereabouts !== 'living') return;
  ctx.table.counters.pidReused++;
  const event = dieUnseen(ctx, holder, { stamp, status: null });
  if (event !== null) ctx.emit({ stream: 'process', event });
}

function exitOf(ctx: EnrichContext, entry: Entry, { stamp, status }: UnseenEnd): ProcessEvent {
  const made = newRecovered(ctx, entry, { kind: 'EXIT', stamp, delayUs: 0 });
  addSummary(ctx, made.process, entry);
  addCareer(made.process, entry);
  const parent = parentOf(ctx, entry);
  if (parent !== null) made.parent = parentLink(parent);
  made.provenance.parent = parent === null || entityIdOf(parent) === null ? 'MISSING' : 'CACHED';
  made.exit = status === null ? { ...decodeWaitStatus(0), code: null } : decodeWaitStatus(status);
  made.provenance.enrich_delay_us = null;
  return made;
}
