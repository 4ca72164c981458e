/** Which process a message speaks of. Only FORK and what /proc read can tell a reused pid from its former holder. */
import type { ExecEvent, ForkEvent } from '../core/kernel-event.ts';
import type { EnrichContext } from './context.ts';
import { UNKNOWN_TICKS } from '../core/start-ticks.ts';
import type { StatFields } from './procfs/stat.ts';
import { loseHolder } from './scan/recovered.ts';
import { firstTick, isSameStart, ticksAt } from './start-time.ts';
import { Entry, START_UNKNOWN } from './table/entry.ts';
import { isCountExact } from './table/threads.ts';

/** An entry outside the table: for a process of which nothing was heard before its end. */
export function strayEntry(ctx: EnrichContext, pid: number, heardNs: number): Entry {
  const entry = new Entry(pid, ctx.entityIds.of(pid, UNKNOWN_TICKS));
  entry.startNs = heardNs;
  return entry;
}

/** The holder of the pid, or a placeholder in its stead that later captures may fill. */
export function knownOrPlaceholder(ctx: EnrichContext, pid: number, heardNs: number): Entry {
  const known = ctx.table.get(pid);
  if (known !== undefined) {
    ctx.table.touch(known);
    return known;
  }
  const entry = strayEntry(ctx, pid, heardNs);
  ctx.table.insert(entry);
  return entry;
}

/**
 * The entry that this FORK describes although it was made before: an EXEC or a snapshot came first.
 * undefined: the child is new, and whoever held its pid is gone.
 */
export function forkedBefore(ctx: EnrichContext, event: ForkEvent): Entry | undefined {
  const holder = ctx.table.get(event.tgid);
  if (holder === undefined) return undefined;
  // With the fork heard already, the same start again can only be a living process told twice.
  if (holder.whereabouts === 'exited' && (holder.forkHeard || holder.exitNs < event.monotonicNs)) return undefined;
  if (isSameStart(firstTick(ctx, holder), ticksAt(ctx, event.monotonicNs))) return holder;
  loseHolder(ctx, holder, event);
  return undefined;
}

/** The entry that exec'd; a new one where the pid's holder cannot be it. */
export function execed(ctx: EnrichContext, event: ExecEvent, stat: StatFields | undefined): Entry {
  const holder = ctx.table.get(event.tgid);
  if (holder !== undefined && isHolder(ctx, holder, stat)) {
    ctx.table.revive(holder);
    ctx.table.touch(holder);
    return holder;
  }
  if (holder !== undefined) loseHolder(ctx, holder, event);
  const entry = strayEntry(ctx, event.tgid, event.monotonicNs);
  ctx.table.insert(entry);
  return entry;
}

/**
 * An exited holder is the one that exec'd when /proc says so or nothing was lost since: its EXIT was the leader's, replaced by the
 * thread that exec'd. After a loss the FORK of a successor may be missing.
 */
function isHolder(ctx: EnrichContext, holder: Entry, stat: StatFields | undefined): boolean {
  if (stat !== undefined && holder.startSource !== START_UNKNOWN) return isSameStart(holder.startTicks, stat.startTicks);
  return holder.whereabouts === 'living' || isCountExact(ctx.table, holder);
}

/** Whether /proc was read after the process had died and its pid had gone to a later one. */
export function isOfSuccessor(ctx: EnrichContext, event: ExecEvent, stat: StatFields): boolean {
  const heard = ticksAt(ctx, event.monotonicNs);
  return stat.startTicks > heard && !isSameStart(stat.startTicks, heard);
}
