import type { ProcessEvent, Uuid } from '../core/event.ts';
import type { Capture } from '../core/kernel-event.ts';
import type { EnrichContext } from './context.ts';
import { addCareer, addStanding, addSummary, newProcessEvent } from './event-shape.ts';
import { bareParent, fullParent, parentOf } from './parents.ts';
import type { Stamp } from './start-time.ts';
import type { Entry } from './table/entry.ts';

export interface PidHolder {
  readonly entityId: Uuid;
  readonly living: boolean;
}

/** The table for those who ask, not for those who listen. Nothing is read from /proc. */
export interface ProcessView {
  /** Who had this pid last, as far as known, and whether that process runs; undefined: nothing is known of it (any more). */
  holderOf(pid: number): PidHolder | undefined;
  /** Path of the executable of the process that runs with this pid, its parent's until it execs; null: not known. */
  exeOf(pid: number): string | null;
  /** What is known of the process that runs with this pid, as the SNAPSHOT that a listing at `now` would have given; undefined: none is known. */
  recall(pid: number, now: Stamp): ProcessEvent | undefined;
  /** Pids of all processes that run as far as known. */
  living(): Iterable<number>;
}

export function viewProcesses(ctx: EnrichContext): ProcessView {
  const running = (pid: number): Entry | undefined => {
    const entry = ctx.table.get(pid);
    return entry?.whereabouts === 'living' ? entry : undefined;
  };
  return {
    holderOf(pid) {
      const entry = ctx.table.get(pid);
      return entry === undefined ? undefined : { entityId: entry.id, living: entry.whereabouts === 'living' };
    },
    exeOf: (pid) => running(pid)?.image?.exe ?? null,
    recall(pid, now) {
      const entry = running(pid);
      return entry === undefined ? undefined : recall(ctx, entry, now);
    },
    living: () => ctx.table.living(),
  };
}

/** Stands where nothing was read. */
const NOTHING: Capture = { delayUs: 0, cmdline: 0, cmdlineBytes: 0, exe: 0, cwd: 0, stat: 0, status: 0, cgroup: 0, loginuid: 0 };

/** What the table knows of a process that runs, as the SNAPSHOT that a listing at `now` would have given. */
export function recall(ctx: EnrichContext, entry: Entry, { monotonicNs, timeUs }: Stamp): ProcessEvent {
  const { pid } = entry;
  const parent = parentOf(ctx, entry);
  const made = newProcessEvent(
    ctx,
    { kind: 'SNAPSHOT', purpose: 'interval', monotonicNs, timeUs, pid, tgid: pid, capture: NOTHING },
    entry,
  );
  addSummary(ctx, made.process, entry);
  addCareer(made.process, entry);
  addStanding(made.process, entry);
  if (parent !== null) made.parent = fullParent(ctx, parent);
  else if (entry.ppid !== 0) made.parent = bareParent(entry.ppid);
  made.provenance.enrich_delay_us = null;
  return made;
}
