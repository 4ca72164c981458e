import { AgentError } from '../../core/errors.ts';
import type { Libc } from '../native/libc.ts';
import type { IngestControl } from './control.ts';
import type { ForeignNamespace } from './foreign-namespace.ts';
import { notFrom } from './foreign-namespace.ts';
import { inHostNetwork } from './host-network.ts';
import type { KernelFilter } from './narrow.ts';
import { narrow } from './narrow.ts';
import type { ConnectorSocket } from './socket.ts';
import { leaveGroup, openConnectorSocket, receiveBufferOf, setReceiveBuffer } from './socket.ts';
import { Subscription, sendIgnore } from './subscription.ts';

/** While it is being confirmed a subscription has at least this much room, or a storm would push the kernel's answer out. */
const HANDSHAKE_BYTES = 1 << 20;
const NO_SOCKET = -1;

export interface SessionConfig {
  readonly receiveBufferBytes: number;
  /** null: all kinds, so that losses can be counted exactly. */
  readonly kernelFilter: KernelFilter | null;
  /** Where this process is, if the kernel takes no subscription from there. */
  readonly foreignNamespace: ForeignNamespace | null;
}

/** One socket's life: opened, subscribed, confirmed, perhaps narrowed, closed with exactly one IGNORE. A new one may follow. */
export class Session {
  readonly #libc: Libc;
  readonly #control: IngestControl;
  readonly #config: SessionConfig;
  #socket: ConnectorSocket | undefined;
  #subscription: Subscription | undefined;

  constructor(libc: Libc, control: IngestControl, config: SessionConfig) {
    this.#libc = libc;
    this.#control = control;
    this.#config = config;
  }

  /** −1 while there is none. */
  get fd(): number {
    return this.#socket?.fd ?? NO_SOCKET;
  }

  get confirmed(): boolean {
    return this.#subscription?.confirmed === true;
  }

  /** Opens the socket if there is none, asks for the events when that is due. Throws NETLINK_* with the reason. */
  advance(nowNs: number): void {
    if (this.#config.foreignNamespace !== null) throw notFrom(this.#config.foreignNamespace);
    if (this.#socket === undefined) {
      const room = Math.max(this.#config.receiveBufferBytes, HANDSHAKE_BYTES);
      this.#socket = inHostNetwork(this.#libc, () => openConnectorSocket(this.#libc, room));
      this.#subscription = new Subscription(this.#libc, this.#control, this.#socket.fd);
    }
    this.#subscription?.advance(nowNs);
  }

  acknowledged(ack: number, errno: number): void {
    this.#subscription?.acknowledged(ack, errno);
  }

  /** Once confirmed: the filter and the buffer as configured. */
  settle(): ConnectorSocket {
    if (this.#socket === undefined) throw new AgentError('BUG', 'a subscription was settled without a socket');
    const { receiveBufferBytes, kernelFilter } = this.#config;
    const { fd } = this.#socket;
    if (kernelFilter !== null) narrow(this.#libc, fd, kernelFilter);
    if (receiveBufferBytes < HANDSHAKE_BYTES) setReceiveBuffer(this.#libc, fd, receiveBufferBytes);
    this.#socket = { ...this.#socket, receiveBufferBytes: receiveBufferOf(this.#libc, fd) };
    return this.#socket;
  }

  /** What is queued is all there will be; what is owed to the kernel is done. */
  leave(): void {
    if (this.#socket === undefined) return;
    leaveGroup(this.#libc, this.#socket.fd);
    sendIgnore(this.#libc, this.#control);
  }

  /** The socket goes, and with it what could go wrong, whatever the kernel says to IGNORE. Idempotent. */
  close(): void {
    if (this.#socket === undefined) return;
    const { fd } = this.#socket;
    this.#socket = undefined;
    this.#subscription = undefined;
    try {
      sendIgnore(this.#libc, this.#control);
    } finally {
      this.#control.noteClosed();
      this.#libc.close(fd);
    }
  }
}
