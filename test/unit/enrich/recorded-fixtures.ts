import type { Capture, ExitEvent, ForkEvent, KernelFacts } from '../../../src/core/kernel-event.ts';
import { BOOT_OFFSET_NS, capture, exit, fork, shared, type Described, type Ids } from './fixtures.ts';

const MS = 1e6;
const NOT_TRIED = 125;

/** Start of a process, `ms` after the monotonic zero, as the kernel keeps it. */
const startBootNs = (ms: number): number => ms * MS + BOOT_OFFSET_NS;

export interface RecordedParts {
  readonly facts?: Partial<KernelFacts>;
  readonly pieces?: Described['pieces'];
  readonly cmdlineBytes?: number;
}

/** A capture of what the kernel recorded; the same process as `capture(d)` describes. */
export function recorded(d: Described, { facts = {}, pieces = {}, cmdlineBytes }: RecordedParts = {}): Capture {
  const { cmdlineBytes: whole, ...read } = capture({ ...d, pieces: { stat: NOT_TRIED, status: NOT_TRIED, ...pieces } });
  const uid = d.uid ?? 1000;
  const startMs = d.startMs ?? 0;
  const kernel: KernelFacts = {
    args: true,
    exe: true,
    cgroup: true,
    cwd: true,
    cutAt: 0,
    envStart: d.envStart ?? 0,
    stampNs: startMs * MS,
    startBootNs: startBootNs(startMs),
    startMonotonicNs: startMs * MS,
    ppid: d.ppid ?? 1,
    fromTid: d.pid ?? 100,
    comm: shared(d.comm ?? 'tool'),
    uid,
    gid: 100,
    euid: d.euid ?? uid,
    egid: 101,
    capsEffective: 2 ** 41 - 1,
    loginUid: 1000,
    auditSession: 3,
    pgid: d.pgid ?? 77,
    sid: d.sid ?? 66,
    ttyNr: d.tty ?? 34_819,
    nsPid: 12,
    pidNs: 4_026_532_199,
    exeInode: 1442,
    exeDevice: (8 << 20) | 3,
    exeMode: 0o100755,
    exeMtimeUs: 1_700_000_000_000_001,
    filename: shared(d.exe ?? '/usr/bin/tool'),
    interpreter: null,
    ...facts,
  };
  return { ...read, delayUs: 0, cmdlineBytes: cmdlineBytes ?? whole, kernel };
}

export const forkRecorded = (ms: number, parent: number, child: number | Ids, startMs = ms): ForkEvent => ({
  ...fork(ms, parent, child),
  startBootNs: startBootNs(startMs),
});

export const USAGE = {
  user_us: 900,
  system_us: 100,
  resolution_us: 4000,
  max_rss_kib: 1840,
  read_bytes: 0,
  write_bytes: 0,
  voluntary_switches: 1,
  involuntary_switches: 0,
};

export const exitUsed = (ms: number, ids: number | Ids): ExitEvent => ({ ...exit(ms, ids), usage: USAGE });
