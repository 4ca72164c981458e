/*
 * Filtered mode: the kernel keeps back the kinds that nobody wants. It costs less, but then the per-CPU sequence has a step for every event kept back,
 * and only the socket's drop counter tells of losses.
 *
 * The filter is the mask of LISTEN, or a classic BPF program on the socket: struct sock_filter[], 8 bytes each: u16 code · u8 jump if true · u8 if false · u32 k.
 * Loads of BPF are in network byte order, the datagrams in that of the host (little-endian on all platforms we support): so what is compared is swapped.
 */
import { AgentError } from '../../core/errors.ts';
import type { KernelKind } from '../../core/kernel-event.ts';
import type { Libc } from '../native/libc.ts';
import { DATAGRAM_BYTES, What } from './wire.ts';

// asm-generic/socket.h
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const INSTRUCTION_BYTES = 8;

/** linux/bpf_common.h: class, size and mode of an instruction, added up. */
const Code = { LOAD_WORD: 0x20, LOAD_HALF: 0x28, LOAD_LENGTH: 0x80, JUMP_EQUAL: 0x15, JUMP_SET: 0x45, RETURN: 0x06 } as const;
/** What RETURN gives: bytes of the message to keep. */
const ACCEPT = 0xffffffff;
const DROP = 0;

/** The `what` bits of these kinds: the mask of LISTEN from Linux 6.6 on, and what the program tests. */
export function maskOf(kinds: readonly KernelKind[]): number {
  return kinds.reduce((mask, kind) => (mask | What[kind]) >>> 0, 0);
}

/** `none`: this kernel must not be asked to filter. */
export type FilterMechanism = 'mask' | 'bpf' | 'none';

/**
 * How the kernel of this release (`uname -r`) filters. The mask came with 6.6. 6.6.13 to 6.6.17 and 6.7 stop making events for everybody once an event
 * was delivered to nobody (c46bfba1337d, reverted by 8929f95b2b58), and one that a filter of either kind keeps back from the only listener is such a one.
 */
export function filterMechanism(release: string): FilterMechanism {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(release)?.map(Number) ?? [];
  if (major === undefined || minor === undefined) return 'bpf';
  if (major < 6 || (major === 6 && minor < 6)) return 'bpf';
  if (major > 6 || minor > 7) return 'mask';
  if (minor === 7) return 'none';
  return patch !== undefined && patch >= 13 && patch <= 17 ? 'none' : 'mask';
}

type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

/**
 * Tests that a datagram is an event in the form we know, as `isProcessEvent` does, down to the limit of the CPU: load, compare. What fails one goes to user
 * space, which counts it.
 */
const FORM: readonly (readonly [code: number, at: number, expected: number])[] = [
  [Code.LOAD_LENGTH, 0, DATAGRAM_BYTES],
  [Code.LOAD_WORD, 0, swap32(DATAGRAM_BYTES)],
  [Code.LOAD_HALF, 4, swap16(3)],
  [Code.LOAD_WORD, 16, swap32(1)],
  [Code.LOAD_WORD, 20, swap32(1)],
  [Code.LOAD_HALF, 32, swap16(40)],
  [Code.LOAD_HALF, 42, 0],
];

/** A program that keeps back well-formed events whose `what` is not in the mask. Acknowledgements (0) always pass: the handshake lives on them. */
export function filterProgram(mask: number): Buffer {
  const program: Instruction[] = [];
  // Jumps count from the next instruction: behind these there are four more, of which the last but one accepts.
  for (const [i, [code, at, expected]] of FORM.entries())
    program.push([code, 0, 0, at], [Code.JUMP_EQUAL, 0, 2 * (FORM.length - 1 - i) + 3, expected]);
  program.push(
    [Code.LOAD_WORD, 0, 0, 36],
    [Code.JUMP_EQUAL, 1, 0, What.NONE],
    [Code.JUMP_SET, 0, 1, swap32(mask)],
    [Code.RETURN, 0, 0, ACCEPT],
    [Code.RETURN, 0, 0, DROP],
  );
  return assemble(program);
}

function assemble(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * INSTRUCTION_BYTES);
  for (const [i, [code, jumpTrue, jumpFalse, k]] of program.entries()) {
    bytes.writeUInt16LE(code, i * INSTRUCTION_BYTES);
    bytes.writeUInt8(jumpTrue, i * INSTRUCTION_BYTES + 2);
    bytes.writeUInt8(jumpFalse, i * INSTRUCTION_BYTES + 3);
    bytes.writeUInt32LE(k, i * INSTRUCTION_BYTES + 4);
  }
  return bytes;
}

/**
 * Attaches a program to a socket; messages already queued stay. A second one replaces the first. struct sock_fprog: u16 instructions · 6 bytes of padding ·
 * u64 pointer to them. Throws NETLINK_SOCKET.
 */
export function attachFilter(libc: Libc, fd: number, program: Buffer): void {
  const fprog = Buffer.alloc(16);
  fprog.writeUInt16LE(program.length / INSTRUCTION_BYTES, 0);
  fprog.writeBigUInt64LE(BigInt(libc.addressOf(program)), 8);
  const { value, errno } = libc.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, fprog);
  // The kernel copies the program during the call; mentioning it here keeps it referenced until then.
  if (value !== 0 || program.length === 0)
    throw new AgentError('NETLINK_SOCKET', `the filter could not be attached to the connector socket: errno ${errno}`, {
      context: { errno },
    });
}

function swap16(n: number): number {
  return ((n & 0xff) << 8) | (n >>> 8);
}

function swap32(n: number): number {
  return ((swap16(n & 0xffff) << 16) | swap16(n >>> 16)) >>> 0;
}
