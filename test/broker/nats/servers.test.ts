import { existsSync } from 'node:fs';
import { jetstream } from '@nats-io/jetstream';
import { connect, credsAuthenticator, nkeyAuthenticator } from '@nats-io/transport-node';
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { TestOperator, userKeys } from '../../helpers/nats/auth.ts';
import { startNatsCluster } from '../../helpers/nats/cluster.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startSingleNats } from '../../helpers/nats/single-server.ts';
import type { SingleNats } from '../../helpers/nats/single-server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;

async function serverWith(options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNats(options);
  onTestFinished(() => server.close());
  return server;
}

async function adminOf(served: Parameters<typeof NatsAdmin.connect>[0]): Promise<NatsAdmin> {
  const admin = await NatsAdmin.connect(served);
  onTestFinished(() => admin.close());
  return admin;
}

/** A connection that breaks takes what was written to it along: it is written until it is acknowledged. */
async function published(admin: NatsAdmin, subject: string, msgID: string): Promise<void> {
  const acknowledged = () => jetstream(admin.connection, { timeout: 500 }).publish(subject, `body of ${msgID}`, { msgID });
  await waitFor(acknowledged, { what: `${msgID} to be acknowledged`, timeoutMs: 60_000 });
}

/** What a client says of its connection until it is closed. */
async function statusesOf(client: NatsConnection): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of client.status()) types.push(type);
  return types;
}

/** Undefined: one got in; else why not. */
async function refusal(server: NatsServer, options: NodeConnectionOptions): Promise<string | undefined> {
  try {
    const connection = await connect({ servers: [server.url], reconnect: false, ...options });
    await connection.close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.skipIf((await missingNats()) !== undefined)('nats-servers of tests', { timeout: START_MS }, () => {
  it('keep what they have when they are killed, and nothing when they are closed', async () => {
    const server = await serverWith();
    const admin = await adminOf(server);
    const { pid } = server;
    await admin.createStream('S', { subjects: ['s.>'] });
    await published(admin, 's.a', 'id-1');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(server.pid).not.toBe(pid);
    await published(admin, 's.b', 'id-2');
    const read = await admin.read('S');
    expect(read.map(({ subject, headers, body }) => [subject, headers.get('Nats-Msg-Id'), Buffer.from(body).toString()])).toEqual([
      ['s.a', 'id-1', 'body of id-1'],
      ['s.b', 'id-2', 'body of id-2'],
    ]);
    expect(await admin.count('S')).toBe(2);
    await admin.purge('S');
    expect(await admin.read('S')).toEqual([]);
    const { config } = await server.monitor<{ config: { store_dir: string } }>('/jsz');
    expect(existsSync(config.store_dir)).toBe(true);
    await server.close();
    expect(existsSync(config.store_dir)).toBe(false);
  });

  it('read a long stream back, in order', async () => {
    const admin = await adminOf(await serverWith());
    await admin.createStream('LONG', { subjects: ['long'] });
    for (let i = 0; i < 20_000; i++) admin.connection.publish('long', String(i));
    await admin.connection.flush();
    await waitFor(async () => (await admin.count('LONG')) === 20_000, { what: '20,000 messages' });
    let next = 0;
    await admin.visit('LONG', ({ body }) => expect(Number(Buffer.from(body).toString())).toBe(next++));
    expect(next).toBe(20_000);
  });

  it('pause and go on, and end as lame ducks', async () => {
    const server = await serverWith({ jetstream: false });
    const client = await connect({ servers: [server.url], reconnect: false });
    const told = statusesOf(client);
    await server.pause();
    let answered = false;
    const answer = client.flush().then(() => (answered = true));
    expect(await refusal(server, { timeout: 200 })).toBe('timeout');
    expect(answered).toBe(false);
    server.resume();
    await answer;
    server.lameDuck();
    await waitFor(() => server.pid === undefined, { what: 'the server to end', timeoutMs: 60_000 });
    await client.closed();
    expect(await told).toContain('ldm');
  });

  it('take no more than they are told to, and say so', async () => {
    const server = await serverWith({ jetstream: false, maxPayload: 4096, config: { max_connections: 7 } });
    expect(await server.monitor('/varz')).toMatchObject({ max_payload: 4096, max_connections: 7 });
  });

  it('are left as they were where they are not ours', async () => {
    const server = await serverWith();
    const [first, second] = await Promise.all([1, 2].map(() => startSingleNats({ kind: 'given', url: server.url })));
    const names = [first?.own('S'), second?.own('S')].map(String);
    expect(new Set(names).size).toBe(2);
    const admin = await adminOf(first as SingleNats);
    for (const name of names) await admin.createStream(name, { subjects: [`${name}.>`] });
    await admin.deleteStream(String(names[0]));
    await first?.close();
    expect(await admin.count(String(names[1]))).toBe(0);
    expect(server.pid).toBeDefined();
  });

  it('say why they do not start', async () => {
    await expect(startNats({ config: { nonsense: true } })).rejects.toThrow(/ended before it was up:(.|\n)*nonsense/);
  });

  it('know clients by their certificates, and are known by theirs', async () => {
    const [on, mutual, first] = await Promise.all(['on', 'mutual', 'first'].map((tls) => serverWith({ tls } as NatsOptions)));
    const files = (server: NatsServer | undefined): NatsServer['tls'] => (server as NatsServer).tls;
    const of = (server: NatsServer | undefined, tls: object, timeout = 20_000): Promise<string | undefined> =>
      refusal(server as NatsServer, { tls, timeout });
    const { ca, cert, key } = files(mutual);
    expect(await of(on, { caFile: files(on).ca })).toBeUndefined();
    expect(await of(on, { caFile: files(on).otherCa })).toMatch(/certificate/);
    expect(await of(mutual, { caFile: ca, certFile: cert, keyFile: key })).toBeUndefined();
    expect(await of(mutual, { caFile: ca })).toBeDefined();
    expect(await of(first, { caFile: files(first).ca, handshakeFirst: true })).toBeUndefined();
    expect(await of(first, { caFile: files(first).ca }, 300)).toBe('timeout');
  });

  describe('know who logs in', () => {
    const REFUSED = /Authorization Violation/i;

    it('by a token', async () => {
      const server = await serverWith({ auth: { kind: 'token', token: 'right' }, jetstream: false });
      expect(await refusal(server, { token: 'right' })).toBeUndefined();
      expect(await refusal(server, { token: 'wrong' })).toMatch(REFUSED);
    });

    it('by a password, which may change', async () => {
      const user = (password: string) => ({ kind: 'user', user: 'agent', password }) as const;
      const server = await serverWith({ auth: user('old'), jetstream: false });
      expect(await refusal(server, { user: 'agent', pass: 'old' })).toBeUndefined();
      expect(await refusal(server, { user: 'agent', pass: 'new' })).toMatch(REFUSED);
      await server.reconfigure({ auth: user('new') });
      expect(await refusal(server, { user: 'agent', pass: 'new' })).toBeUndefined();
    });

    it('by an NKey', async () => {
      const [known, unknown] = [userKeys(), userKeys()];
      const server = await serverWith({ auth: { kind: 'nkey', publicKey: known.publicKey } });
      expect(await refusal(server, { authenticator: nkeyAuthenticator(Buffer.from(known.seed)) })).toBeUndefined();
      expect(await refusal(server, { authenticator: nkeyAuthenticator(Buffer.from(unknown.seed)) })).toMatch(REFUSED);
      await (await adminOf(server)).createStream('S', { subjects: ['s'] });
    });

    it('by credentials', async () => {
      const [operator, stranger] = [new TestOperator(), new TestOperator()];
      const server = await serverWith({ auth: { kind: 'jwt', operator } });
      const by = (text: string): NodeConnectionOptions => ({ authenticator: credsAuthenticator(Buffer.from(text)) });
      expect(await refusal(server, by(operator.credentials('agent')))).toBeUndefined();
      expect(await refusal(server, by(stranger.credentials('agent')))).toMatch(REFUSED);
      const past = Math.floor(Date.now() / 1000) - 60;
      expect(await refusal(server, by(operator.credentials('agent', { expires: past })))).toBeDefined();
      await (await adminOf(server)).createStream('S', { subjects: ['s'] });
    });
  });

  it('allow what they are told to', async () => {
    const permissions = { publish: { allow: ['mine.>'] } };
    const operator = new TestOperator();
    const [known, vouched] = await Promise.all([
      serverWith({ auth: { kind: 'user', user: 'agent', password: 'p' }, permissions }),
      serverWith({ auth: { kind: 'jwt', operator } }),
    ]);
    const creds = credsAuthenticator(Buffer.from(operator.credentials('agent', { permissions })));
    for (const [server, login] of [[known, { user: 'agent', pass: 'p' }] as const, [vouched, { authenticator: creds }] as const]) {
      const heard = await (await adminOf(server)).listen('>');
      const client = await connect({ servers: [server.url], reconnect: false, ...login });
      client.publish('mine.a', 'x');
      client.publish('yours.a', 'x');
      client.publish('mine.b', 'x');
      await client.flush();
      await waitFor(() => heard.length >= 2, { what: 'two messages' });
      expect(heard.map(({ subject }) => subject)).toEqual(['mine.a', 'mine.b']);
      await client.close();
    }
  });

  it('elect another leader when it is killed, and make the old one whole again', async () => {
    const cluster = await startNatsCluster();
    onTestFinished(() => cluster.close());
    const admin = await adminOf(cluster);
    await admin.createStream('S', { subjects: ['s.>'], num_replicas: 3 });
    await published(admin, 's.a', 'one');
    const first = await cluster.streamLeader('S');
    await first.kill();
    const second = await cluster.streamLeader('S');
    expect(second.name).not.toBe(first.name);
    await published(admin, 's.b', 'two');
    await first.restart();
    await cluster.inSync('S');
    expect(await cluster.metaLeader()).toBeDefined();
    expect((await admin.read('S')).map(({ subject }) => subject)).toEqual(['s.a', 's.b']);
  });
});
