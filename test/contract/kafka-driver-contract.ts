import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { KafkaDriver, PartitionRecords, Prepared } from '../../src/sink/kafka/driver.ts';
import { KafkaFault } from '../../src/sink/kafka/fault.ts';
import type { KafkaRecord } from '../../src/sink/kafka/record.ts';
import { COMPRESSIONS } from '../../src/sink/kafka/settings.ts';
import { createDriver, driverSettings } from '../helpers/kafka/driver-settings.ts';
import type { DriverName } from '../helpers/kafka/driver-settings.ts';
import type { OwnBroker, SingleBroker } from '../helpers/kafka/single-broker.ts';
import { runCommand } from '../helpers/run-command.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { record } from './records.ts';

const never = new AbortController().signal;
const ONE_RECORD_RUN = new URL('../helpers/kafka/one-record-run.ts', import.meta.url).pathname;
/** Brokers forget producers by the time of their records: a day after that, whatever the clock says. */
const NOW_US = Date.now() * 1000;
/** Shorter than it takes to start a broker. */
const SHORT_MS = 1000;
const envelope = {
  prefix: Buffer.from([0xc3, 0x01]),
  headers: [
    ['schema', 'forkcast.v1/ü'],
    ['host-id', 'h'],
  ],
  eventIdPrefix: 'run:',
} as const;

const recordOf = (sequence: number, size = 16): KafkaRecord => ({
  key: Buffer.from(`key-${sequence}`),
  envelope,
  event: { ...record(sequence, size), timeUs: NOW_US },
});
const target = (topic: string, partition: number, sequences: readonly number[]): PartitionRecords => ({
  topic,
  partition,
  records: sequences.map((sequence) => recordOf(sequence)),
});
const faultOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'nothing',
    (error: unknown) => (error instanceof KafkaFault ? error.fault : `not a fault: ${String(error)}`),
  );

/** What the tests of a driver have in common. `broker`: one that runs by the time of the tests. */
function bench(name: DriverName, broker: () => SingleBroker) {
  /** Again and again, as the delivery policy does: a broker that has just started, or a topic that was just made, takes nothing for a moment. */
  const patiently = (work: () => Promise<void>): Promise<true> =>
    waitFor(async () => (await work(), true), { what: 'the broker to take it', timeoutMs: 60_000, everyMs: 100 });

  return {
    topicOf: (what: string): string => broker().topic(`${name}-${what}`),

    async opened(options: Parameters<typeof driverSettings>[1] = {}): Promise<KafkaDriver> {
      const driver = createDriver(name, driverSettings(broker().bootstrap, options));
      onTestFinished(() => driver.close());
      await patiently(() => driver.open(never));
      return driver;
    },

    /** Sequences of a partition, in the order of its log. */
    async logOf(topic: string, partition = 0): Promise<number[]> {
      const found = (await broker().admin.read(topic)).filter((read) => read.partition === partition);
      return found.map(({ value }) => (value as Buffer).readDoubleBE(envelope.prefix.length));
    },

    /** The same again until it is acknowledged, as the sink does. */
    async deliver(driver: KafkaDriver, what: PartitionRecords | Prepared): Promise<void> {
      const prepared = 'records' in what ? driver.prepare(what) : what;
      await patiently(() => driver.send(prepared));
    },
  };
}

/** What every driver does with a real broker, whoever's it is. */
export function kafkaDriverContract(name: DriverName, broker: () => SingleBroker): void {
  const { topicOf, opened, logOf, deliver } = bench(name, broker);

  describe(`the driver ${name}`, () => {
    beforeAll(() => broker().admin.createTopic(topicOf('events'), { partitions: 3 }));

    it('knows how many partitions a topic has', async () => {
      const driver = await opened();
      expect(await driver.partitions(topicOf('events'), never)).toBe(3);
    });

    it('delivers all that Kafka is told about a record, to the partition that is named', async () => {
      const topic = topicOf('facts');
      await broker().admin.createTopic(topic, { partitions: 3 });
      const driver = await opened();
      const late = { ...recordOf(7), event: { ...record(7), timeUs: 1_700_000_000_123_999 } };
      const early = { ...recordOf(0, 40), key: Buffer.from([0, 255, 128]), event: { ...record(0, 40), timeUs: 1_600_000_000_000_000 } };
      await deliver(driver, { topic, partition: 1, records: [late, early] });
      const headers = envelope.headers.map(([key, text]) => [key, Buffer.from(text)]);
      expect(await broker().admin.read(topic)).toEqual([
        {
          partition: 1,
          offset: 0,
          timestamp: 1_700_000_000_123,
          key: late.key,
          value: Buffer.concat([envelope.prefix, late.event.bytes]),
          headers: [...headers, ['event-id', Buffer.from('run:7')]],
        },
        {
          partition: 1,
          offset: 1,
          timestamp: 1_600_000_000_000,
          key: early.key,
          value: Buffer.concat([envelope.prefix, early.event.bytes]),
          headers,
        },
      ]);
    });

    it('puts the present in place of old times when it is told to', async () => {
      const topic = topicOf('retimed');
      await broker().admin.createTopic(topic);
      const driver = await opened();
      await deliver(driver, driver.prepare(target(topic, 0, [1, 2]), 1_750_000_000_000));
      expect((await broker().admin.read(topic)).map(({ timestamp }) => timestamp)).toEqual([1_750_000_000_000, 1_750_000_000_000]);
    });

    it('keeps the order of a partition, however many others are sent to at once', async () => {
      const topic = topicOf('order');
      await broker().admin.createTopic(topic, { partitions: 3 });
      const driver = await opened();
      const to = async (partition: number): Promise<void> => {
        for (let first = 1; first <= 100; first += 20) {
          const sequences = Array.from({ length: 20 }, (_, i) => first + i);
          await deliver(driver, target(topic, partition, sequences));
        }
      };
      await Promise.all([0, 1, 2].map(to));
      const all = Array.from({ length: 100 }, (_, i) => i + 1);
      for (const partition of [0, 1, 2]) expect(await logOf(topic, partition)).toEqual(all);
    });

    it.each(COMPRESSIONS)('compresses by %s as brokers understand it', async (compression) => {
      const topic = topicOf(`by-${compression}`);
      await broker().admin.createTopic(topic);
      const driver = await opened({ compression });
      const records = [1, 2, 3].map((sequence) => recordOf(sequence, 4000));
      await deliver(driver, { topic, partition: 0, records });
      const read = await broker().admin.read(topic);
      expect(read.map(({ value }) => value)).toEqual(records.map(({ event }) => Buffer.concat([envelope.prefix, event.bytes])));
    });

    it('tells of a topic that is not there', async () => {
      const driver = await opened();
      expect(await faultOf(driver.partitions(topicOf('nowhere'), never))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(await faultOf(driver.send(driver.prepare(target(topicOf('nowhere'), 0, [1]))))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
      expect(await broker().admin.describe(topicOf('nowhere'))).toBeUndefined();
    });

    it('tells of a batch that is too large, and goes on with others', async () => {
      const topic = topicOf('small');
      await broker().admin.createTopic(topic, { configs: { 'max.message.bytes': '2000' } });
      const driver = await opened();
      await deliver(driver, target(topic, 0, [1]));
      expect(await faultOf(driver.send(driver.prepare({ topic, partition: 0, records: [recordOf(2, 5000)] })))).toBe('MESSAGE_TOO_LARGE');
      await deliver(driver, target(topic, 0, [3]));
      expect(await logOf(topic)).toEqual([1, 3]);
    });

    it('sends records again under a new identity when it is told to', async () => {
      const topic = topicOf('renewed');
      await broker().admin.createTopic(topic, { partitions: 2 });
      const driver = await opened();
      for (const partition of [0, 1]) await deliver(driver, target(topic, partition, [1, 2]));
      await driver.renew(target(topic, 0, [1, 2]));
      for (const partition of [0, 1]) await deliver(driver, target(topic, partition, [2, 3]));
      for (const partition of [0, 1]) await deliver(driver, target(topic, partition, [4]));
      expect([await logOf(topic, 0), await logOf(topic, 1)]).toEqual([
        [1, 2, 2, 3, 4],
        [1, 2, 2, 3, 4],
      ]);
    });

    it('keeps no process alive once it is closed', async () => {
      const args = [ONE_RECORD_RUN, name, broker().bootstrap, topicOf('events')];
      const { code, signal, stderr } = await runCommand(process.execPath, args, { timeout: 20_000 });
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    });
  });
}

/** What it does when the broker is away, or does not answer. */
export function kafkaDriverOutageContract(name: DriverName, broker: () => OwnBroker): void {
  const { topicOf, opened, logOf, deliver } = bench(name, broker);

  describe(`the driver ${name}, while its broker is away`, () => {
    it('has the broker recognise a batch whose acknowledgement was lost, even after a restart', async () => {
      const topic = topicOf('again');
      await broker().admin.createTopic(topic);
      const driver = await opened({ requestTimeoutMs: SHORT_MS });
      const { server } = broker();
      await deliver(driver, target(topic, 0, [1, 2]));
      const prepared = driver.prepare(target(topic, 0, [3, 4]));
      // It gets the request only when nobody waits for the answer any more.
      await server.freeze();
      const fault = await faultOf(driver.send(prepared));
      server.thaw();
      expect(['TIMEOUT', 'NETWORK']).toContain(fault);
      await waitFor(async () => (await logOf(topic)).length === 4, { what: 'the batch to be appended' });
      await server.kill9();
      await server.resume();
      await deliver(driver, prepared);
      await deliver(driver, target(topic, 0, [5]));
      expect(await logOf(topic)).toEqual([1, 2, 3, 4, 5]);
    });

    it('says in time that no broker answers, and finds it again by itself', async () => {
      const topic = topicOf('down');
      await broker().admin.createTopic(topic);
      const driver = await opened();
      const { server } = broker();
      await deliver(driver, target(topic, 0, [1]));
      await server.stop();
      const prepared = driver.prepare(target(topic, 0, [2]));
      expect(['TIMEOUT', 'NETWORK']).toContain(await faultOf(driver.send(prepared)));
      expect(['TIMEOUT', 'NETWORK']).toContain(await faultOf(createDriver(name, driverSettings(broker().bootstrap)).open(never)));
      await server.resume();
      await deliver(driver, prepared);
      expect(await logOf(topic)).toEqual([1, 2]);
    });

    it('rejects what it is asked when it is closed', async () => {
      await broker().admin.createTopic(topicOf('closed'));
      const driver = await opened();
      await deliver(driver, target(topicOf('closed'), 0, [1]));
      const { server } = broker();
      await server.freeze();
      const sent = faultOf(driver.send(driver.prepare(target(topicOf('closed'), 0, [2]))));
      await driver.close().finally(() => server.thaw());
      // It may have been taken nevertheless, and be told so.
      expect(['CLOSED', 'NETWORK', 'nothing']).toContain(await sent);
      expect(await faultOf(driver.send(driver.prepare(target(topicOf('closed'), 0, [3]))))).toBe('CLOSED');
    });
  });
}
