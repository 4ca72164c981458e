import type { SourceDescription } from '../../core/event-source.ts';
import { eventsHeldBy } from '../../core/receive-buffer.ts';
import type { ConnectorSocket } from './socket.ts';

/** What START says of a subscription. The kernel grants twice what is asked for, for its own accounting. */
export function describeSocket(socket: ConnectorSocket, wantedBytes: number): SourceDescription {
  const clamped = !socket.forced && socket.receiveBufferBytes < 2 * wantedBytes;
  const reason = `${socket.receiveBufferBytes / 2} instead of ${wantedBytes} bytes: CAP_NET_ADMIN is not held`;
  return {
    sources: ['proc_connector'],
    degraded: clamped ? [{ feature: 'receive_buffer', reason }] : [],
    lossWindows: [
      `receive buffer: ${eventsHeldBy(socket.receiveBufferBytes)} events; beyond that the kernel drops the newest, counted exactly`,
      'arguments, executable and working directory are read from /proc after the exec: a process that ends first keeps none',
    ],
  };
}
