import { readSync, writeSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';

/*
 * The ingest thread sleeps in poll(2) on its socket and on an eventfd, so that an idle host costs nothing and a stop takes no time. struct pollfd is
 * 8 bytes: i32 fd, i16 events, i16 revents; the kernel passes over negative descriptors.
 */
const POLLIN = 1;
const REVENTS_AT = 6;
const SOCKET_AT = 8;
const COUNTER_BYTES = 8;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);
const NONE = -1;

export class Bell {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #fds = Buffer.alloc(16);
  readonly #counter = Buffer.alloc(COUNTER_BYTES);

  constructor(libc: Libc) {
    const { value, errno } = libc.eventfd();
    if (value < 0) throw new AgentError('NETLINK_SOCKET', `eventfd failed: errno ${errno}`, { context: { errno } });
    this.fd = value;
    this.#libc = libc;
    for (const [i, fd] of [value, NONE].entries()) {
      this.#fds.writeInt32LE(fd, i * 8);
      this.#fds.writeInt16LE(POLLIN, i * 8 + 4);
    }
  }

  /** Waits for something to receive on `socket` (−1: there is none), for the bell, or for the time to be over. */
  wait(socket: number, timeoutMs: number): void {
    this.#fds.writeInt32LE(socket, SOCKET_AT);
    this.#fds.writeInt16LE(0, REVENTS_AT);
    this.#libc.poll(this.#fds, timeoutMs);
    // Taken note of: whoever rang has said in shared memory what for.
    if ((this.#fds.readInt16LE(REVENTS_AT) & POLLIN) !== 0) readSync(this.fd, this.#counter, 0, COUNTER_BYTES, null);
  }
}

/** Wakes the thread that waits; from any thread, without a native call. */
export function ring(fd: number): void {
  writeSync(fd, ONE);
}
