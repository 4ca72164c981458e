import type { Piece } from '../../core/kernel-event.ts';
import { UNKNOWN_TICKS } from '../../core/start-ticks.ts';
import { bytesOf } from './piece.ts';

/** What enrichment needs of `/proc/<pid>/stat` (proc(5); field numbers in brackets count from 1). */
export interface StatFields {
  /** [2] Up to 15 bytes for a program, up to 63 for a kernel thread. */
  readonly comm: string;
  /** [3] One character code: `R`, `S`, …, `Z` zombie, `X` dead. */
  readonly state: number;
  readonly ppid: number;
  readonly pgid: number;
  readonly sid: number;
  /** [7] Device number of the controlling terminal, 0 for none. */
  readonly ttyNr: number;
  /** [9] PF_* of include/linux/sched.h. */
  readonly flags: number;
  /** [20] Includes a leader that is a zombie already. */
  readonly numThreads: number;
  /** [22] Ticks of 1/100 s of CLOCK_BOOTTIME. */
  readonly startTicks: number;
}

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const MINUS = 0x2d;
/** proc_task_name() prints at most 64 bytes of name, unescaped: it may hold spaces and parentheses. */
const COMM_WINDOW = 72;
const STATE_X = 0x58;
const STATE_X_OLD = 0x78;
const STATE_Z = 0x5a;
const PF_KTHREAD = 0x0020_0000;
/** What an entity id has room for; see entity-id.ts. */
const MAX_TICKS = UNKNOWN_TICKS;
const MAX_PID = 2 ** 22;
const FIRST_NUMBER = 4;
const LAST_NUMBER = 22;

/**
 * [50] Where the environment begins in memory: another place after each exec, as addresses are random. Programs that rewrite their arguments leave it alone,
 * unlike [48], which systemd moves. The kernel shows it only to who may trace the process.
 */
export const ENV_START = 50;
/** [52] Wait status of a zombie, likewise. */
export const EXIT_STATUS = 52;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** undefined for anything that is not a whole stat line: not read, cut, or garbage. */
export function parseStat(piece: Piece): StatFields | undefined {
  const line = bytesOf(piece);
  if (line === undefined) return undefined;
  const open = line.indexOf(OPEN);
  const close = open < 0 ? -1 : lastClose(line, open);
  if (close < 0 || line.length < close + 4) return undefined;
  return fieldsAfter(line, open, close);
}

function lastClose(line: Buffer, open: number): number {
  let at = Math.min(line.length - 1, open + COMM_WINDOW);
  while (at > open && line[at] !== CLOSE) at--;
  return at > open ? at : -1;
}

function fieldsAfter(line: Buffer, open: number, close: number): StatFields | undefined {
  const fields = { comm: '', state: line[close + 2] as number, ppid: 0, pgid: 0, sid: 0, ttyNr: 0, flags: 0, numThreads: 0, startTicks: 0 };
  let field = FIRST_NUMBER;
  let value = 0;
  let sign = 1;
  for (let at = close + 4; at < line.length; at++) {
    const byte = line[at] as number;
    if (byte >= 0x30 && byte <= 0x39) value = value * 10 + byte - 0x30;
    else if (byte === MINUS) sign = -1;
    else if (byte !== SPACE) return undefined;
    else {
      keep(fields, field, value * sign);
      if (field === LAST_NUMBER) {
        if (!isPlausible(fields)) return undefined;
        fields.comm = line.toString('utf8', open + 1, close);
        return fields;
      }
      field++;
      value = 0;
      sign = 1;
    }
  }
  return undefined;
}

/** Keeps nonsense out of ids and fixed-width fields; no kernel says such values. */
export function isPlausible(fields: StatFields): boolean {
  return (
    fields.startTicks >= 0 &&
    fields.startTicks < MAX_TICKS &&
    fields.ppid >= 0 &&
    fields.ppid < MAX_PID &&
    Math.abs(fields.pgid) < MAX_PID &&
    Math.abs(fields.sid) < MAX_PID &&
    Math.abs(fields.numThreads) < MAX_PID
  );
}

function keep(fields: Writable<StatFields>, field: number, value: number): void {
  switch (field) {
    case 4:
      fields.ppid = value;
      break;
    case 5:
      fields.pgid = value;
      break;
    case 6:
      fields.sid = value;
      break;
    case 7:
      fields.ttyNr = value;
      break;
    case 9:
      fields.flags = value;
      break;
    case 20:
      fields.numThreads = value;
      break;
    case LAST_NUMBER:
      fields.startTicks = value;
      break;
    default:
  }
}

/** A field after the name that is no part of `StatFields`, never negative; 0 where the line does not have it. */
export function laterField(piece: Piece, wanted: typeof ENV_START | typeof EXIT_STATUS): number {
  const line = bytesOf(piece);
  const open = line === undefined ? -1 : line.indexOf(OPEN);
  const close = line === undefined || open < 0 ? -1 : lastClose(line, open);
  if (line === undefined || close < 0) return 0;
  let at = close + 2;
  for (let field = 3; field < wanted; at++) {
    if (at >= line.length) return 0;
    if (line[at] === SPACE) field++;
  }
  let value = 0;
  for (; at < line.length; at++) {
    const digit = (line[at] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

/** The task is a zombie or dead: its memory is gone, and with it argv and executable. */
export function isDead(stat: StatFields): boolean {
  return stat.state === STATE_Z || stat.state === STATE_X || stat.state === STATE_X_OLD;
}

/** Threads that still run; a dead leader is counted by the kernel until it is reaped. */
export function runningThreads(stat: StatFields): number {
  return Math.max(isDead(stat) ? stat.numThreads - 1 : stat.numThreads, 0);
}

export function isKernelThread(stat: StatFields): boolean {
  return (stat.flags & PF_KTHREAD) !== 0;
}
