import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import type { DriverName } from '../../helpers/kafka/driver-settings.ts';
import { EventTally } from '../../helpers/kafka/event-tally.ts';
import { lastOf, stopWhole } from '../../helpers/whole-run.ts';
import { lastSpooled } from '../../helpers/last-spooled.ts';
import { NOTHING_ASTRAY } from '../../helpers/run-tally.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { TopicFlow } from '../../helpers/kafka/topic-flow.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** By `npm run campaign:kafka` in full, and by both drivers. */
const IS_CAMPAIGN = process.env['FORKCAST_CAMPAIGN'] !== undefined;
const EVENTS = IS_CAMPAIGN ? 300_000 : 60_000;
const EVENTS_PER_SECOND = IS_CAMPAIGN ? 10_000 : 3000;
const OUTAGE_MS = IS_CAMPAIGN ? 30_000 : 5000;
const DRIVERS: readonly DriverName[] = IS_CAMPAIGN ? ['platformatic', 'kafkajs'] : ['platformatic'];

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const RUN_MS = (IS_CAMPAIGN ? 10 : 4) * 60_000;
const PATIENCE_MS = 120_000;
const PARTITIONS = 6;
/** Smaller than the default: what comes twice when the agent is killed shows sooner whether it is more than was in flight. */
const BATCH = 500;

function figures(found: object): void {
  if (IS_CAMPAIGN) console.log(found);
}

describe.skipIf((await missingTools()) !== undefined)('an agent that sends to three brokers', () => {
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

  interface Scene {
    readonly topic: string;
    readonly config: string;
    readonly spool: string;
    readonly flow: TopicFlow;
    /** Starts the agent, with the data that it had. */
    start(): AgentProcess;
  }

  /** Topics with three replicas of which two have to be there, and an agent that makes up events until it is stopped. */
  async function scene(topic: string, driver: DriverName): Promise<Scene> {
    const dir = await tempDir();
    const copies = { replicas: 3, configs: { 'min.insync.replicas': '2' } };
    await admin.createTopic(topic, { partitions: PARTITIONS, ...copies });
    await admin.createTopic(`${topic}-agent`, copies);
    const siem = { type: 'kafka', brokers: cluster.bootstrap.split(','), topic, driver, key: 'entity_id', queue: { type: 'disk' } };
    const config = join(dir, 'forkcast.json');
    const source = { type: 'synthetic', threads: true, synthetic: { rate: EVENTS_PER_SECOND } };
    const agent = { checkpoint_interval: '500ms', shutdown_timeout: '2m' };
    await writeFile(config, JSON.stringify({ agent, source, sinks: { siem: { ...siem, batch: { max_events: BATCH } } } }));
    const flow = new TopicFlow(admin, topic);
    onTestFinished(() => flow.end());
    const start = (): AgentProcess => new AgentProcess({ dir, eyes: true, args: ['-c', config] });
    return { topic, config, spool: join(dir, 'data/state/spool/siem'), flow, start };
  }

  /** Says that its sink fails: the fault was felt, or nothing was shown. */
  const feels = (agent: AgentProcess): Promise<unknown> =>
    waitFor(() => agent.stderr.includes('SINK_UNREACHABLE'), { what: () => `a fault; it said: ${agent.stderr}`, timeoutMs: PATIENCE_MS });

  async function tallyOf(topic: string): Promise<EventTally> {
    const tally = new EventTally();
    await admin.visit(topic, (record) => tally.add(record, PARTITIONS));
    await admin.visit(`${topic}-agent`, (record) => tally.add(record, 1));
    return tally;
  }

  it.each(DRIVERS)(
    'loses nothing and repeats nothing when the leader of a busy partition is killed, by %s',
    async (driver) => {
      const { topic, config, flow, start } = await scene(`leader-${driver}`, driver);
      const agent = start();
      await flow.reaches(EVENTS / 10);
      const busiest = flow.ends.indexOf(Math.max(...flow.ends));
      const leader = (await admin.describe(topic))?.partitions[busiest]?.leader ?? 0;
      await cluster.brokers[leader - 1]?.kill9();
      await feels(agent);
      await flow.grows();
      await cluster.brokers[leader - 1]?.resume();
      const areInSync = async (): Promise<boolean> =>
        (await admin.describe(topic))?.partitions.every(({ inSync }) => inSync.length === 3) === true;
      await waitFor(areInSync, { what: 'all replicas in sync', timeoutMs: PATIENCE_MS, everyMs: 100 });
      await admin.electPreferredLeaders(topic);
      await flow.grows();
      const preferred = (await admin.describe(topic))?.partitions ?? [];
      expect(preferred.map((partition) => partition.leader)).toEqual(preferred.map(({ replicas }) => replicas[0]));
      await flow.reaches(EVENTS);
      const record = await stopWhole(agent);
      await flow.end();

      const tally = await tallyOf(topic);
      figures({ driver, events: lastOf(record), stallMs: flow.longestStallMs, again: tally.again });
      expect([...tally.runs.keys()]).toEqual([record.agent_id]);
      expect(tally.compare(record.agent_id, lastOf(record))).toEqual(NOTHING_ASTRAY);
      expect({ again: tally.again, astray: tally.astray }).toEqual({ again: [], astray: [] });
      const { code, report } = await verify('--kafka', '-c', config);
      expect(report).toMatchObject({ ok: true, unaccounted: 0, unproven_tail: 0, blind: [], damaged_records: 0, foreign_records: {} });
      expect(report.runs).toMatchObject([{ state: 'stopped', findings: [], duplicates: 0, expected: lastOf(record) }]);
      expect(code).toBe(0);
    },
    RUN_MS,
  );

  it.each(DRIVERS)(
    'loses nothing when all brokers are killed, and the agent itself while they are away, by %s',
    async (driver) => {
      const { topic, config, spool, flow, start } = await scene(`all-${driver}`, driver);
      const first = start();
      await flow.reaches(EVENTS / 10);
      await Promise.all(cluster.brokers.map((broker) => broker.kill9()));
      const since = performance.now();
      const away = (share: number): Promise<unknown> =>
        waitFor(() => performance.now() - since >= share * OUTAGE_MS, { what: 'the outage to pass', timeoutMs: 2 * OUTAGE_MS });
      await feels(first);
      await away(0.5);
      first.child.kill('SIGKILL');
      await first.ended;
      const accepted = await lastSpooled(spool);
      const second = start();
      await away(1);
      await feels(second);
      await Promise.all(cluster.brokers.map((broker) => broker.resume()));
      await flow.grows();
      await flow.reaches(EVENTS);
      const record = await stopWhole(second);
      await flow.end();

      const tally = await tallyOf(topic);
      figures({ driver, events: [...accepted.values(), lastOf(record)], stallMs: flow.longestStallMs, again: tally.again });
      const [killed = ''] = accepted.keys();
      expect([...tally.runs.keys()].toSorted()).toEqual([killed, record.agent_id].toSorted());
      expect(tally.compare(killed, accepted.get(killed) ?? 0)).toEqual(NOTHING_ASTRAY);
      expect(tally.compare(record.agent_id, lastOf(record))).toEqual(NOTHING_ASTRAY);
      expect(tally.astray).toEqual([]);
      // A new start does not know what was acknowledged of batches that were not acknowledged whole.
      expect(Math.max(0, ...tally.again)).toBeLessThanOrEqual(BATCH);
      const { code, report } = await verify('--kafka', '-c', config, '--allow-blind');
      expect(report).toMatchObject({ ok: true, unaccounted: 0, damaged_records: 0, foreign_records: {} });
      expect(report.runs).toMatchObject([
        { state: 'killed', findings: [] },
        { state: 'stopped', findings: [], expected: lastOf(record) },
      ]);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
