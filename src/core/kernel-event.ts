import type { Usage } from './event.ts';

/**
 * What the kernel said, decoded, before anything is known about the process. Pids are those of the initial pid namespace.
 * `tgid` is what users call the pid, `pid` the thread. Sources produce it; enrichment consumes it.
 */
interface KernelEventBase {
  /** CLOCK_MONOTONIC of the event in the kernel, nanoseconds. */
  readonly monotonicNs: number;
  /** Wall clock of the event, microseconds since the epoch (monotonic stamp + offset valid at that time). */
  readonly timeUs: number;
  /** Kernel stamp → receipt by the agent, microseconds. */
  readonly delayUs: number;
  readonly cpu: number;
  /** Per-CPU count of the connector, extended to 64 bits; unique with `cpu` within a boot. */
  readonly kernelSeq: number;
  readonly pid: number;
  readonly tgid: number;
}

/** `pid`/`tgid` are the child's. */
export interface ForkEvent extends KernelEventBase {
  readonly kind: 'FORK';
  readonly parentPid: number;
  readonly parentTgid: number;
  /** Start of the child as the kernel keeps it, nanoseconds of CLOCK_BOOTTIME; undefined where it was not recorded. */
  readonly startBootNs?: number | undefined;
  /** As `Capture.cgroup`, where the child began in another cgroup than its parent's; undefined where it did not, or nothing was recorded. */
  readonly cgroup?: Piece | undefined;
}
/** `capture` is what was readable right after the exec; its own errors are in it. */
export interface ExecEvent extends KernelEventBase {
  readonly kind: 'EXEC';
  readonly capture: Capture | null;
}
/** `exitCode` is the raw wait status; parents are 0 when the kernel gave none. */
export interface ExitEvent extends KernelEventBase {
  readonly kind: 'EXIT';
  readonly exitCode: number;
  readonly exitSignal: number;
  readonly parentPid: number;
  readonly parentTgid: number;
  /** Of the whole process, where this is its end and the kernel recorded it. */
  readonly usage?: Usage | undefined;
}
export interface IdEvent extends KernelEventBase {
  readonly kind: 'UID' | 'GID';
  readonly real: number;
  readonly effective: number;
}
export interface SidEvent extends KernelEventBase {
  readonly kind: 'SID';
}
/** Tracer 0 means detach. */
export interface PtraceEvent extends KernelEventBase {
  readonly kind: 'PTRACE';
  readonly tracerPid: number;
  readonly tracerTgid: number;
}
export interface CommEvent extends KernelEventBase {
  readonly kind: 'COMM';
  readonly comm: string;
}
export interface CoredumpEvent extends KernelEventBase {
  readonly kind: 'COREDUMP';
  readonly parentPid: number;
  readonly parentTgid: number;
}

/**
 * Why `/proc` was listed: what ran before the start, what a loss may have hidden, what should have ended by now, or because there is
 * nothing else to hear by.
 */
export const SCAN_PURPOSES = ['start', 'loss', 'interval', 'fallback'] as const;
export type ScanPurpose = (typeof SCAN_PURPOSES)[number];

/** A process, or with `pid` ≠ `tgid` a thread, that a listing of `/proc` found; never a kernel message. */
export interface SnapshotEvent {
  readonly kind: 'SNAPSHOT';
  readonly purpose: ScanPurpose;
  readonly monotonicNs: number;
  readonly timeUs: number;
  readonly pid: number;
  readonly tgid: number;
  readonly capture: Capture;
}

/**
 * A listing of `/proc` begins or ends; its SNAPSHOTs are between. What the kernel told of the time before the last of them
 * comes before the END, so that what is not known by then was lost.
 */
export interface ScanEvent {
  readonly kind: 'SCAN';
  readonly phase: 'BEGIN' | 'END';
  readonly purpose: ScanPurpose;
  readonly monotonicNs: number;
  readonly timeUs: number;
  /** CLOCK_MONOTONIC of its begin: processes heard of since need not have been listed. */
  readonly beganNs: number;
  /** Of an END: how many processes (not threads) were listed. */
  readonly processes: number;
}

/**
 * An exec whose message was lost, as the kernel recorded it; never a kernel message. It comes after what was heard of the time around it, also of later times, and
 * its own time is that of the record.
 */
export interface RecoveredEvent {
  readonly kind: 'RECOVERED';
  readonly monotonicNs: number;
  readonly timeUs: number;
  readonly pid: number;
  readonly tgid: number;
  readonly capture: Capture;
}

/** A process was put into another cgroup, as the kernel told; never a kernel message. It comes between the messages of before and those of after. */
export interface MovedEvent {
  readonly kind: 'MOVED';
  readonly monotonicNs: number;
  readonly timeUs: number;
  readonly tgid: number;
  /** As `Capture.cgroup`, after the move; an errno: it is not known where to. */
  readonly cgroup: Piece;
}

export type KernelEvent = ForkEvent | ExecEvent | ExitEvent | IdEvent | SidEvent | PtraceEvent | CommEvent | CoredumpEvent;
export type KernelKind = KernelEvent['kind'];

/**
 * receive_buffer: a gap in a CPU's sequence; tail: only the socket's drop counter shows it; blind: nobody listened, so nobody counted;
 * outage: we did not, but the kernel counted, for others.
 */
export const LOSS_REASONS = ['receive_buffer', 'tail', 'blind', 'outage'] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

/** Events that were lost before we could hear them. */
export interface LossEvent {
  readonly kind: 'LOSS';
  readonly reason: LossReason;
  /** CLOCK_MONOTONIC at which it is over, nanoseconds. */
  readonly monotonicNs: number;
  /** null: the CPU is not known. */
  readonly cpu: number | null;
  /** First and last lost 64-bit kernel sequence, inclusive; null with cpu null. */
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  /** Newly declared: less than the range where part of it was declared before without a CPU. */
  readonly count: number;
  /** False: at least so many. */
  readonly exact: boolean;
  /** Wall clock between which it happened, microseconds since the epoch. */
  readonly fromTimeUs: number;
  readonly toTimeUs: number;
}

/** All that a source hands to enrichment, in the order in which it happened per CPU. */
export type Heard = KernelEvent | SnapshotEvent | RecoveredEvent | MovedEvent | ScanEvent | LossEvent;

/** One piece of `/proc`, as read: bytes, or the errno that reading gave. */
export type Piece = Uint8Array | number;

/**
 * Raw bytes of one process's `/proc` files. Parsing is left to enrichment, so that the thread that races the process's death only copies.
 * `exe` is the link's target. Every piece is either the content or a positive errno (2 = gone, 13 = not permitted).
 */
export interface Capture {
  /** Microseconds from the kernel's stamp to the end of the capture. */
  readonly delayUs: number;
  /** NUL-separated argv; cut at `max_args_bytes`, with `cmdlineBytes` the original size where it could be known. */
  readonly cmdline: Piece;
  readonly cmdlineBytes: number;
  readonly exe: Piece;
  readonly cwd: Piece;
  readonly stat: Piece;
  readonly status: Piece;
  readonly cgroup: Piece;
  readonly loginuid: Piece;
  /** Read after all others, and only where they say something; undefined: they were not. The file behind `exe`, in the form of exe-stat.ts. */
  readonly exeStat?: Piece | undefined;
  /** `sessionid`. */
  readonly session?: Piece | undefined;
  /** Target of `ns/pid`. */
  readonly pidNs?: Piece | undefined;
  /** Targets of `fd/0` and `fd/1`, a NUL between them. */
  readonly streams?: Piece | undefined;
  /** The chosen variables, each with a NUL behind it. */
  readonly environ?: Piece | undefined;
  /** What the kernel itself recorded; then `stat` and `status` are not read, and `delayUs` is 0 unless something had to be read besides. */
  readonly kernel?: KernelFacts | undefined;
}

/** What is true of a process at the instant its image begins to run, recorded by the kernel there. Ids are those of the initial namespaces. */
export interface KernelFacts {
  /** Which pieces of the capture are of the record and not of `/proc`. */
  readonly args: boolean;
  readonly exe: boolean;
  readonly cgroup: boolean;
  readonly cwd: boolean;
  /** Bytes of `cmdline` after which its middle is missing; 0: nowhere. */
  readonly cutAt: number;
  /** Where the environment begins in memory, as `/proc/<pid>/stat` shows it. */
  readonly envStart: number;
  /** CLOCK_MONOTONIC of the record, nanoseconds. */
  readonly stampNs: number;
  /** Start of the process, nanoseconds of CLOCK_BOOTTIME and of CLOCK_MONOTONIC. */
  readonly startBootNs: number;
  readonly startMonotonicNs: number;
  readonly ppid: number;
  /** The thread that called execve, by the id that it had then. */
  readonly fromTid: number;
  readonly comm: Uint8Array;
  readonly uid: number;
  readonly gid: number;
  readonly euid: number;
  readonly egid: number;
  /** A bit set. */
  readonly capsEffective: number;
  /** 4294967295: not set; of the session, too. */
  readonly loginUid: number;
  readonly auditSession: number;
  readonly pgid: number;
  readonly sid: number;
  /** As `/proc/<pid>/stat` prints it. */
  readonly ttyNr: number;
  /** Pid in its own pid namespace, and the inode of that namespace. */
  readonly nsPid: number;
  readonly pidNs: number;
  readonly exeInode: number;
  /** As the kernel holds it: major << 20 | minor. */
  readonly exeDevice: number;
  /** With the set-id bits. */
  readonly exeMode: number;
  /** Microseconds since the epoch. */
  readonly exeMtimeUs: number;
  /** As given to execve, 2047 bytes at most. */
  readonly filename: Uint8Array;
  /** Of a script. */
  readonly interpreter: Uint8Array | null;
}
