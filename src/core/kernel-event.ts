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

/** A process that was there before we listened (or was found by a scan); never a kernel message. */
export interface SnapshotEvent {
  readonly kind: 'SNAPSHOT';
  readonly monotonicNs: number;
  readonly timeUs: number;
  readonly pid: number;
  readonly tgid: number;
  readonly capture: Capture;
}

export type KernelEvent = ForkEvent | ExecEvent | ExitEvent | IdEvent | SidEvent | PtraceEvent | CommEvent | CoredumpEvent;
export type KernelKind = KernelEvent['kind'];

/** Events that were lost before we could hear them. */
export interface LossEvent {
  readonly kind: 'LOSS';
  /** null: known from the socket's drop counter only, the CPU is not. */
  readonly cpu: number | null;
  /** First and last lost 64-bit kernel sequence, inclusive; null with cpu null. */
  readonly fromSeq: number | null;
  readonly toSeq: number | null;
  readonly count: number;
  /** Wall clock between which it happened, microseconds since the epoch. */
  readonly fromTimeUs: number;
  readonly toTimeUs: number;
}

/** All that a source hands to enrichment, in the order in which it happened per CPU. */
export type Heard = KernelEvent | SnapshotEvent | LossEvent;

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
}
