/** What the kernel recorded of a process at its exec, in the terms in which /proc would have said it. */
import type { ExecInfo, Script } from '../core/event.ts';
import { UNKNOWN_SIZE, type ExeStat } from '../core/exe-stat.ts';
import type { Capture, KernelFacts } from '../core/kernel-event.ts';
import type { StringPool } from './string-pool.ts';
import { pidNamespaceOf } from './procfs/pid-ns.ts';
import { isPlausible, parseStat, type StatFields } from './procfs/stat.ts';
import type { StatusFields } from './procfs/status.ts';
import { scriptOf } from './script.ts';
import { ticksOf } from './start-time.ts';

/** 'R' of proc(5): it is about to run. */
const RUNNING = 0x52;
/** Of a login uid or an audit session: (u32)-1. */
const UNSET = 0xffff_ffff;
const MINOR_BITS = 20;
const MINOR_MASK = (1 << MINOR_BITS) - 1;

/** Of a capture of either kind; undefined when it could not be read, or cannot be true. */
export function statOf(capture: Capture): StatFields | undefined {
  const { kernel } = capture;
  if (kernel === undefined) return parseStat(capture.stat);
  const fields: StatFields = {
    comm: textOf(kernel.comm),
    state: RUNNING,
    ppid: kernel.ppid,
    pgid: kernel.pgid,
    sid: kernel.sid,
    ttyNr: kernel.ttyNr,
    flags: 0,
    // An exec ends all other threads before.
    numThreads: 1,
    startTicks: ticksOf(kernel.startBootNs),
  };
  return isPlausible(fields) ? fields : undefined;
}

export function recordedStatus(kernel: KernelFacts): StatusFields {
  const { uid, gid, euid, egid } = kernel;
  return { uid, gid, euid, egid, nsPid: innerPid(kernel), capsEffective: safe(kernel.capsEffective) };
}

export function auditSessionOf({ auditSession }: KernelFacts): number | null {
  return auditSession === UNSET ? null : auditSession;
}

function innerPid(kernel: KernelFacts): number | null {
  return pidNamespaceOf(kernel.pidNs) === null || kernel.nsPid === 0 ? null : kernel.nsPid | 0;
}

/** What an event says only where the kernel recorded it. Copied: the capture is gone when the next one comes. */
export interface Recorded {
  readonly args: boolean;
  readonly exe: boolean;
  readonly cgroup: boolean;
  /** As in `KernelFacts`. */
  readonly stampNs: number;
  readonly filename: string | null;
  /** The thread that called execve, null for the first. */
  readonly fromThread: number | null;
  readonly script: Script | null;
}

export function recordedOf(kernel: KernelFacts, of: { readonly pid: number; readonly strings: StringPool }): Recorded {
  const filename = kernel.filename.length === 0 ? null : of.strings.share(textOf(kernel.filename));
  const interpreter = kernel.interpreter === null ? filename : of.strings.share(textOf(kernel.interpreter));
  return {
    args: kernel.args,
    exe: kernel.exe,
    cgroup: kernel.cgroup,
    stampNs: kernel.stampNs,
    filename,
    fromThread: kernel.fromTid === of.pid ? null : kernel.fromTid | 0,
    script: scriptOf({ args: null, filename, interpreter, name: null }),
  };
}

/** Whether it has a name is not recorded apart: the path says so. */
export function recordedExeStat({ exeInode: inode, exeDevice, exeMode: mode, exeMtimeUs: mtime }: KernelFacts): ExeStat {
  return { inode, device: userDevice(exeDevice), mtime, size: UNKNOWN_SIZE, mode, links: 1 };
}

/** The device number as stat(2) gives it: new_encode_dev() of include/linux/kdev_t.h. */
function userDevice(device: number): number {
  const major = device >>> MINOR_BITS;
  const minor = device & MINOR_MASK;
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function execInfoOf(recorded: Recorded | undefined, before: ExecInfo['before']): ExecInfo {
  if (recorded === undefined) return { filename: null, from_thread: null, before };
  return { filename: recorded.filename, from_thread: recorded.fromThread, before };
}

function safe(value: number): number | null {
  return Number.isSafeInteger(value) ? value : null;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
