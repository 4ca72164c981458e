import { readSync, writeSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { ClockAlarm } from './clock-alarm.ts';

/*
 * The ingest thread sleeps in poll(2) on its socket, on an eventfd and on the alarm of the clock, so that an idle host costs nothing, a stop takes no time and
 * a suspend is noticed at once. struct pollfd is 8 bytes: i32 fd, i16 events, i16 revents; the kernel passes over negative descriptors.
 */
const POLLIN = 1;
const POLLFD_BYTES = 8;
const REVENTS_AT = 6;
const [BELL, SOCKET, ALARM] = [0, POLLFD_BYTES, 2 * POLLFD_BYTES];
const COUNTER_BYTES = 8;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
const NONE = -1;

export class Bell {
  readonly fd: number;
  /** The last wait ended with something to receive. */
  hasMessages = false;
  readonly #libc: Libc;
  readonly #alarm: ClockAlarm;
  readonly #fds = Buffer.alloc(3 * POLLFD_BYTES);
  readonly #counter = Buffer.alloc(COUNTER_BYTES);

  constructor(libc: Libc) {
    const { value, errno } = libc.eventfd();
    if (value < 0) throw new AgentError('NETLINK_SOCKET', `eventfd failed: errno ${errno}`, { context: { errno } });
    this.fd = value;
    this.#libc = libc;
    this.#alarm = new ClockAlarm(libc);
    for (const [i, fd] of [value, NONE, this.#alarm.fd].entries()) {
      this.#fds.writeInt32LE(fd, i * POLLFD_BYTES);
      this.#fds.writeInt16LE(POLLIN, i * POLLFD_BYTES + 4);
    }
  }

  /** Closes the alarm. The bell itself is closed by the main thread, which may ring it until this thread has ended. */
  close(): void {
    this.#alarm.close();
  }

  /** Waits for something to receive on `socket` (−1: there is none), for the bell, or for the time to be over. True: the wall clock was set, or the machine slept. */
  wait(socket: number, timeoutMs: number): boolean {
    this.#fds.writeInt32LE(socket, SOCKET);
    for (const at of [BELL, SOCKET, ALARM]) this.#fds.writeInt16LE(0, at + REVENTS_AT);
    this.#libc.poll(this.#fds, timeoutMs);
    this.hasMessages = this.#isReady(SOCKET);
    // Taken note of: whoever rang has said in shared memory what for.
    if (this.#isReady(BELL)) readSync(this.fd, this.#counter, 0, COUNTER_BYTES, null);
    return this.#isReady(ALARM) && this.#alarm.rang();
  }

  #isReady(at: number): boolean {
    return (this.#fds.readInt16LE(at + REVENTS_AT) & POLLIN) !== 0;
  }
}

/** Wakes the thread that waits; from any thread, without a native call. */
export function ring(fd: number): void {
  writeSync(fd, ONE);
}
