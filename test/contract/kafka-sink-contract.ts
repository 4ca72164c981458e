import { createHash } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Encoded } from '../../src/core/encoded.ts';
import { uuidBytes } from '../../src/core/uuid.ts';
import { compileBrokers } from '../../src/sink/kafka/brokers-setting.ts';
import { createKafkaSink } from '../../src/sink/kafka/create.ts';
import type { KafkaSink } from '../../src/sink/kafka/kafka-sink.ts';
import type { DriverName } from '../helpers/kafka/driver-settings.ts';
import { openSink } from '../helpers/kafka/open-sink.ts';
import type { OwnBroker, SingleBroker } from '../helpers/kafka/single-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { batch, batchOf, record } from './records.ts';

const never = new AbortController().signal;
const schemas = {
  process: { stream: 'process', fullName: 'forkcast.v1.ProcessEvent', fingerprint: '0102030405060708', text: '{}' },
  agent: { stream: 'agent', fullName: 'forkcast.v1.AgentEvent', fingerprint: '1112131415161718', text: '{}' },
} as const;

/** What the tests of the sink have in common. */
function bench(driver: DriverName, broker: () => SingleBroker) {
  const topicOf = (what: string): string => broker().topic(`sink-${driver}-${what}`);

  async function opened(topic: string, keyOf?: (event: Encoded) => Uint8Array): Promise<KafkaSink> {
    const { bootstrap } = broker();
    const settings = {
      brokers: compileBrokers(bootstrap.split(',')),
      topic,
      agentTopic: `${topic}-agent`,
      key: 'host_id',
      format: 'avro',
      framing: 'single_object',
      compression: 'zstd',
      driver,
      clientId: 'test',
      connectTimeoutMs: 5000,
      requestTimeoutMs: 30_000,
      tls: null,
      sasl: null,
    } as const;
    const deps = {
      id: 'kafka',
      agentId: uuidBytes('01970000-0000-7000-8000-00000000000a'),
      hostId: uuidBytes('01970000-0000-7000-8000-00000000000b'),
      hostname: 'host',
      schemas,
      view: undefined,
      keyOf,
      readSecret: () => Buffer.alloc(0),
      registryFolder: '/nonexistent',
      log: { info: () => undefined, warn: () => undefined },
    };
    const sink = await openSink(() => createKafkaSink(settings, deps));
    onTestFinished(() => sink.close());
    return sink;
  }

  async function logOf(topic: string): Promise<number[]> {
    return (await broker().admin.read(topic)).map(({ value }) => (value as Buffer).readDoubleBE(10));
  }

  return { topicOf, opened, logOf };
}

/** What the sink does with a real broker, by every driver. */
export function kafkaSinkContract(driver: DriverName, broker: () => SingleBroker): void {
  const { topicOf, opened, logOf } = bench(driver, broker);

  describe(`a Kafka sink by ${driver}`, () => {
    it('writes events and what the agent says about itself to topics of their own', async () => {
      const topic = topicOf('both');
      await broker().admin.createTopic(topic);
      await broker().admin.createTopic(`${topic}-agent`);
      const sink = await opened(topic);
      await sink.write(batchOf(record(1), record(2, 16, 'agent'), record(3)), never);
      expect([await logOf(topic), await logOf(`${topic}-agent`)]).toEqual([[1, 3], [2]]);
    });

    it('keeps what it has for a topic that is not there, and delivers it once there is one', async () => {
      const topic = topicOf('later');
      const sink = await opened(topic);
      const events = batch(1, 3);
      await expect(sink.write(events, never)).rejects.toMatchObject({
        code: 'SINK_REFUSED',
        message: expect.stringContaining(topic) as string,
        fix: expect.stringContaining('Create the topic') as string,
      });
      await broker().admin.createTopic(topic);
      await sink.write(events, never);
      expect(await logOf(topic)).toEqual([1, 2, 3]);
    });

    it('refuses what is too large for the broker, and delivers what is beside it', async () => {
      const topic = topicOf('oversize');
      await broker().admin.createTopic(topic, { configs: { 'max.message.bytes': '2000' } });
      const sink = await opened(topic);
      // What no compression makes smaller.
      const noise = createHash('shake256', { outputLength: 5000 }).update('noise').digest();
      const large: Encoded = { ...record(3), bytes: Buffer.concat([record(3).bytes, noise]) };
      const events = batchOf(record(1), record(2), large, ...batch(4, 60).items);
      await expect(sink.write(events, never)).rejects.toMatchObject({
        code: 'RECORD_REJECTED',
        context: { rejected: [2], landed: 59 },
      });
      expect(await logOf(topic)).toEqual([1, 2, ...Array.from({ length: 57 }, (_, i) => i + 4)]);
    });

    it('goes on where a topic is made anew with fewer partitions', async () => {
      const topic = topicOf('anew');
      const { admin } = broker();
      await admin.createTopic(topic, { partitions: 6 });
      const sink = await opened(topic, ({ sequence }) => Buffer.from(`entity-${sequence}`));
      await sink.write(batch(1, 100), never);
      await admin.deleteTopic(topic);
      const events = batch(101, 200);
      await expect(sink.write(events, never)).rejects.toMatchObject({ code: expect.stringMatching(/^SINK_/) as string });
      await admin.createTopic(topic, { partitions: 2 });
      await waitFor(async () => (await sink.write(events, never), true), { what: 'delivery', timeoutMs: 60_000, everyMs: 200 });
      await sink.write(batch(201, 300), never);
      const found = await logOf(topic);
      expect(found.toSorted((a, b) => a - b)).toEqual(batch(101, 300).items.map(({ sequence }) => sequence));
      // kafkajs does not say that it sent nothing.
      expect(sink.counters.possibleDuplicates).toBeLessThanOrEqual(driver === 'kafkajs' ? 100 : 0);
    });

    it('sends thousands of keys to their partitions', async () => {
      const topic = topicOf('keys');
      await broker().admin.createTopic(topic, { partitions: 6 });
      const sink = await opened(topic, ({ sequence }) => Buffer.from(`entity-${sequence}`));
      await sink.write(batch(1, 3000), never);
      const found = await logOf(topic);
      expect(found.toSorted((a, b) => a - b)).toEqual(batch(1, 3000).items.map(({ sequence }) => sequence));
    });
  });
}

export function kafkaSinkOutageContract(driver: DriverName, broker: () => OwnBroker): void {
  const { topicOf, opened, logOf } = bench(driver, broker);

  describe(`a Kafka sink by ${driver}, while its broker is away`, () => {
    it('says that the broker is gone, and delivers when it is back', async () => {
      const topic = topicOf('gone');
      await broker().admin.createTopic(topic);
      const sink = await opened(topic);
      await sink.write(batch(1, 3), never);
      const { server } = broker();
      await server.stop();
      const events = batch(4, 6);
      await expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
      await server.resume();
      await waitFor(async () => (await sink.write(events, never), true), { what: 'delivery', timeoutMs: 60_000, everyMs: 200 });
      expect(await logOf(topic)).toEqual([1, 2, 3, 4, 5, 6]);
    });
  });
}
