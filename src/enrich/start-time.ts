/**
 * Start times. `/proc/<pid>/stat` prints ticks of CLOCK_BOOTTIME, events carry CLOCK_MONOTONIC nanoseconds; the difference of the
 * two clocks is the time spent suspended. A FORK is stamped microseconds after the kernel noted the start, so the derived tick may be one
 * too high; the first value given stays, because it is in the published entity id.
 */
import type { EnrichContext } from './context.ts';
import { UNKNOWN_TICKS } from '../core/start-ticks.ts';
import { START_DERIVED, START_EXACT, START_UNKNOWN, type Entry } from './table/entry.ts';

/** USER_HZ is 100 on every architecture that Node runs on. */
const TICK_NS = 1e7;
/** Further apart, two starts of one pid are two processes. */
const SAME_START_TICKS = 2;

/** When something was heard, in both clocks. */
export interface Stamp {
  readonly monotonicNs: number;
  readonly timeUs: number;
}

export function ticksAt(ctx: EnrichContext, monotonicNs: number): number {
  return Math.max(Math.floor((monotonicNs + ctx.bootOffsetNs(monotonicNs)) / TICK_NS), 0);
}

/** As /proc prints it: nsec_to_clock_t() of kernel/time/time.c rounds down. */
export function ticksOf(startBootNs: number): number {
  return Math.min(Math.max(Math.floor(startBootNs / TICK_NS), 0), UNKNOWN_TICKS);
}

export function isSameStart(one: number, other: number): boolean {
  return Math.abs(one - other) <= SAME_START_TICKS;
}

/** The tick of the start, or, where that is not known, of the first event. */
export function firstTick(ctx: EnrichContext, entry: Entry): number {
  return entry.startSource === START_UNKNOWN ? ticksAt(ctx, entry.startNs) : entry.startTicks;
}

/** The process was forked at `stamp`; `startBootNs`: its start, where the kernel recorded it. */
export function deriveStart(
  ctx: EnrichContext,
  entry: Entry,
  { stamp, startBootNs }: { stamp: Stamp; startBootNs: number | undefined },
): void {
  entry.startTicks = startBootNs === undefined ? ticksAt(ctx, stamp.monotonicNs) : ticksOf(startBootNs);
  entry.startSource = startBootNs === undefined ? START_DERIVED : START_EXACT;
  entry.startNs = stamp.monotonicNs;
  entry.startUs = stamp.timeUs;
  entry.id = ctx.entityIds.of(entry.pid, entry.startTicks);
}

/**
 * `/proc` or a record of the kernel says `ticks`; `stamp` is any recent moment, which ties the clocks together. `startNs`: the start by CLOCK_MONOTONIC, where that
 * was recorded, too.
 */
export function readStart(
  ctx: EnrichContext,
  entry: Entry,
  read: { readonly ticks: number; readonly stamp: Stamp; readonly startNs?: number | undefined },
): void {
  if (entry.startSource !== START_UNKNOWN) {
    if (entry.startTicks === read.ticks) entry.startSource = START_EXACT;
    return;
  }
  entry.startTicks = read.ticks;
  entry.startSource = START_EXACT;
  entry.startNs = read.startNs ?? read.ticks * TICK_NS - ctx.bootOffsetNs(read.stamp.monotonicNs);
  entry.startUs = Math.floor(read.stamp.timeUs - (read.stamp.monotonicNs - entry.startNs) / 1000);
  entry.id = ctx.entityIds.of(entry.pid, entry.startTicks);
}
