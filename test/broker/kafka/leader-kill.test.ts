import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { asAgentError } from '../../../src/core/errors.ts';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { KafkaSink, MAX_IN_FLIGHT } from '../../../src/sink/kafka/kafka-sink.ts';
import { partitionOf } from '../../../src/sink/kafka/protocol/murmur2.ts';
import { Splitter } from '../../../src/sink/kafka/splitter.ts';
import { batch } from '../../contract/records.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { createDriver, driverSettings } from '../../helpers/kafka/driver-settings.ts';
import type { DriverName } from '../../helpers/kafka/driver-settings.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { openSink } from '../../helpers/kafka/open-sink.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const RUN_MS = 3 * 60_000;
const EVENTS = 60_000;
const BATCH = 150;
const HOSTS = 12;
const PARTITIONS = 6;
const RETRY_MS = 100;
/** Between batches: so that they flow all the while. */
const PACE_MS = 10;
const DRIVERS = ['platformatic', 'kafkajs'] as const;
const never = new AbortController().signal;
const envelope = { prefix: new Uint8Array(0), headers: [], eventIdPrefix: 'a:' };

/** Several hosts, whose events take turns. */
function sinkBy(name: DriverName, bootstrap: string, topic: string): KafkaSink {
  const addresses = Array.from({ length: HOSTS }, (_, i) => ({ topic, key: Buffer.from(`host-${i}`), envelope }));
  return new KafkaSink({
    id: 'kafka',
    loadDriver: () => Promise.resolve(createDriver(name, driverSettings(bootstrap, { compression: 'zstd' }))),
    splitter: new Splitter(({ sequence }) => addresses[sequence % HOSTS] as (typeof addresses)[number]),
  });
}

/** As the courier does: what only time can help is written again until it is taken. Resolves with what the sink said meanwhile. */
async function deliver(sink: KafkaSink, events: Batch<Encoded>): Promise<string[]> {
  const said: string[] = [];
  for (;;) {
    try {
      await sink.write(events, never);
      return said;
    } catch (thrown) {
      const error = asAgentError(thrown);
      if (error.retry !== 'backoff') throw error;
      said.push(`${error.code} ${String(error.context['fault'])}`);
      await sleep(RETRY_MS);
    }
  }
}

/** All batches in turn, as many at once as the sink takes; `at` is called with the share that has been handed over, and waited for. */
async function flow(sink: KafkaSink, at: (share: number) => Promise<void> | void): Promise<string[]> {
  const said: string[] = [];
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= EVENTS) {
      const first = next;
      next += BATCH;
      await at(first / EVENTS);
      said.push(...(await deliver(sink, batch(first, Math.min(EVENTS, first + BATCH - 1), 200))));
      await sleep(PACE_MS);
    }
  };
  await Promise.all(Array.from({ length: MAX_IN_FLIGHT }, lane));
  return said;
}

describe.skipIf((await missingTools()) !== undefined)('three brokers', () => {
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

  it.each(DRIVERS)(
    'have every event once and in order although the leader of a busy partition is killed, by %s',
    async (name) => {
      const topic = `events-${name}`;
      await admin.createTopic(topic, { partitions: PARTITIONS, replicas: 3, configs: { 'min.insync.replicas': '2' } });
      const busy = partitionOf(Buffer.from('host-0'), PARTITIONS);
      const leader = (await admin.describe(topic))?.partitions[busy]?.leader ?? 0;
      const victim = cluster.brokers[leader - 1];
      const sink = await openSink(() => sinkBy(name, cluster.bootstrap, topic));

      const inSync = async (): Promise<boolean> =>
        (await admin.describe(topic))?.partitions.every((partition) => partition.inSync.length === 3) === true;
      let elected: Promise<void> | undefined;
      const steps: [share: number, step: () => Promise<void>][] = [
        [0.25, async () => victim?.kill9()],
        [0.5, async () => victim?.resume()],
        [
          0.75,
          async () => {
            await waitFor(inSync, { what: 'all replicas in sync', timeoutMs: 60_000 });
            elected = admin.electPreferredLeaders(topic);
          },
        ],
      ];
      let step = Promise.resolve();
      const said = await flow(sink, (share) => {
        if (steps[0] !== undefined && share >= steps[0][0]) {
          const [[, run]] = steps.splice(0, 1) as [[number, () => Promise<void>]];
          step = step.then(run);
        }
        // The last quarter flows while leaders move back.
        return share >= 0.75 ? step : undefined;
      });
      await step;
      await elected;
      const { possibleDuplicates } = sink.counters;
      await sink.close();

      const times = new Map<number, number>();
      const astray: string[] = [];
      const latest = new Map<number, number>();
      const overtaken: string[] = [];
      await admin.visit(topic, ({ value, key, partition }) => {
        const sequence = (value as Buffer).readDoubleBE(0);
        const isFirst = !times.has(sequence);
        times.set(sequence, (times.get(sequence) ?? 0) + 1);
        const before = latest.get(partition) ?? 0;
        if (isFirst && sequence < before) overtaken.push(`${sequence} by ${before}`);
        latest.set(partition, Math.max(before, sequence));
        if (partition !== partitionOf(key as Buffer, PARTITIONS)) astray.push(`${sequence} in ${partition}`);
      });
      const lost = Array.from({ length: EVENTS }, (_, i) => i + 1).filter((sequence) => !times.has(sequence));
      const invented = [...times.keys()].filter((sequence) => !(sequence >= 1 && sequence <= EVENTS));
      const twice = [...times.values()].filter((count) => count > 1).length;
      expect({ lost, invented, astray, overtaken }).toEqual({ lost: [], invented: [], astray: [], overtaken: [] });
      expect(twice).toBeLessThanOrEqual(possibleDuplicates);
      // The leader's end must have been felt, or nothing was shown.
      expect(said).not.toEqual([]);
      expect(steps).toEqual([]);
    },
    RUN_MS,
  );

  it.each(DRIVERS)(
    'take what they refused for want of replicas, although as many records have gone before it, by %s',
    async (name) => {
      const topic = `too-few-${name}`;
      await admin.createTopic(topic, { assignments: [[1, 2]], configs: { 'min.insync.replicas': '2' } });
      const driver = createDriver(name, driverSettings(cluster.bootstrap));
      onTestFinished(() => driver.close());
      const prepared = (from: number, to: number) =>
        driver.prepare({
          topic,
          partition: 0,
          records: batch(from, to).items.map((event) => ({ key: Buffer.from('k'), envelope, event })),
        });
      const patiently = (work: () => Promise<void>) =>
        waitFor(async () => (await work(), true), { what: 'the brokers to take it', timeoutMs: 60_000, everyMs: 100 });
      await patiently(() => driver.open(never));
      const former = prepared(1, 2);
      await patiently(() => driver.send(former));

      await cluster.brokers[1]?.stop();
      onTestFinished(() => cluster.brokers[1]?.resume());
      const isAlone = async (): Promise<boolean> => (await admin.describe(topic))?.partitions[0]?.inSync.length === 1;
      await waitFor(isAlone, { what: 'the leader to be alone', timeoutMs: 60_000 });
      const refused = prepared(3, 4);
      await expect(driver.send(refused)).rejects.toMatchObject({ fault: 'NOT_ENOUGH_REPLICAS' });
      await admin.configureTopic(topic, { 'min.insync.replicas': '1' });
      for (const next of [prepared(5, 6), refused, prepared(7, 8)]) await patiently(() => driver.send(next));
      const sequences = (await admin.read(topic)).map(({ value }) => (value as Buffer).readDoubleBE(0));
      expect(sequences).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
    },
    RUN_MS,
  );
});
