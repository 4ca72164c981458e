import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** Stands between clients and a server, and can keep from them what the server says. Ends with the test. */
export class CuttingProxy {
  readonly port: number;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #state: { mute: boolean };

  private constructor(port: number, sockets: ReadonlySet<Socket>, state: { mute: boolean }) {
    this.port = port;
    this.#sockets = sockets;
    this.#state = state;
  }

  /** In front of 127.0.0.1:`to`. */
  static async start(to: number): Promise<CuttingProxy> {
    const sockets = new Set<Socket>();
    const state = { mute: false };
    const keep = (socket: Socket): Socket => {
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    };
    const server = createServer({ noDelay: true }, (client) => {
      const far = keep(connect({ port: to, host: '127.0.0.1', noDelay: true }));
      keep(client).on('data', (bytes) => far.write(bytes));
      far.on('data', (bytes) => state.mute || client.write(bytes));
      client.on('close', () => far.destroy());
      far.on('close', () => client.destroy());
    });
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => resolve(new CuttingProxy((server.address() as AddressInfo).port, sockets, state)));
    });
  }

  /** What the server says is lost from now on; what clients say still arrives. */
  mute(): void {
    this.#state.mute = true;
  }

  /** Ends all connections, and passes on both ways what comes over others. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#state.mute = false;
  }
}
