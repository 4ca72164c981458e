import { NatsConnectionImpl, setTransportFactory } from '@nats-io/transport-node';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { NodeTransport, nodeResolveHost } from '@nats-io/transport-node/lib/node_transport.js';
import { MAX_GREETING_BYTES } from './greeting.ts';

/**
 * The client's own way to a server, but for what that makes of servers that do not do as they should: it keeps the socket, and all that comes, of one that has not
 * greeted in time, and listens no more, without a word, to one that sent what is not of the protocol.
 */
class Transport extends NodeTransport {
  override async peekInfo(): ReturnType<NodeTransport['peekInfo']> {
    // It listens first, and takes all listeners away when the greeting is there.
    const greeting = super.peekInfo();
    let bytes = 0;
    this.socket.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length;
      if (bytes > MAX_GREETING_BYTES) this.socket.destroy(new Error('the server greets without an end'));
    });
    return greeting;
  }

  override async close(error?: Error): Promise<void> {
    await super.close(error);
    if (!this.connected) this.discard();
  }

  override async *iterate(): AsyncIterableIterator<Uint8Array> {
    try {
      yield* super.iterate();
    } finally {
      if (!this.done) await this.close(new Error('the server sent what is not of the protocol'));
    }
  }
}

/** As the client's `connect`. Whatever becomes of it, no socket is left where it rejects. */
export function connectClient(options: ConnectionOptions): Promise<NatsConnection> {
  setTransportFactory({ factory: () => new Transport(), dnsResolveFn: nodeResolveHost });
  return NatsConnectionImpl.connect(options);
}
