import { randomInt } from 'node:crypto';
import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import { Errno } from '../native/libc.ts';
import type { IngestControl } from './control.ts';
import { Op, controlMessage } from './wire.ts';

const ACK_TIMEOUT_NS = 1e9;
const ATTEMPTS = 5;

/**
 * The LISTEN handshake. The kernel answers on the multicast group, where every listener sees everybody's answers, and overwrites all
 * fields but `ack`: so ours is known by a random ack value that comes back plus one. Events may come before it and are kept.
 */
export class Subscription {
  readonly #libc: Libc;
  readonly #control: IngestControl;
  readonly #fd: number;
  /** What answers to our requests carry. */
  readonly #answers = new Set<number>();
  #sentNs = 0;
  #confirmed = false;

  constructor(libc: Libc, control: IngestControl, fd: number) {
    this.#libc = libc;
    this.#control = control;
    this.#fd = fd;
  }

  get confirmed(): boolean {
    return this.#confirmed;
  }

  /**
   * Sends LISTEN when none is under way or its answer is overdue. Throws when the kernel refuses or stays silent. A LISTEN whose answer may have been lost is
   * undone first: before Linux 6.6 each is counted, and one IGNORE would leave the others behind.
   */
  advance(nowNs: number): void {
    if (this.#confirmed || nowNs - this.#sentNs < ACK_TIMEOUT_NS) return;
    if (this.#answers.size === ATTEMPTS) throw this.#control.counts.overruns > 0 ? unanswered() : silent();
    this.#sentNs = nowNs;
    sendIgnore(this.#libc, this.#control);
    const ack = randomInt(1, 0xffffffff);
    this.#answers.add((ack + 1) >>> 0);
    const sent = this.#libc.send(this.#fd, controlMessage(Op.LISTEN, ack));
    if (sent.value < 0) throw refused(sent.errno);
    this.#control.noteListening(this.#fd);
  }

  /** Takes an acknowledgement from the stream, of whichever attempt; others' are ignored. Throws when ours carries an error. */
  acknowledged(ack: number, errno: number): void {
    if (this.#confirmed || !this.#answers.has(ack)) return;
    if (errno !== 0) {
      this.#control.takeIgnoreDuty();
      throw refused(errno);
    }
    this.#confirmed = true;
  }
}

/** Undoes the subscription if that is still owed; exactly one caller does it. */
export function sendIgnore(libc: Libc, control: IngestControl): void {
  const fd = control.takeIgnoreDuty();
  if (fd === undefined) return;
  const { value, errno } = libc.send(fd, controlMessage(Op.IGNORE, 0));
  if (value < 0) throw new AgentError('NETLINK_SOCKET', `the subscription could not be undone: errno ${errno}`, { context: { errno } });
}

function refused(errno: number): AgentError {
  if (errno === Errno.ECONNREFUSED) {
    return new AgentError('NETLINK_NAMESPACE', 'the process connector answers only in the initial network namespace (send: ECONNREFUSED)', {
      fix: 'Run in the host network namespace (Docker: --network=host, Kubernetes: hostNetwork: true), or grant CAP_SYS_ADMIN and CAP_SYS_PTRACE, with which it enters that namespace by itself.',
    });
  }
  if (errno === Errno.EPERM) {
    return new AgentError('NETLINK_PERMISSION', 'this kernel does not let an ordinary user hear process events (LISTEN: EPERM)', {
      fix: 'Run as root or with CAP_NET_ADMIN; kernels from 6.6 on allow it to everybody.',
    });
  }
  return new AgentError('NETLINK_SOCKET', `the kernel refused the subscription: errno ${errno}`, { context: { errno } });
}

function silent(): AgentError {
  return new AgentError('NETLINK_NAMESPACE', `the kernel did not answer ${ATTEMPTS} subscription requests`, {
    fix: 'It listens only to the initial pid and user namespaces (Docker: --pid=host and no user namespace; Kubernetes: hostPID: true), and needs CONFIG_PROC_EVENTS=y.',
  });
}

/** The kernel confirmed the subscription, and a process of our own was not heard. */
export function deaf(): AgentError {
  return new AgentError('NETLINK_DEAF', 'the kernel accepted the subscription and delivers no events', {
    fix: 'Use a kernel built with CONFIG_PROC_EVENTS=y; 6.6.13 to 6.6.17 and early 6.7 lose subscriptions.',
  });
}

/** Events of others' subscriptions arrive in a foreign pid namespace, too; only an overrun says that answers may have been lost. */
function unanswered(): AgentError {
  return new AgentError('NETLINK_SOCKET', `the kernel's answers to ${ATTEMPTS} subscription requests were lost in a full receive buffer`, {
    fix: 'Raise source.receive_buffer; the machine makes events faster than so small a buffer holds them.',
  });
}
