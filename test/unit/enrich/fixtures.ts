import type { AgentEvent } from '../../../src/core/agent-event.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { ProcessEvent } from '../../../src/core/event.ts';
import type {
  Capture,
  CommEvent,
  CoredumpEvent,
  ExecEvent,
  ExitEvent,
  ForkEvent,
  Heard,
  IdEvent,
  KernelKind,
  LossEvent,
  Piece,
  ScanEvent,
  ScanPurpose,
  PtraceEvent,
  SidEvent,
  SnapshotEvent,
} from '../../../src/core/kernel-event.ts';
import { createEnricher, type EnrichConfig, type EnrichDeps, type Enricher } from '../../../src/enrich/enricher.ts';
import type { Machine } from '../../../src/enrich/machine.ts';
import { createRunIdentity } from '../../../src/enrich/identity.ts';
import type { UserNames } from '../../../src/enrich/users.ts';

const ALL_KINDS: ReadonlySet<KernelKind> = new Set<KernelKind>(['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP']);
export const AGENT_ID = Buffer.alloc(16, 0xaa);
export const BOOT_ID = Buffer.from('0123456789abcdef0123456789abcdef', 'hex');
export const IDENTITY = createRunIdentity({
  agentId: AGENT_ID,
  machineId: Buffer.alloc(16, 7),
  bootId: BOOT_ID,
  hostname: 'testhost',
  labels: { env: 'test' },
});

const MS = 1e6;
/** Wall clock = WALL_US + monotonic. */
const WALL_US = 1_700_000_000_000_000;
/** Suspended for 100 s. */
export const BOOT_OFFSET_NS = 100e9;

/** What /proc would print for a process that started `ms` after the monotonic zero. */
export function ticksAtMs(ms: number): number {
  return Math.floor((ms * MS + BOOT_OFFSET_NS) / 1e7);
}

export function wallUs(ms: number): number {
  return WALL_US + ms * 1000;
}

/** Kernel stamp → receipt, and kernel stamp → end of capture. */
export const DELAY_US = 25;
export const CAPTURE_DELAY_US = 40;

let kernelSeq = 0;

function stamped(ms: number, pid: number, tgid: number) {
  return { monotonicNs: ms * MS, timeUs: wallUs(ms), delayUs: DELAY_US, cpu: 1, kernelSeq: ++kernelSeq, pid, tgid };
}

export interface Ids {
  readonly pid: number;
  readonly tid?: number;
}

function of(ms: number, ids: number | Ids) {
  return typeof ids === 'number' ? stamped(ms, ids, ids) : stamped(ms, ids.tid ?? ids.pid, ids.pid);
}

export const fork = (ms: number, parent: number, child: number | Ids): ForkEvent => ({
  kind: 'FORK',
  ...of(ms, child),
  parentPid: parent,
  parentTgid: parent,
});
export const exec = (ms: number, pid: number, capture: Capture | null = null): ExecEvent => ({ kind: 'EXEC', ...of(ms, pid), capture });
export const exit = (ms: number, ids: number | Ids, more: { code?: number; parent?: number; signal?: number } = {}): ExitEvent => ({
  kind: 'EXIT',
  ...of(ms, ids),
  exitCode: more.code ?? 0,
  exitSignal: more.signal ?? 17,
  parentPid: more.parent ?? 0,
  parentTgid: more.parent ?? 0,
});
export const uid = (ms: number, ids: number | Ids, to: readonly [number, number]): IdEvent => ({
  kind: 'UID',
  ...of(ms, ids),
  real: to[0],
  effective: to[1],
});
export const gid = (ms: number, ids: number | Ids, to: readonly [number, number]): IdEvent => ({
  kind: 'GID',
  ...of(ms, ids),
  real: to[0],
  effective: to[1],
});
export const sid = (ms: number, ids: number | Ids): SidEvent => ({ kind: 'SID', ...of(ms, ids) });
export const ptrace = (ms: number, ids: number | Ids, tracer: number): PtraceEvent => ({
  kind: 'PTRACE',
  ...of(ms, ids),
  tracerPid: tracer,
  tracerTgid: tracer,
});
export const comm = (ms: number, ids: number | Ids, name: string): CommEvent => ({ kind: 'COMM', ...of(ms, ids), comm: name });
export const coredump = (ms: number, ids: number | Ids): CoredumpEvent => ({
  kind: 'COREDUMP',
  ...of(ms, ids),
  parentPid: 0,
  parentTgid: 0,
});
export const snapshot = (ms: number, ids: number | Ids, capture: Capture): SnapshotEvent => {
  const { monotonicNs, timeUs, pid, tgid } = of(ms, ids);
  return { kind: 'SNAPSHOT', purpose: 'start', monotonicNs, timeUs, pid, tgid, capture };
};
/** As a listing other than the first finds a process. */
export const sighting = (ms: number, pid: number, seen: Capture, purpose: ScanPurpose = 'loss'): SnapshotEvent => ({
  ...snapshot(ms, pid, seen),
  purpose,
});
const scan = (phase: 'BEGIN' | 'END', ms: number, of: { purpose?: ScanPurpose; beganMs?: number; processes?: number }): ScanEvent => ({
  kind: 'SCAN',
  phase,
  purpose: of.purpose ?? 'loss',
  monotonicNs: ms * MS,
  timeUs: wallUs(ms),
  beganNs: (of.beganMs ?? ms) * MS,
  processes: of.processes ?? 0,
});
export const begin = (ms: number, purpose: ScanPurpose = 'loss'): ScanEvent => scan('BEGIN', ms, { purpose });
export const end = (ms: number, beganMs: number, of: { purpose?: ScanPurpose; processes?: number } = {}): ScanEvent =>
  scan('END', ms, { ...of, beganMs });
export const loss = (count = 3): LossEvent => ({
  kind: 'LOSS',
  reason: 'receive_buffer',
  monotonicNs: 2e6,
  exact: true,
  cpu: 1,
  fromSeq: 10,
  toSeq: 9 + count,
  count,
  fromTimeUs: wallUs(1),
  toTimeUs: wallUs(2),
});

export interface Described {
  readonly pid?: number;
  readonly comm?: string;
  readonly state?: string;
  readonly ppid?: number;
  readonly pgid?: number;
  readonly sid?: number;
  readonly tty?: number;
  readonly flags?: number;
  readonly threads?: number;
  /** Start, ms of the monotonic clock. */
  readonly startMs?: number;
  readonly argv?: readonly string[];
  readonly exe?: string;
  readonly uid?: number;
  readonly euid?: number;
  /** Where the environment begins in memory; 0 as where the kernel does not say. */
  readonly envStart?: number;
  /** Wait status of a zombie. */
  readonly status?: number;
  readonly cgroup?: string;
  /** Pieces given as they are, errno or bytes. */
  readonly pieces?: Partial<
    Record<
      'cmdline' | 'exe' | 'cwd' | 'stat' | 'status' | 'cgroup' | 'loginuid' | 'exeStat' | 'session' | 'pidNs' | 'streams' | 'environ',
      Piece
    >
  >;
}

export function statLine(d: Described): string {
  return (
    `${d.pid ?? 100} (${d.comm ?? 'tool'}) ${d.state ?? 'S'} ${d.ppid ?? 1} ${d.pgid ?? 77} ${d.sid ?? 66} ${d.tty ?? 34819} -1 ${d.flags ?? 4194304}` +
    ` 102 0 0 0 0 0 0 0 20 0 ${d.threads ?? 1} 0 ${ticksAtMs(d.startMs ?? 0)} 3133440 417 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0` +
    ` ${d.envStart ?? 0} ${d.envStart ?? 0} ${d.envStart ?? 0} ${d.envStart ?? 0} ${d.status ?? 0}\n`
  );
}

export function statusText(d: Described): string {
  const ruid = d.uid ?? 1000;
  const euid = d.euid ?? ruid;
  return (
    `Name:\t${d.comm ?? 'tool'}\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t${d.pid ?? 100}\nNgid:\t0\nPid:\t${d.pid ?? 100}\nPPid:\t${d.ppid ?? 1}\nTracerPid:\t0\n` +
    `Uid:\t${ruid}\t${euid}\t${euid}\t${euid}\nGid:\t100\t101\t101\t101\nFDSize:\t64\nGroups:\t \nNStgid:\t${d.pid ?? 100}\t12\nNSpid:\t${d.pid ?? 100}\t12\n` +
    'VmPeak:\t    3060 kB\nCapInh:\t0000000000000000\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\nSeccomp:\t0\n'
  );
}

/** A capture over shared memory, as the ring gives it. */
export function capture(d: Described = {}): Capture {
  const argv = d.argv ?? ['tool', '-v'];
  const cmdline = Buffer.from(argv.map((arg) => `${arg}\0`).join(''));
  const pieces = {
    cmdline: shared(cmdline),
    exe: shared(d.exe ?? '/usr/bin/tool'),
    cwd: shared('/srv'),
    stat: shared(statLine(d)),
    status: shared(statusText(d)),
    cgroup: shared(`0::${d.cgroup ?? '/system.slice/tool.service'}\n`),
    loginuid: shared('1000'),
    ...d.pieces,
  };
  return { delayUs: CAPTURE_DELAY_US, cmdlineBytes: typeof pieces.cmdline === 'number' ? 0 : pieces.cmdline.length, ...pieces };
}

export function shared(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content);
  const view = Buffer.from(new SharedArrayBuffer(bytes.length + 16), 8, bytes.length);
  view.set(bytes);
  return view;
}

/** All pieces gone. */
export const GONE = capture({ pieces: { cmdline: 2, exe: 2, cwd: 2, stat: 2, status: 2, cgroup: 2, loginuid: 2 } });

/** Of a process that looks as it did the last time only the stat is listed. */
export function glance(d: Described = {}): Capture {
  return capture({ ...d, pieces: { cmdline: 125, exe: 125, cwd: 125, status: 125, cgroup: 125, loginuid: 125 } });
}

/** What is left to read of a zombie. */
export function zombie(d: Described = {}): Capture {
  return capture({ ...d, state: 'Z', pieces: { cmdline: shared(''), exe: 2, cwd: 2, ...d.pieces } });
}

/** Nothing runs but what the listings show. */
const GONE_MACHINE: Machine = { isAlive: () => false, seesExitStatus: true };
export const USERS: UserNames = { nameOf: (id) => (id === 1000 ? 'alice' : null), refresh: () => undefined };

export const CONFIG: EnrichConfig = {
  maxProcesses: 1000,
  exitTtlMs: 10_000,
  maxArgsBytes: 32_768,
  ancestors: 8,
  threads: false,
  kinds: ALL_KINDS,
};
export const DEPS: EnrichDeps = {
  identity: IDENTITY,
  clock: { nowUs: () => wallUs(0), monotonicNs: () => 5e9 },
  users: USERS,
  bootOffsetNs: () => BOOT_OFFSET_NS,
  machine: GONE_MACHINE,
};

export function newEnricher(config: Partial<EnrichConfig> = {}, users = USERS, machine: Machine = GONE_MACHINE): Enricher {
  return createEnricher({ ...CONFIG, ...config }, { ...DEPS, users, machine });
}

/** The ProcessEvents that come of what was heard. */
export function eventsOf(enricher: Enricher, ...heard: readonly Heard[]): ProcessEvent[] {
  return allOf(enricher, ...heard).flatMap((made) => (made.stream === 'process' ? [made.event] : []));
}

/** All events that come of what was heard. */
export function allOf(enricher: Enricher, ...heard: readonly Heard[]): AnyEvent[] {
  const made: AnyEvent[] = [];
  for (const one of heard) enricher.enrich(one, (event) => void made.push(event));
  return made;
}

/** The ProcessEvent that tells of it, after what it made evident. */
export function eventOf(enricher: Enricher, heard: Heard): ProcessEvent {
  const event = eventsOf(enricher, heard).at(-1);
  if (event === undefined) throw new Error(`no event for ${heard.kind}`);
  return event;
}

export function agentEventOf(enricher: Enricher, heard: Heard): AgentEvent {
  const [made] = allOf(enricher, heard);
  if (made?.stream !== 'agent') throw new Error(`no agent event for ${heard.kind}`);
  return made.event;
}

export const kindsOf = (events: readonly ProcessEvent[]): string[] => events.map((event) => event.kind);
