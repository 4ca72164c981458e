import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ProduceAcks, Producer } from '@platformatic/kafka';
import type { ProducerOptions } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { AGENT } from '../../helpers/kafka/users.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;

function producer(bootstrap: string, options: Partial<ProducerOptions<Buffer, Buffer, Buffer, Buffer>> = {}): Producer {
  const made = new Producer({ clientId: 'test', bootstrapBrokers: bootstrap.split(','), retries: 0, ...options });
  onTestFinished(() => made.close());
  return made;
}

async function sendOne(to: Producer, topic: string, value: string): Promise<void> {
  const headers = new Map([[Buffer.from('kind'), Buffer.from('exec')]]);
  const message = { topic, partition: 0, key: Buffer.from('host'), value: Buffer.from(value), headers, timestamp: 1_700_000_000_123n };
  // Said here, as acks among the producer's own options are not heeded.
  await to.send({ messages: [message], acks: ProduceAcks.ALL });
}

/** What an attempt failed with, down to its causes. */
async function failure(attempt: Promise<unknown>): Promise<string> {
  const told = (error: unknown): string => {
    const { message, cause, errors = [] } = error as { message: string; cause?: unknown; errors?: unknown[] };
    return [message, ...errors.map(told), ...(cause === undefined ? [] : [told(cause)])].join('; ');
  };
  return attempt.then(() => 'nothing', told);
}

const isRunning = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`);

describe.skipIf((await missingTools()) !== undefined)('a cluster of Apache Kafka', () => {
  describe('of one broker, with authentication and access lists', () => {
    let cluster: Cluster;
    let admin: KafkaAdmin;

    beforeAll(async () => {
      cluster = await startCluster({ authorizer: true, oauth: true });
      admin = new KafkaAdmin(cluster.bootstrap);
      await admin.createTopic('open');
      await admin.addRule({ user: AGENT.username, operation: 'WRITE', topic: 'open' });
    }, START_MS);

    afterAll(async () => {
      await admin?.close();
      await cluster?.close();
    });

    const ca = () => readFile(cluster.tls.ca, 'utf8');

    it('gives back a record as it was sent', async () => {
      await admin.createTopic('events', { partitions: 2 });
      await sendOne(producer(cluster.bootstrap), 'events', 'hello');
      const records = await admin.read('events');
      expect(records).toEqual([
        {
          partition: 0,
          offset: 0,
          timestamp: 1_700_000_000_123,
          key: Buffer.from('host'),
          value: Buffer.from('hello'),
          headers: [['kind', Buffer.from('exec')]],
        },
      ]);
    });

    it('has only the topics that were made', async () => {
      expect(await failure(sendOne(producer(cluster.bootstrap), 'nowhere', 'x'))).toContain('Unknown topic');
      expect(await admin.describe('nowhere')).toBeUndefined();
    });

    it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
      'lets users log in by %s, in plain text and over TLS',
      async (mechanism) => {
        const { saslPlaintext, saslSsl } = cluster.listeners;
        await sendOne(producer(saslPlaintext, { sasl: { mechanism, ...AGENT } }), 'open', mechanism);
        await sendOne(producer(saslSsl, { sasl: { mechanism, ...AGENT }, tls: { ca: await ca() } }), 'open', mechanism);
        const wrong = { mechanism, username: AGENT.username, password: 'wrong' };
        expect(await failure(sendOne(producer(saslPlaintext, { sasl: wrong }), 'open', 'x'))).toContain('SASL authentication failed');
      },
    );

    it('takes a password that was set, and from then on only that', async () => {
      await admin.setScramPassword('agent', 'another', 'SCRAM-SHA-256');
      const by = (password: string) => ({ mechanism: 'SCRAM-SHA-256', username: 'agent', password }) as const;
      await sendOne(producer(cluster.listeners.saslPlaintext, { sasl: by('another') }), 'open', 'x');
      expect(await failure(sendOne(producer(cluster.listeners.saslPlaintext, { sasl: by(AGENT.password) }), 'open', 'x'))).toContain(
        'SASL authentication failed',
      );
      await admin.setScramPassword('agent', AGENT.password, 'SCRAM-SHA-256');
    });

    it('knows clients by their certificates, and itself only to those who know its authority', async () => {
      const [cert, key] = [await readFile(cluster.tls.cert), await readFile(cluster.tls.key)];
      await admin.addRule({ user: 'CN=agent', operation: 'WRITE', topic: 'open' });
      await sendOne(producer(cluster.listeners.mtls, { tls: { ca: await ca(), cert, key } }), 'open', 'x');
      expect(await failure(sendOne(producer(cluster.listeners.mtls, { tls: { ca: await ca() } }), 'open', 'x'))).toMatch(
        /Connection closed|certificate required/,
      );
      const otherCa = await readFile(cluster.tls.otherCa);
      expect(await failure(sendOne(producer(cluster.listeners.mtls, { tls: { ca: otherCa, cert, key } }), 'open', 'x'))).toContain(
        'unable to verify',
      );
    });

    it('takes the tokens of its authorization server as long as they hold', async () => {
      const by = async (token: string) => ({ sasl: { mechanism: 'OAUTHBEARER', token }, tls: { ca: await ca() } }) as const;
      await sendOne(producer(cluster.listeners.oauth, await by(cluster.oauth.token())), 'open', 'x');
      const old = cluster.oauth.token({ exp: Math.floor(Date.now() / 1000) - 3600 });
      expect(await failure(sendOne(producer(cluster.listeners.oauth, await by(old)), 'open', 'x'))).toContain('current SASL state');
    });

    it('lets a user write when a rule says so, and no longer', async () => {
      await admin.createTopic('closed');
      const rule = { user: AGENT.username, operation: 'WRITE', topic: 'closed' } as const;
      const send = () => sendOne(producer(cluster.listeners.saslPlaintext, { sasl: { mechanism: 'PLAIN', ...AGENT } }), 'closed', 'x');
      expect(await failure(send())).toContain('Topic authorization failed');
      await admin.addRule(rule);
      await waitFor(async () => (await send(), true), { what: 'the rule to be in force' });
      await admin.removeRule(rule);
      await waitFor(
        () =>
          send().then(
            () => false,
            () => true,
          ),
        { what: 'the rule to be gone' },
      );
    });

    it('changes topics while they are in use', async () => {
      await admin.createTopic('changing', { partitions: 2, configs: { 'max.message.bytes': '100000' } });
      await admin.addPartitions('changing', 3);
      const one = { leader: 1, replicas: [1], inSync: [1] };
      expect((await admin.describe('changing'))?.partitions).toEqual([one, one, one]);
      await admin.configureTopic('changing', { 'max.message.bytes': '200' });
      const refused = () => failure(sendOne(producer(cluster.bootstrap), 'changing', 'x'.repeat(1000)));
      await waitFor(async () => (await refused()).includes('larger than the max message size'), { what: 'the limit to be in force' });
      await admin.deleteTopic('changing');
      expect(await admin.describe('changing')).toBeUndefined();
    });

    it('runs its tools', async () => {
      const { code, stdout } = await cluster.tool('org.apache.kafka.tools.TopicCommand', [
        '--bootstrap-server',
        cluster.bootstrap,
        '--list',
      ]);
      expect({ code, topics: stdout.split('\n') }).toMatchObject({ code: 0, topics: expect.arrayContaining(['open']) as string[] });
    });

    it('leaves no process and no file when it is closed', async () => {
      const pid = cluster.brokers[0]?.pid;
      expect([isRunning(pid), existsSync(cluster.tls.ca)]).toEqual([true, true]);
      await cluster.close();
      expect(isRunning(pid)).toBe(false);
      expect(existsSync(cluster.tls.ca)).toBe(false);
    });
  });

  describe('of three brokers', () => {
    let cluster: Cluster;
    let admin: KafkaAdmin;

    beforeAll(async () => {
      cluster = await startCluster({ brokers: 3 });
      admin = new KafkaAdmin(cluster.bootstrap);
    }, START_MS);

    afterAll(async () => {
      await admin?.close();
      await cluster?.close();
    });

    it('goes on without a leader that is killed, and takes it back', async () => {
      await admin.createTopic('events', { assignments: [[2, 3, 1]] });
      const to = producer(cluster.bootstrap, { retries: 30 });
      await sendOne(to, 'events', 'before');
      await cluster.brokers[1]?.kill9();
      const moved = async (): Promise<boolean> => ![2, -1].includes((await leader()) ?? -1);
      const leader = async (): Promise<number | undefined> => (await admin.describe('events'))?.partitions[0]?.leader;
      await waitFor(moved, { what: 'another leader', timeoutMs: 30_000 });
      await sendOne(to, 'events', 'without');
      await cluster.brokers[1]?.resume();
      const inSync = async (): Promise<boolean> => (await admin.describe('events'))?.partitions[0]?.inSync.includes(2) === true;
      await waitFor(inSync, { what: 'the broker to be in sync', timeoutMs: 60_000 });
      await admin.electPreferredLeaders('events');
      await waitFor(async () => (await leader()) === 2, { what: 'the leader of before', timeoutMs: 30_000 });
      await admin.reassign('events', 0, [1, 2]);
      await waitFor(async () => (await admin.describe('events'))?.partitions[0]?.replicas.join() === '1,2', {
        what: 'other replicas',
        timeoutMs: 30_000,
      });
      await cluster.brokers[1]?.stop();
      expect((await admin.read('events')).map(({ value }) => String(value))).toEqual(['before', 'without']);
    });
  });
});
