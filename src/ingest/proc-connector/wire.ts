/*
 * Wire format of the process connector (linux/cn_proc.h, linux/connector.h, linux/netlink.h), host endian (little on all platforms
 * we support), one event a datagram of 76 bytes:
 *
 *    0 u32 nlmsg_len=76 · 4 u16 type=3 (DONE) · 6 u16 flags · 8 u32 seq · 12 u32 pid
 *   16 u32 cn idx=1 · 20 u32 cn val=1 · 24 u32 cn seq · 28 u32 cn ack · 32 u16 len=40 · 34 u16 flags
 *   36 u32 what · 40 u32 cpu · 44 u64 timestamp_ns (4-byte aligned only) · 52 union of 24 bytes, zero-filled
 *
 * Installed headers may be older than the running kernel, so the constants stand here with their origin.
 */
import type { Usage } from '../../core/event.ts';
import type { Capture, KernelEvent, Piece, SidEvent } from '../../core/kernel-event.ts';

export const DATAGRAM_BYTES = 76;
const NLMSG_DONE = 3;
const CN_IDX_PROC = 1;
const CN_VAL_PROC = 1;
const PROC_EVENT_BYTES = 40;
/** The kernel's own limit is 8192 (NR_CPUS); what is kept per CPU must not grow with whatever number a message carries. */
const CPU_LIMIT = 1 << 16;

/** `what` values: cn_proc.h. NONE is the acknowledgement of a control message. */
export const What = {
  NONE: 0,
  FORK: 1,
  EXEC: 2,
  UID: 4,
  GID: 0x40,
  SID: 0x80,
  PTRACE: 0x100,
  COMM: 0x200,
  COREDUMP: 0x40000000,
  EXIT: 0x80000000,
} as const;

/** enum proc_cn_mcast_op. */
export const Op = { LISTEN: 1, IGNORE: 2 } as const;

/**
 * A control message: nlmsghdr + cn_msg + u32 op, and from Linux 6.6 on the mask of `what` bits that a LISTEN wants (u32). The 4-byte body is understood by
 * every kernel, and means all of them; older ones ignore any other length. `ack` comes back plus one, whatever the kernel does to seq; but a LISTEN with a
 * mask short of everything is not answered.
 */
export function controlMessage(op: number, ack: number, mask?: number): Buffer {
  const body = mask === undefined ? 4 : 8;
  const message = Buffer.alloc(36 + body);
  message.writeUInt32LE(message.length, 0);
  message.writeUInt16LE(NLMSG_DONE, 4);
  message.writeUInt32LE(CN_IDX_PROC, 16);
  message.writeUInt32LE(CN_VAL_PROC, 20);
  message.writeUInt32LE(ack >>> 0, 28);
  message.writeUInt16LE(body, 32);
  message.writeUInt32LE(op, 36);
  if (mask !== undefined) message.writeUInt32LE(mask >>> 0, 40);
  return message;
}

/** Where the words of a datagram lie: 32-bit index into `words` of its first byte. */
export interface Datagrams {
  readonly words: Uint32Array;
  readonly bytes: Buffer;
}

/** True when the datagram at byte `at` of `length` received bytes is a process event (or acknowledgement) in the form we know. */
export function isProcessEvent(words: Uint32Array, at: number, length: number): boolean {
  const w = at >>> 2;
  return (
    length === DATAGRAM_BYTES &&
    words[w] === DATAGRAM_BYTES &&
    ((words[w + 1] as number) & 0xffff) === NLMSG_DONE &&
    words[w + 4] === CN_IDX_PROC &&
    words[w + 5] === CN_VAL_PROC &&
    ((words[w + 8] as number) & 0xffff) === PROC_EVENT_BYTES &&
    (words[w + 10] as number) < CPU_LIMIT
  );
}

export const whatOf = (words: Uint32Array, at: number): number => words[(at + 36) >>> 2] as number;
export const cpuOf = (words: Uint32Array, at: number): number => words[(at + 40) >>> 2] as number;
export const seqOf = (words: Uint32Array, at: number): number => words[(at + 24) >>> 2] as number;
export const ackOf = (words: Uint32Array, at: number): number => words[(at + 28) >>> 2] as number;
/** First word of the union: errno of an acknowledgement, pid of most events. */
export const firstOf = (words: Uint32Array, at: number): number => words[(at + 52) >>> 2] as number;
export const secondOf = (words: Uint32Array, at: number): number => words[(at + 56) >>> 2] as number;
/** Of a FORK: process of the new task, and whether the task is its first. */
export const childOf = (words: Uint32Array, at: number): number => words[(at + 64) >>> 2] as number;
export const isProcessFork = (words: Uint32Array, at: number): boolean => words[(at + 60) >>> 2] === words[(at + 64) >>> 2];
/** CLOCK_MONOTONIC of the event; exact below 2^53 ns (104 days of uptime), to 2 ns for years after. */
export const stampNsOf = (words: Uint32Array, at: number): number =>
  (words[(at + 48) >>> 2] as number) * 4294967296 + (words[(at + 44) >>> 2] as number);

/** What is known of a datagram besides its bytes. */
export interface Reception {
  /** 64-bit extension of the kernel's 32-bit sequence. */
  readonly kernelSeq: number;
  /** Wall clock minus CLOCK_MONOTONIC, microseconds. */
  readonly wallOffsetUs: number;
  /** CLOCK_MONOTONIC of the receipt, nanoseconds. */
  readonly receivedNs: number;
  /** Of an EXEC. */
  readonly capture: Capture | null;
  /** Of a FORK: start of the child. */
  readonly startBootNs?: number | undefined;
  /** Of a FORK: where the child began, if not where its parent was. */
  readonly cgroup?: Piece | undefined;
  /** Of an EXIT. */
  readonly usage?: Usage | undefined;
}

type Common = Pick<SidEvent, 'monotonicNs' | 'timeUs' | 'delayUs' | 'cpu' | 'kernelSeq' | 'pid' | 'tgid'>;

/** The event at byte `at`, or undefined for an acknowledgement or a `what` this version does not know. Pure; copies what it keeps. */
export function decodeEvent(from: Datagrams, at: number, reception: Reception): KernelEvent | undefined {
  const { words } = from;
  const w = (at + 52) >>> 2;
  const monotonicNs = stampNsOf(words, at);
  const common: Common = {
    monotonicNs,
    timeUs: Math.floor(monotonicNs / 1000 + reception.wallOffsetUs),
    delayUs: Math.max(0, Math.floor((reception.receivedNs - monotonicNs) / 1000)),
    cpu: cpuOf(words, at),
    kernelSeq: reception.kernelSeq,
    pid: words[w] as number,
    tgid: words[w + 1] as number,
  };
  switch (whatOf(words, at)) {
    case What.FORK:
      return forkEvent(common, words, { w, reception });
    case What.EXEC:
      return { kind: 'EXEC', ...common, capture: reception.capture };
    case What.EXIT:
      return exitEvent(common, words, { w, usage: reception.usage });
    case What.COMM:
      return { kind: 'COMM', ...common, comm: commAt(from.bytes, at + 60) };
    default:
      return rareEvent(common, words, w);
  }
}

/** The union names the parent first; the event is the child's. */
function forkEvent(common: Common, words: Uint32Array, { w, reception }: { w: number; reception: Reception }): KernelEvent {
  const { pid: parentPid, tgid: parentTgid } = common;
  const [pid, tgid] = [words[w + 2] as number, words[w + 3] as number];
  const { startBootNs, cgroup } = reception;
  return { kind: 'FORK', ...common, pid, tgid, parentPid, parentTgid, startBootNs, cgroup };
}

function exitEvent(common: Common, words: Uint32Array, { w, usage }: { w: number; usage: Usage | undefined }): KernelEvent {
  const [exitCode, exitSignal] = [words[w + 2] as number, words[w + 3] as number];
  return { kind: 'EXIT', ...common, exitCode, exitSignal, parentPid: words[w + 4] as number, parentTgid: words[w + 5] as number, usage };
}

function rareEvent(common: Common, words: Uint32Array, w: number): KernelEvent | undefined {
  const [third, fourth] = [words[w + 2] as number, words[w + 3] as number];
  switch (words[w - 4]) {
    case What.UID:
      return { kind: 'UID', ...common, real: third, effective: fourth };
    case What.GID:
      return { kind: 'GID', ...common, real: third, effective: fourth };
    case What.SID:
      return { kind: 'SID', ...common };
    case What.PTRACE:
      return { kind: 'PTRACE', ...common, tracerPid: third, tracerTgid: fourth };
    case What.COREDUMP:
      return { kind: 'COREDUMP', ...common, parentPid: third, parentTgid: fourth };
    default:
      return undefined;
  }
}

/** char[16], NUL-terminated, at most 15 characters; any bytes may occur. */
function commAt(bytes: Buffer, at: number): string {
  let end = at;
  while (end < at + 16 && bytes[end] !== 0) end += 1;
  return bytes.toString('utf8', at, end);
}
