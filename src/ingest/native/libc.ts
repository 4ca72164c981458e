/**
 * The native boundary, as the rest of ingest sees it: libc calls on plain numbers and buffers.
 * Laws: all is resolved on the main thread before another one calls (resolve.ts), and one thread calls at a time but in an emergency; every buffer whose address
 * C keeps (`addressOf`) stays referenced by its owner for as long; wrong types end the process, so only these few wrappers exist.
 * `test/helpers/fake-libc.ts` is its twin for faults that a kernel does not produce on demand.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): CallResult;
  bind(fd: number, address: Uint8Array): CallResult;
  send(fd: number, message: Uint8Array): CallResult;
  setsockopt(fd: number, level: number, option: number, value: Uint8Array): CallResult;
  /** Fills `value`; its length must be what the option has. */
  getsockopt(fd: number, level: number, option: number, value: Uint8Array): CallResult;
  /** `headers` holds `count` struct mmsghdr. */
  recvmmsg(fd: number, headers: Uint8Array, count: number, flags: number): CallResult;
  /** `fds` holds struct pollfd[]; waits until one is ready or `timeoutMs` is over (−1: for ever). The value is how many are ready. */
  poll(fds: Uint8Array, timeoutMs: number): CallResult;
  /** A counter that can be polled; writing eight bytes to it from any thread makes it ready. */
  eventfd(): CallResult;
  /** A timer of `clock` that can be polled; `flags` are TFD_*. */
  timerfdCreate(clock: number, flags: number): CallResult;
  /** `value` is a struct itimerspec. */
  timerfdSettime(fd: number, flags: number, value: Uint8Array): CallResult;
  /** Fills `into` from its start; the value is how many bytes came. For descriptors of which reading fails in the ordinary course of things. */
  read(fd: number, into: Uint8Array): CallResult;
  /** Moves the calling thread, and no other, into the namespace of type `type` (CLONE_NEW*) that `fd` stands for. */
  setns(fd: number, type: number): CallResult;
  close(fd: number): CallResult;
  /** A clock's reading, microseconds with their fraction. */
  clockUs(clock: number): number;
  /** Where the buffer lies in memory. */
  addressOf(buffer: Uint8Array): number;
}

/** What a call returned; `errno` means something only when `value` is −1. */
export interface CallResult {
  readonly value: number;
  readonly errno: number;
}

/** linux/errno-base.h and errno.h, where ingest decides by them. */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  EACCES: 13,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  ECANCELED: 125,
  EPROTONOSUPPORT: 93,
} as const;

/** linux/time.h. */
export const ClockId = { REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7 } as const;
