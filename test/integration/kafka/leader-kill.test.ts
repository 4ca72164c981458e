import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

describe.skipIf((await missingTools()) !== undefined)('three brokers, of which the leader of a busy partition is killed', () => {
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

  it.each(['platformatic', 'kafkajs'] as const)(
    'have every event once, by %s',
    async (name) => {
      const topic = `events-${name}`;
      await admin.createTopic(topic, { partitions: PARTITIONS, replicas: 3, configs: { 'min.insync.replicas': '2' } });
      const busy = partitionOf(Buffer.from('host-0'), PARTITIONS);
      const leader = (await admin.describe(topic))?.partitions[busy]?.leader ?? 0;
      const victim = cluster.brokers[leader - 1];
      const sink = await openSink(() => sinkBy(name, cluster.bootstrap, topic));

      const inSync = async (): Promise<boolean> =>
        (await admin.describe(topic))?.partitions.every((partition) => partition.inSync.length === 3) === true;
      const steps: [share: number, step: () => Promise<void>][] = [
        [0.25, async () => victim?.kill9()],
        [0.5, async () => victim?.resume()],
        [
          0.75,
          async () => {
            await waitFor(inSync, { what: 'all replicas in sync', timeoutMs: 60_000 });
            void admin.electPreferredLeaders(topic);
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
      const { possibleDuplicates } = sink.counters;
      await sink.close();

      const times = new Map<number, number>();
      const disorder: string[] = [];
      const last = new Map<string, number>();
      await admin.visit(topic, ({ value, key, partition }) => {
        const sequence = (value as Buffer).readDoubleBE(0);
        times.set(sequence, (times.get(sequence) ?? 0) + 1);
        if (partition !== partitionOf(key as Buffer, PARTITIONS)) disorder.push(`${sequence} in ${partition}`);
        if (sequence < (last.get(String(key)) ?? 0)) disorder.push(`${sequence} behind ${last.get(String(key))}`);
        last.set(String(key), sequence);
      });
      const lost = Array.from({ length: EVENTS }, (_, i) => i + 1).filter((sequence) => !times.has(sequence));
      const invented = [...times.keys()].filter((sequence) => !(sequence >= 1 && sequence <= EVENTS));
      const twice = [...times.values()].filter((count) => count > 1).length;
      console.log(name, {
        said: [...new Set(said)],
        retries: said.length,
        twice,
        possibleDuplicates,
        disorder: disorder.length,
        d: disorder.slice(0, 5),
      });
      expect({ lost, invented, disorder }).toEqual({ lost: [], invented: [], disorder: [] });
      expect(twice).toBeLessThanOrEqual(possibleDuplicates);
      // The leader's end must have been felt, or nothing was shown.
      expect(steps).toEqual([]);
    },
    RUN_MS,
  );
});
