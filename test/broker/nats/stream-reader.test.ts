import { describe, expect, onTestFinished, test } from 'vitest';
import { compileServers } from '../../../src/sink/nats/servers-setting.ts';
import { StreamReader } from '../../../src/sink/nats/stream-reader.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { startNatsCluster } from '../../helpers/nats/cluster.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;

describe.skipIf((await missingNats()) !== undefined)('reading a stream', { timeout: START_MS }, () => {
  async function adminOf(served: Parameters<typeof NatsAdmin.connect>[0]): Promise<NatsAdmin> {
    const admin = await NatsAdmin.connect(served);
    onTestFinished(() => admin.close());
    return admin;
  }

  async function started(options: NatsOptions = {}): Promise<{ server: NatsServer; admin: NatsAdmin }> {
    const server = await startNats(options);
    onTestFinished(() => server.close());
    return { server, admin: await adminOf(server) };
  }

  /** Messages with the numbers from 0 on. */
  async function filled(admin: NatsAdmin, count: number, size = 0): Promise<void> {
    for (let i = 0; i < count; i += 1) admin.connection.publish('s', `${i}`.padEnd(size));
    await waitFor(async () => (await admin.count('S')) === count, { what: 'all to be stored', timeoutMs: 60_000, everyMs: 50 });
  }

  function readerOf(urls: readonly string[], { connectTimeoutMs = 5000, patienceMs = 60_000 } = {}): StreamReader {
    const connection = { servers: compileServers(urls), name: '', inboxPrefix: '_INBOX', connectTimeoutMs, tls: null, auth: null };
    const reader = new StreamReader({ connection, stream: 'S', subjects: [] }, { readSecret: () => Buffer.alloc(0) }, patienceMs);
    onTestFinished(() => reader.close());
    return reader;
  }

  test('goes on where it was when the leader is killed, and leaves nothing out', async () => {
    const cluster = await startNatsCluster();
    onTestFinished(() => cluster.close());
    const admin = await adminOf(cluster);
    await admin.createStream('S', { subjects: ['s'], num_replicas: 3 });
    const count = 20_000;
    await filled(admin, count);
    await cluster.inSync('S');
    const seen: number[] = [];
    for await (const messages of readerOf(cluster.urls).read()) {
      if (seen.length === 0) await (await cluster.streamLeader('S')).kill();
      seen.push(...messages.map(({ content }) => Number(content)));
    }
    expect(seen).toHaveLength(count);
    expect(seen.every((number, i) => number === i)).toBe(true);
  });

  test('ends with an error where the server stays away, and never as if it had all', async () => {
    const { server, admin } = await started();
    await admin.createStream('S', { subjects: ['s'] });
    await filled(admin, 10_000);
    const reader = readerOf([server.url], { connectTimeoutMs: 1000, patienceMs: 1500 });
    const reading = async (): Promise<void> => {
      for await (const messages of reader.read()) if (messages[0]?.sequence === 1) await server.kill();
    };
    await expect(reading()).rejects.toThrow(/^of the stream S nothing has come for 1\.5 s, from sequence \d+ on: .*ECONNREFUSED/);
  });

  test('goes on when the server comes back, and ends with an error where the stream is another by then', async () => {
    const { server, admin } = await started();
    await admin.createStream('S', { subjects: ['s'] });
    await filled(admin, 10_000);
    let count = 0;
    const again = async (each: () => Promise<void>): Promise<void> => {
      count = 0;
      for await (const messages of readerOf([server.url]).read()) {
        if (count === 0) await each();
        count += messages.length;
      }
    };
    const restarted = async (): Promise<void> => {
      await server.stop();
      await server.restart();
    };
    await again(restarted);
    expect(count).toBe(10_000);
    const replaced = again(async () => {
      await restarted();
      // What the other connection was asked while it was broken would be waited for.
      const next = await adminOf(server);
      await next.deleteStream('S');
      await next.createStream('S', { subjects: ['s'] });
    });
    await expect(replaced).rejects.toThrow('the stream S was created anew while it was read');
  });

  test('holds little at once, and takes messages that are larger than that', async () => {
    const { server, admin } = await started({ maxPayload: 8 * 2 ** 20 });
    await admin.createStream('S', { subjects: ['s'] });
    await filled(admin, 12, 5 * 2 ** 20);
    const pieces: number[][] = [];
    for await (const messages of readerOf([server.url]).read()) pieces.push(messages.map(({ content }) => Number(content.subarray(0, 4))));
    expect(pieces.flat()).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(5);
  });
});
