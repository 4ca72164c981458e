/**
 * Start times. `/proc/<pid>/stat` prints ticks of CLOCK_BOOTTIME, events carry CLOCK_MONOTONIC nanoseconds; the difference of the
 * two clocks is the time spent suspended. A FORK is stamped microseconds after the kernel noted the start, so the derived tick may be one
 * too high; the first value given stays, because it is in the published entity id.
 */
import type { EnrichContext } from './context.ts';
import { START_DERIVED, START_READ, START_UNKNOWN, type Entry } from './table/entry.ts';

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

export function isSameStart(one: number, other: number): boolean {
  return Math.abs(one - other) <= SAME_START_TICKS;
}

/** The tick of the start, or, where that is not known, of the first event. */
export function firstTick(ctx: EnrichContext, entry: Entry): number {
  return entry.startSource === START_UNKNOWN ? ticksAt(ctx, entry.startNs) : entry.startTicks;
}

/** The process was forked at `stamp`. */
export function deriveStart(ctx: EnrichContext, entry: Entry, stamp: Stamp): void {
  entry.startTicks = ticksAt(ctx, stamp.monotonicNs);
  entry.startSource = START_DERIVED;
  entry.startNs = stamp.monotonicNs;
  entry.startUs = stamp.timeUs;
  entry.id = ctx.entityIds.of(entry.pid, entry.startTicks);
}

/** `/proc` says `ticks`; `stamp` is any recent moment, which ties the clocks together. */
export function readStart(ctx: EnrichContext, entry: Entry, read: { readonly ticks: number; readonly stamp: Stamp }): void {
  if (entry.startSource !== START_UNKNOWN) {
    if (entry.startTicks === read.ticks) entry.startSource = START_READ;
    return;
  }
  entry.startTicks = read.ticks;
  entry.startSource = START_READ;
  entry.startNs = read.ticks * TICK_NS - ctx.bootOffsetNs(read.stamp.monotonicNs);
  entry.startUs = Math.floor(read.stamp.timeUs - (read.stamp.monotonicNs - entry.startNs) / 1000);
  entry.id = ctx.entityIds.of(entry.pid, entry.startTicks);
}
