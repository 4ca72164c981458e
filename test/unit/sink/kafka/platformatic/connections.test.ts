import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { MockInstance } from 'vitest';
import { BrokerConnection } from '../../../../../src/sink/kafka/platformatic/broker-connection.ts';
import { Connections } from '../../../../../src/sink/kafka/platformatic/connections.ts';
import { produceApi } from '../../../../../src/sink/kafka/platformatic/produce.ts';
import { waitFor } from '../../../../helpers/wait-for.ts';
import { settingsOf, startStubBroker } from './stub-broker.ts';

const DAY_MS = 86_400_000;
const sasl = { mechanism: 'plain', credentials: () => ({ username: 'u', password: 'p' }) } as const;
const tls = { material: () => ({}), serverName: null };
let destroy: MockInstance<BrokerConnection['destroy']>;

beforeEach(() => {
  destroy = vi.spyOn(BrokerConnection.prototype, 'destroy');
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('closes after a broker has not let it connect in time, and keeps nothing of that connection', async () => {
  await using silent = await startStubBroker({ isSilent: true });
  const connections = new Connections(settingsOf({ tls, connectTimeoutMs: 50 }));
  await expect(connections.to(silent.broker)).rejects.toMatchObject({ fault: 'TIMEOUT' });
  expect(destroy).toHaveBeenCalledTimes(1);
  await connections.close();
  expect(destroy).toHaveBeenCalledTimes(1);
});

test('closes while a broker has not let it connect yet', async () => {
  await using silent = await startStubBroker({ isSilent: true });
  const connections = new Connections(settingsOf({ tls }));
  const connecting = expect(connections.to(silent.broker)).rejects.toMatchObject({ fault: 'CLOSED' });
  await waitFor(() => silent.sockets.length > 0, { what: 'a connection' });
  await connections.close();
  await connecting;
});

test('hangs up where a broker does not say what it can do', async () => {
  await using refusing = await startStubBroker({ versionsError: 35 });
  const connections = new Connections(settingsOf({}));
  await expect(connections.to(refusing.broker)).rejects.toMatchObject({ fault: 'UNSUPPORTED_VERSION' });
  await waitFor(() => refusing.sockets[0]?.closed, { what: 'the end of the connection' });
  await connections.close();
});

test('keeps nothing of a connection whose certificates are none', async () => {
  const connections = new Connections(
    settingsOf({ tls: { ...tls, material: () => ({ cert: Buffer.from('none'), key: Buffer.from('none') }) } }),
  );
  await expect(connections.to({ host: '127.0.0.1', port: 9 })).rejects.toThrow(/PEM|no start line/);
  expect(destroy).toHaveBeenCalledTimes(1);
  await connections.close();
  expect(destroy).toHaveBeenCalledTimes(1);
});

test('closes at once though a broker has stopped reading', async () => {
  await using frozen = await startStubBroker({ onAnswered: (socket) => socket.pause() });
  const connections = new Connections(settingsOf({}));
  const { connection } = await connections.to(frozen.broker);
  const request = { topic: 't', partition: 0, batch: Buffer.alloc(32_000_000), timeoutMs: 60_000 };
  const sending = expect(produceApi(11).async(connection, request)).rejects.toThrow('closed');
  await waitFor(() => connection.socket.writableLength > 0, { what: 'more than the sockets hold' });
  await connections.close();
  await sending;
});

test('uses a connection for four fifths of its session, however long that is', async () => {
  await using there = await startStubBroker({ sessionMs: 100 * DAY_MS });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const connections = new Connections(settingsOf({ sasl }));
  const { connection } = await connections.to(there.broker);
  await vi.advanceTimersByTimeAsync(79 * DAY_MS);
  expect((await connections.to(there.broker)).connection).toBe(connection);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect((await connections.to(there.broker)).connection).not.toBe(connection);
  await connections.close();
});

test('the end of a session is not waited for once its connection has ended', async () => {
  await using there = await startStubBroker({ sessionMs: 100 * DAY_MS });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const connections = new Connections(settingsOf({ sasl }));
  const { connection } = await connections.to(there.broker);
  expect(vi.getTimerCount()).toBe(1);
  const ended = new Promise((resolve) => connection.once('close', resolve));
  there.sockets[0]?.destroy();
  await ended;
  expect(vi.getTimerCount()).toBe(0);
  await connections.to(there.broker);
  await connections.close();
  expect(vi.getTimerCount()).toBe(0);
});
