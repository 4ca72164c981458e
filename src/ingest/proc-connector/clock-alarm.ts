import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { ClockId, Errno } from '../native/libc.ts';

// sys/timerfd.h
const TFD_NONBLOCK = 0o4000;
const TFD_CLOEXEC = 0o2000000;
const TFD_TIMER_ABSTIME = 1;
const TFD_TIMER_CANCEL_ON_SET = 2;

/** The year 2255: it must never be reached, only cancelled. The kernel's own limit is 2262. */
const NEVER_S = 9_000_000_000n;
const NONE = -1;

/**
 * Tells that the wall clock was set or the machine resumed: a timer on CLOCK_REALTIME that the kernel cancels then, so that its descriptor becomes
 * readable. Slewing does not ring it. It stays armed after each ring. struct itimerspec: i64 interval seconds, nanoseconds; i64 value seconds, nanoseconds.
 */
export class ClockAlarm {
  /** For the poll set, POLLIN; −1 where the kernel has no such timer: poll passes over it, and a change is noticed by the next look at the clocks. */
  readonly fd: number;
  readonly #libc: Libc;
  readonly #expirations = Buffer.alloc(8);

  constructor(libc: Libc) {
    this.#libc = libc;
    this.fd = armed(libc);
  }

  /** True when it rang since it was last asked; silences it. One native call: to be asked when poll says so. */
  rang(): boolean {
    if (this.fd === NONE) return false;
    const { value, errno } = this.#libc.read(this.fd, this.#expirations);
    if (value >= 0 || errno === Errno.ECANCELED) return true;
    if (errno === Errno.EAGAIN || errno === Errno.EINTR) return false;
    throw new AgentError('NETLINK_SOCKET', `reading the alarm of the clock failed: errno ${errno}`, { context: { errno } });
  }

  close(): void {
    if (this.fd !== NONE) this.#libc.close(this.fd);
  }
}

/** −1 when there is no such timer; everything works without it, a few milliseconds later. */
function armed(libc: Libc): number {
  const { value: fd } = libc.timerfdCreate(ClockId.REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return NONE;
  const never = Buffer.alloc(32);
  never.writeBigInt64LE(NEVER_S, 16);
  if (libc.timerfdSettime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, never).value === 0) return fd;
  libc.close(fd);
  return NONE;
}
