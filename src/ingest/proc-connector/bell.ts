import { writeSync } from 'node:fs';
import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';

/*
 * The ingest thread sleeps in poll(2) on its socket and on an eventfd, so that an idle host costs nothing and a stop takes no time. struct pollfd is
 * 8 bytes: i32 fd, i16 events, i16 revents.
 */
const POLLIN = 1;
const ONE = new Uint8Array(new BigUint64Array([1n]).buffer);

export class Bell {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #fds = Buffer.alloc(16);

  constructor(libc: Libc, socket: number) {
    const { value, errno } = libc.eventfd();
    if (value < 0) throw new AgentError('NETLINK_SOCKET', `eventfd failed: errno ${errno}`, { context: { errno } });
    this.fd = value;
    this.#libc = libc;
    for (const [i, fd] of [socket, value].entries()) {
      this.#fds.writeInt32LE(fd, i * 8);
      this.#fds.writeInt16LE(POLLIN, i * 8 + 4);
    }
  }

  /** Waits for something to receive, for the bell, or for the time to be over. */
  wait(timeoutMs: number): void {
    this.#libc.poll(this.#fds, timeoutMs);
  }
}

/** Wakes the thread that waits; from any thread, without a native call. */
export function ring(fd: number): void {
  writeSync(fd, ONE);
}
