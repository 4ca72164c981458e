import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectToAny } from '../../../../src/sink/nats/connect.ts';
import type { Connected } from '../../../../src/sink/nats/connect.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import { NatsDialer } from '../../../../src/sink/nats/dialer.ts';
import { ServerPool } from '../../../../src/sink/nats/server-pool.ts';
import { configFile } from '../../config/refusal.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const GREETING = `INFO ${JSON.stringify({ server_id: 'x', version: '2.10.0', proto: 1, headers: true, max_payload: 1000 })}\r\n`;

interface OddServer {
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
}

/** Greets the first time, when it is only looked at, as it should; then it does as it is told. */
async function oddServer(then: (socket: Socket) => void): Promise<OddServer> {
  const open = new Set<Socket>();
  let count = 0;
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    socket.resume();
    count += 1;
    if (count % 2 === 1) socket.write(GREETING);
    else then(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, open };
}

/** Of a sink that wants its stream to be there. */
function dialerTo({ port }: OddServer): NatsDialer {
  const servers = [`nats://127.0.0.1:${port}`];
  const file = configFile(JSON.stringify({ sinks: { bus: { type: 'nats', servers, connect_timeout: '30s', ensure_stream: {} } } }));
  const [sink] = loadConfig({ file }).config.sinks;
  if (sink?.type !== 'nats') throw new Error('not the sink that was configured');
  return new NatsDialer(sink.settings, { readSecret: () => Buffer.alloc(0), onDuplicate: () => undefined, log: { info: () => undefined } });
}

function connected({ port }: OddServer, connectTimeoutMs: number): Promise<Connected> {
  const config = { servers: [], name: 'test', inboxPrefix: '_INBOX', connectTimeoutMs, tls: null, auth: null };
  const deps = { readSecret: () => Buffer.alloc(0), signal: new AbortController().signal };
  return connectToAny(config, [{ host: '127.0.0.1', port, encrypted: false }], deps);
}

const answering = (socket: Socket): void => {
  socket.write(GREETING);
  socket.on('data', (chunk) => {
    if (chunk.includes('PING')) socket.write('PONG\r\n');
  });
};

describe('of a server that', () => {
  it('says nothing the second time no socket is left', async () => {
    const server = await oddServer(() => undefined);
    await expect(connected(server, 200)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await waitFor(() => server.open.size === 0, { what: 'the sockets to be closed', timeoutMs: 5000 });
  });

  it('greets without an end not much is heard', async () => {
    let sent = 0;
    const server = await oddServer((socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 'x'))) sent += 65_536;
      };
      socket.write('INFO {"x":"');
      socket.on('drain', more);
      more();
    });
    await expect(connected(server, 20_000)).rejects.toThrow('the server greets without an end');
    await waitFor(() => server.open.size === 0, { what: 'the sockets to be closed', timeoutMs: 5000 });
    expect(sent).toBeLessThan(64 * 2 ** 20);
  });

  it('sends what is not of the protocol the connection ends, and says why', async () => {
    const server = await oddServer((socket) => {
      answering(socket);
      socket.on('data', (chunk) => {
        if (chunk.includes('SUB ')) socket.write('HTTP/1.1 200 OK\r\n');
      });
    });
    const { connection } = await connected(server, 5000);
    connection.subscribe('x', { callback: () => undefined });
    expect(await connection.closed()).toMatchObject({ message: 'the server sent what is not of the protocol' });
    await waitFor(() => server.open.size === 0, { what: 'the sockets to be closed', timeoutMs: 5000 });
  });

  it('does not say whether a stream is there nobody waits for it who is told to stop', async () => {
    const asked = Promise.withResolvers<void>();
    const server = await oddServer((socket) => {
      answering(socket);
      socket.on('data', (chunk) => {
        if (chunk.includes('$JS.API.STREAM.INFO')) asked.resolve();
      });
    });
    const closing = new AbortController();
    const dialing = dialerTo(server).dial(closing.signal);
    await asked.promise;
    closing.abort(new Error('the sink was closed'));
    await expect(dialing).rejects.toThrow('the sink was closed');
    await waitFor(() => server.open.size === 0, { what: 'the sockets to be closed', timeoutMs: 5000 });
  });

  it('tells of its cluster in a way that nobody understands nothing is learnt', () => {
    const pool = new ServerPool([]);
    for (const told of ['127.0.0.1:4222', { length: 1 }, 7, [null, {}]]) pool.learn(told, { host: 'x', port: 1, encrypted: false });
    expect(pool.inTurn()).toEqual([]);
  });
});
