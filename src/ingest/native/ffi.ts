import { DataType, define, open } from 'ffi-rs';
import { AgentError } from '../../core/errors.ts';
import { resolveAll } from './resolve.ts';
import type { CallResult, Libc } from './libc.ts';

/*
 * With libbpf.ts, which keeps the same rules, and resolve.ts the only file that touches ffi-rs (1.3). What its use here rests on:
 * - The addon must be loaded on the main thread before a worker loads it, or the process dies with SIGSEGV at exit: `main.ts` imports this file first.
 * - The empty path opens the process's own symbols, so that no soname is assumed (glibc and musl).
 * - U64 parameters and results are plain numbers: user-space addresses are below 2^47.
 */
const { I32, U32, I64, U64, U8Array } = DataType;

const POLLFD_BYTES = 8;
/** sys/eventfd.h. */
const EFD_CLOEXEC = 0o2000000;

type Returned = { value: number; errnoCode: number };

function symbol(retType: DataType, paramsType: DataType[]): { library: string; retType: DataType; paramsType: DataType[]; errno: true } {
  return { library: 'c', retType, paramsType, errno: true };
}

function plain(retType: DataType, paramsType: DataType[]): { library: string; retType: DataType; paramsType: DataType[] } {
  return { library: 'c', retType, paramsType };
}

/** Opens libc for the calling thread. Throws NATIVE_UNAVAILABLE when the symbols cannot be found. */
export function openLibc(): Libc {
  try {
    openSelf();
    return bindLibc();
  } catch (cause) {
    throw new AgentError('NATIVE_UNAVAILABLE', 'libc could not be opened through ffi-rs', {
      cause,
      fix: 'Use a glibc or musl Linux on x86-64 or arm64, and reinstall so that the optional @yuuang/ffi-rs package of this platform is present.',
    });
  }
}

/** Before another thread opens libc, see resolve.ts; from then on both may call. */
export function resolveLibc(): void {
  openSelf();
  resolveAll(defineCalls());
}

function openSelf(): void {
  open({ library: 'c', path: '' });
}

function defineCalls() {
  return define({
    socket: symbol(I32, [I32, I32, I32]),
    bind: symbol(I32, [I32, U8Array, U32]),
    send: symbol(I64, [I32, U8Array, U64, I32]),
    setsockopt: symbol(I32, [I32, I32, I32, U8Array, U32]),
    getsockopt: symbol(I32, [I32, I32, I32, U8Array, U8Array]),
    recvmmsg: symbol(I32, [I32, U8Array, U32, I32, U64]),
    poll: symbol(I32, [U8Array, U64, I32]),
    eventfd: symbol(I32, [U32, I32]),
    timerfd_create: symbol(I32, [I32, I32]),
    timerfd_settime: symbol(I32, [I32, I32, U8Array, U64]),
    read: symbol(I64, [I32, U8Array, U64]),
    setns: symbol(I32, [I32, I32]),
    close: symbol(I32, [I32]),
    clock_gettime: plain(I32, [I32, U8Array]),
    memmove: plain(U64, [U8Array, U8Array, U64]),
  });
}

function bindLibc(): Libc {
  const c = defineCalls();
  const timespec = Buffer.alloc(16);
  const call = (f: (parameters: unknown[]) => unknown, parameters: unknown[]): CallResult => {
    const { value, errnoCode } = f(parameters) as Returned;
    return { value, errno: errnoCode };
  };
  return {
    socket: (domain, type, protocol) => call(c.socket, [domain, type, protocol]),
    bind: (fd, address) => call(c.bind, [fd, address, address.length]),
    send: (fd, message) => call(c.send, [fd, message, message.length, 0]),
    setsockopt: (fd, level, option, value) => call(c.setsockopt, [fd, level, option, value, value.length]),
    getsockopt: (fd, level, option, value) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(value.length);
      return call(c.getsockopt, [fd, level, option, value, length]);
    },
    recvmmsg: (fd, headers, count, flags) => call(c.recvmmsg, [fd, headers, count, flags, 0]),
    poll: (fds, timeoutMs) => call(c.poll, [fds, fds.length / POLLFD_BYTES, timeoutMs]),
    eventfd: () => call(c.eventfd, [0, EFD_CLOEXEC]),
    timerfdCreate: (clock, flags) => call(c.timerfd_create, [clock, flags]),
    timerfdSettime: (fd, flags, value) => call(c.timerfd_settime, [fd, flags, value, 0]),
    read: (fd, into) => call(c.read, [fd, into, into.length]),
    setns: (fd, type) => call(c.setns, [fd, type]),
    close: (fd) => call(c.close, [fd]),
    clockUs: (clock) => {
      (c.clock_gettime as unknown as (p: unknown[]) => number)([clock, timespec]);
      return Number(timespec.readBigInt64LE(0)) * 1e6 + Number(timespec.readBigInt64LE(8)) / 1e3;
    },
    // memmove onto itself returns the address and changes nothing.
    addressOf: (buffer) => (c.memmove as unknown as (p: unknown[]) => number)([buffer, buffer, 0]),
  };
}
