import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProduceAcks, Producer } from '@platformatic/kafka';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AgentProcess, FORKCAST } from '../../helpers/agent-process.ts';
import type { AgentEnd } from '../../helpers/agent-process.ts';
import type { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { chooseBroker } from '../../helpers/kafka/choose-broker.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import type { ReadRecord } from '../../helpers/kafka/read-topic.ts';
import { startOwnBroker, startSingleBroker } from '../../helpers/kafka/single-broker.ts';
import type { OwnBroker, SingleBroker } from '../../helpers/kafka/single-broker.ts';
import { AGENT } from '../../helpers/kafka/users.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { makeTempDir, tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const PARTITIONS = 4;
const EVENTS = 30_000;
/** Of a broker that is started here: one start is enough. */
const WITH_ACCESS_LISTS = { authorizer: true };

const choice = await chooseBroker();
const canStartOwn = (await missingTools()) === undefined;

describe.skipIf(choice.kind === 'none')('verify --kafka', () => {
  let broker: SingleBroker;
  let admin: KafkaAdmin;
  let config: string;
  let dir: string;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    broker = await startSingleBroker(choice, WITH_ACCESS_LISTS);
    ({ admin } = broker);
    ({ path: dir, remove } = await makeTempDir());
    await topics('events');
    config = await configFile(dir, { siem: sink('events') });
  }, START_MS);
  afterAll(async () => {
    await broker?.close();
    await remove?.();
  });

  const topic = (name: string): string => broker.topic(name);

  async function topics(name: string): Promise<void> {
    await admin.createTopic(topic(name), { partitions: PARTITIONS });
    await admin.createTopic(topic(`${name}-agent`));
  }

  const sink = (name: string, settings: object = {}): object => ({
    type: 'kafka',
    brokers: broker.bootstrap.split(','),
    topic: topic(name),
    key: 'entity_id',
    queue: { type: 'disk' },
    ...settings,
  });

  async function configFile(folder: string, sinks: Record<string, object>, events = EVENTS): Promise<string> {
    const path = join(folder, 'forkcast.json');
    const source = { type: 'synthetic', synthetic: { events, rate: 5000 } };
    await writeFile(path, JSON.stringify({ agent: { checkpoint_interval: '500ms' }, source, sinks }));
    return path;
  }

  async function ran(file: string, folder: string): Promise<AgentEnd> {
    const agent = new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] });
    return agent.ended;
  }

  /** Copies what `events` and its topic of the agent hold into topics of their own, changed. */
  async function copied(name: string, change: (records: ReadRecord[]) => ReadRecord[]): Promise<void> {
    await topics(name);
    const producer = new Producer({ clientId: 'test', bootstrapBrokers: broker.bootstrap.split(','), retries: 0 });
    for (const [from, to, records] of [
      ['events', topic(name), change(await admin.read(topic('events')))],
      ['events-agent', topic(`${name}-agent`), await admin.read(topic('events-agent'))],
    ] as const)
      for (let at = 0; at < records.length; at += 1000) {
        const messages = records.slice(at, at + 1000).map(({ partition, key, value, headers, timestamp }) => ({
          topic: to,
          partition,
          ...(key === null ? {} : { key }),
          value: value ?? Buffer.from(from),
          headers: new Map(headers.map(([header, text]) => [Buffer.from(header), text ?? Buffer.alloc(0)])),
          timestamp: BigInt(timestamp),
        }));
        await producer.send({ messages, acks: ProduceAcks.ALL });
      }
    await producer.close();
  }

  const brokers = (name: string): string[] => ['--kafka', broker.bootstrap, '--topic', topic(name)];

  /** The faults below are planted into copies of what this leaves. */
  test('says of what an agent sent that all of it is there', async () => {
    const { code: ended, stderr } = await ran(config, dir);
    expect(ended, stderr).toBe(0);
    const { code, report } = await verify('--kafka', '-c', config);
    expect(report).toMatchObject({
      ok: true,
      unaccounted: 0,
      unproven_tail: 0,
      blind: [],
      topics: [topic('events-agent'), topic('events')],
    });
    expect(report).toMatchObject({ partitions: PARTITIONS + 1, damaged_records: 0, foreign_records: {}, removed_before: [] });
    const [run] = report.runs;
    expect(report.runs).toMatchObject([{ state: 'stopped', sink: 'siem', findings: [], present: run?.expected }]);
    expect(run?.expected).toBeGreaterThan(EVENTS / 2);
    expect(code).toBe(0);
  });

  test('does without a configuration, and says it for people', async () => {
    const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', ...brokers('events')]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('everything that was accepted is there: unaccounted 0');
    expect(stdout).toContain(`in ${PARTITIONS + 1} partitions of ${topic('events-agent')} and ${topic('events')}, 1 run`);
  });

  test('misses the hosts that are expected and not there', async () => {
    const list = join(dir, 'hosts');
    await writeFile(list, '11111111-1111-4111-8111-111111111111\n');
    const { code, report } = await verify(...brokers('events'), '--expect', list);
    expect(report.missing_hosts).toEqual(['11111111-1111-4111-8111-111111111111']);
    expect(code).toBe(1);
  });

  test('finds the one record that is left out, and counts those that are not ours', async () => {
    const stranger: ReadRecord = { partition: 1, offset: 0, timestamp: 1, key: null, value: Buffer.from('{}'), headers: [] };
    await copied('short', (records) => [stranger, ...records.toSpliced(records.length >> 1, 1)]);
    const { code, report, stderr } = await verify(...brokers('short'), '--allow-blind');
    expect(report).toMatchObject({ ok: false, unaccounted: 1, foreign_records: { [topic('short')]: 1 } });
    expect(report.runs[0]?.findings).toMatchObject([{ fault: 'missing' }]);
    expect(report.runs[0]?.findings[0]?.sequences).toHaveLength(1);
    expect(stderr).toContain(`in ${topic('short')} 1 record is not forkcast's and left out, the first at partition 1, offset 0`);
    expect(code).toBe(1);
  });

  test('takes copies for what they are, and damage for what is missing', async () => {
    await copied('twice', (records) => [...records, ...records.slice(0, 100)]);
    expect(await verify(...brokers('twice'))).toMatchObject({ code: 0, report: { unaccounted: 0, runs: [{ duplicates: 100 }] } });
    const cut = (record: ReadRecord | undefined): ReadRecord => ({
      ...(record as ReadRecord),
      value: record?.value?.subarray(0, -1) ?? null,
    });
    await copied('damaged', (records) => records.with(7, cut(records[7])));
    const { code, report, stderr } = await verify(...brokers('damaged'));
    expect(report).toMatchObject({ unaccounted: 1, damaged_records: 1 });
    expect(stderr).toMatch(/the record at offset \d+ of partition \d of \S*damaged is damaged: /);
    expect(code).toBe(1);
  });

  test('refuses what a later version wrote', async () => {
    const later = (record: ReadRecord | undefined): ReadRecord => ({
      ...(record as ReadRecord),
      headers: [['schema', Buffer.from('forkcast.v1.ProcessEvent/0123456789abcdef')]],
    });
    await copied('later', (records) => records.with(7, later(records[7])));
    const { code, stderr } = await runCommand(FORKCAST, ['verify', ...brokers('later')]);
    expect(stderr).toContain('has the schema forkcast.v1.ProcessEvent/0123456789abcdef, which this version does not know');
    expect(code).toBe(74);
  });

  test('does not know what was in the beginning of a partition that was removed, and says so', async () => {
    const gone = 123;
    await copied('headless', (records) => records);
    await admin.deleteRecords(topic('headless'), 2, gone);
    const { code, report, stderr } = await verify(...brokers('headless'));
    expect(report).toMatchObject({ ok: false, proven: true, unaccounted: 0, perhaps_removed: gone });
    expect(report).toMatchObject({ removed_before: [{ topic: topic('headless'), partition: 2, offset: gone }] });
    expect(stderr).toContain(`partition 2 of ${topic('headless')} begins at offset ${gone}`);
    expect(code).toBe(1);
    const { code: allowed, stdout } = await runCommand(FORKCAST, ['verify', ...brokers('headless'), '--allow-blind']);
    expect(stdout).toMatch(/removed\? +123 events missing, perhaps among the oldest records, which were removed/);
    expect(allowed).toBe(0);
  });

  test('misses what no removed beginning can have held', async () => {
    await copied('cut', (records) => records.toSpliced(records.length >> 1, 1));
    await admin.deleteRecords(topic('cut'), 2, 5);
    const { code, report } = await verify(...brokers('cut'), '--allow-blind');
    expect(report).toMatchObject({ ok: false, unaccounted: 1, perhaps_removed: 5 });
    expect(code).toBe(1);
  });

  /** Events of this machine: those that are made up begin at the same time in each run, which is not now. */
  async function liveConfig(folder: string, siem: object): Promise<string> {
    const path = join(folder, 'live.json');
    await writeFile(path, JSON.stringify({ agent: { checkpoint_interval: '500ms' }, sinks: { siem } }));
    return path;
  }

  async function checkpoints(name: string, count: number): Promise<void> {
    const there = async (): Promise<boolean> => (await admin.read(topic(`${name}-agent`))).length > count;
    await waitFor(there, { what: 'checkpoints', timeoutMs: 60_000, everyMs: 500 });
  }

  test('proves a run while it goes on', async () => {
    const folder = await tempDir();
    await topics('live');
    const file = await liveConfig(folder, sink('live'));
    const agent = new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] });
    await checkpoints('live', 5);
    const { code, report } = await verify('--kafka', '-c', file);
    expect(report).toMatchObject({ ok: true, unaccounted: 0, runs: [{ state: 'running', sink: 'siem', findings: [] }] });
    expect(report.runs[0]?.present).toBeGreaterThan(10);
    expect(code).toBe(0);
    expect((await agent.stop()).code).toBe(0);
    expect(await verify('--kafka', '-c', file)).toMatchObject({ code: 0, report: { ok: true, runs: [{ state: 'stopped' }] } });
  });

  test('proves with --allow-blind a run that was killed and the one after it', async () => {
    const folder = await tempDir();
    await topics('killed');
    const file = await liveConfig(folder, sink('killed', { framing: 'raw' }));
    const agent = new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] });
    await checkpoints('killed', 5);
    agent.child.kill('SIGKILL');
    await agent.ended;
    const next = new AgentProcess({ dir: folder, eyes: true, args: ['-c', file, '--duration', '3s'] });
    expect((await next.ended).code).toBe(0);
    const strict = await verify('--kafka', '-c', file);
    expect(strict.report).toMatchObject({ ok: false, proven: true, unaccounted: 0, runs: [{ state: 'killed' }, { state: 'stopped' }] });
    expect(strict.code).toBe(1);
    expect((await verify('--kafka', '-c', file, '--allow-blind')).code).toBe(0);
  });

  test('says that two sinks which write to one topic cannot be told apart', async () => {
    const folder = await tempDir();
    await topics('shared');
    const file = await configFile(folder, { one: sink('shared'), two: sink('shared') }, 2000);
    expect((await ran(file, folder)).code).toBe(0);
    const { code, report } = await verify('--kafka', '-c', file, '--sink', 'two');
    const texts = report.runs.flatMap(({ findings }) => findings.filter(({ fault }) => fault === 'mixed').map(({ text }) => text));
    expect(texts).toHaveLength(1);
    expect(texts[0]).toMatch(
      /of the sink (one, the others of two|two, the others of one): records of two sinks are mixed, .* give each a topic/,
    );
    expect(code).toBe(1);
  });

  test('reads the topics that a template stands for', async () => {
    const folder = await tempDir();
    for (const kind of ['fork', 'exec', 'exit', 'uid', 'gid', 'sid', 'ptrace', 'comm', 'coredump', 'snapshot'])
      await admin.createTopic(topic(`by-${kind}`));
    await admin.createTopic(topic('by-all-agent'));
    const file = await configFile(folder, { siem: sink('by-{kind}', { agent_topic: topic('by-all-agent') }) }, 2000);
    expect((await ran(file, folder)).code).toBe(0);
    const { code, report } = await verify('--kafka', '-c', file);
    expect(report).toMatchObject({ ok: true, unaccounted: 0, partitions: 11 });
    expect(code).toBe(0);
  });

  describe('says what is wrong where nothing can be read', () => {
    async function failed(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
      const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', ...args], { env: { ...process.env, ...env } });
      expect([code, stdout]).toEqual([69, '']);
      return stderr;
    }

    async function ownBroker(): Promise<Pick<OwnBroker, 'admin' | 'cluster'>> {
      const { cluster } = broker;
      if (cluster !== undefined) return { cluster, admin };
      const own = await startOwnBroker(WITH_ACCESS_LISTS);
      onTestFinished(() => own.close());
      return own;
    }

    test('a broker that is away', async () => {
      const [port] = await freePorts(1);
      expect(await failed(['--kafka', `127.0.0.1:${port}`, '--topic', 'events'])).toContain(`127.0.0.1:${port}`);
    });

    test('a topic that is not there', async () => {
      expect(await failed(brokers('nowhere'))).toMatch(/nowhere-agent\n.*Correct the name of the topic/);
    });

    test.skipIf(!canStartOwn)('a wrong password, and a right that is missing', async () => {
      const own = await ownBroker();
      await own.admin.createTopic('hidden');
      const login = {
        topic: 'hidden',
        brokers: own.cluster.listeners.saslPlaintext.split(','),
        sasl: { mechanism: 'scram-sha-512', username: AGENT.username, password: 'env:KAFKA_PASSWORD' },
      };
      const file = await configFile(await tempDir(), { siem: sink('hidden', login) });
      const withPassword = (text: string): Promise<string> => failed(['--kafka', '-c', file], { KAFKA_PASSWORD: text });
      expect(await withPassword('wrong')).toContain('Correct the user name, the password or the mechanism in sasl');
      expect(await withPassword(AGENT.password)).toContain('Allow this user to READ and DESCRIBE the topic');
    });
  });
});
