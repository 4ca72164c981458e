import type { Capture, Piece, SnapshotEvent } from '../../core/kernel-event.ts';
import { parseCapture, type Captured } from '../captured.ts';
import type { EnrichContext } from '../context.ts';
import { EXIT_STATUS, isDead, laterField, runningThreads, type StatFields } from '../procfs/stat.ts';
import { isSameStart, ticksAt, type Stamp } from '../start-time.ts';
import { START_UNKNOWN, type Entry } from '../table/entry.ts';
import { isCountExact, setThreadCount } from '../table/threads.ts';

/** linux/errno.h ECANCELED: the piece was not tried. */
const NOT_TRIED = 125;
const NOTHING = new Uint8Array(0);
/** Reading a stat line takes microseconds; a reader that is interrupted meanwhile takes a few milliseconds more. */
const READING_NS = 1e7;

/** What a listing of /proc saw of one process, parsed, until everything that the kernel told of the time before has been heard. */
export interface Sighting extends Stamp {
  readonly pid: number;
  readonly delayUs: number;
  /** What happened before was there to be seen, what happened after was not; CLOCK_MONOTONIC. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly stat: StatFields;
  readonly captured: Captured;
  /** The errors of the pieces, without their bytes. */
  readonly errors: Capture;
  /** Only its stat was read: it has not changed since the last listing, which told of it. */
  readonly isGlance: boolean;
  /** No thread of it runs. */
  readonly isDead: boolean;
  /** Wait status of a dead process; 0 also where the kernel does not say. */
  readonly exitStatus: number;
  /** Number of the last listing that showed it. */
  listing: number;
  /** Cleared when an event came while it was taken: ids, name and the like may be older than that. */
  isStandingValid: boolean;
}

export function isGlance(event: SnapshotEvent): boolean {
  return event.capture.status === NOT_TRIED;
}

export function sightingOf(
  ctx: EnrichContext,
  event: SnapshotEvent,
  { stat, listing }: { readonly stat: StatFields; readonly listing: number },
): Sighting {
  const { capture, monotonicNs, timeUs } = event;
  const dead = runningThreads(stat) === 0;
  return {
    pid: event.tgid,
    monotonicNs,
    timeUs,
    delayUs: capture.delayUs,
    fromNs: monotonicNs - capture.delayUs * 1000,
    toNs: monotonicNs + capture.delayUs * 1000,
    stat,
    captured: parseCapture(ctx, capture, { stat, pid: event.tgid }),
    errors: errorsOf(capture),
    isGlance: isGlance(event),
    isDead: dead,
    exitStatus: dead ? laterField(capture.stat, EXIT_STATUS) : 0,
    listing,
    isStandingValid: !isGlance(event),
  };
}

function errorsOf(capture: Capture): Capture {
  return {
    delayUs: capture.delayUs,
    cmdlineBytes: 0,
    cmdline: errorOf(capture.cmdline),
    exe: errorOf(capture.exe),
    cwd: errorOf(capture.cwd),
    stat: errorOf(capture.stat),
    status: errorOf(capture.status),
    cgroup: errorOf(capture.cgroup),
    loginuid: errorOf(capture.loginuid),
  };
}

function errorOf(piece: Piece): Piece {
  return typeof piece === 'number' ? piece : NOTHING;
}

/** Whether the entry is of the process that was seen, and not of a former or later holder of the pid. */
export function isOf(ctx: EnrichContext, stat: StatFields, entry: Entry): boolean {
  if (entry.startSource !== START_UNKNOWN) return isSameStart(entry.startTicks, stat.startTicks);
  return stat.startTicks <= ticksAt(ctx, entry.startNs);
}

/** Takes over how many threads run. A leader that is a zombie has left its threads behind: the process ends with the last of them. */
export function countThreads(ctx: EnrichContext, entry: Entry, seen: { readonly stat: StatFields; readonly monotonicNs: number }): void {
  const { stat, monotonicNs } = seen;
  setThreadCount(ctx.table, entry, { threads: runningThreads(stat), atNs: monotonicNs });
  entry.leaderExited = isDead(stat);
  noteAlive(entry, seen);
}

function noteAlive(entry: Entry, { stat, monotonicNs }: { readonly stat: StatFields; readonly monotonicNs: number }): void {
  if (!isDead(stat)) entry.aliveNs = Math.max(entry.aliveNs, monotonicNs - READING_NS);
}

/** After a loss nobody knows how many threads have come and gone. */
export function recountThreads(ctx: EnrichContext, entry: Entry, seen: { readonly stat: StatFields; readonly monotonicNs: number }): void {
  if (!isCountExact(ctx.table, entry)) countThreads(ctx, entry, seen);
  else noteAlive(entry, seen);
}
