import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Compression } from '../../../src/sink/kafka/settings.ts';
import type { KafkaAdmin } from '../../../test/helpers/kafka/admin.ts';
import { kafkaFiles } from '../../../test/helpers/kafka/jars.ts';
import { batchesOf } from '../../corpus/record-batches.ts';
import { brokerAddresses } from '../../kafka-broker.ts';
import type { BenchCase, Measurement } from '../../measurement.ts';
import { withTopic } from './topic.ts';

const run = promisify(execFile);
const SOURCE = join(import.meta.dirname, '../../peers/rdkafka.c');
const EVENTS_PER_SECOND = 500_000;
const COMPRESSIONS = ['none', 'zstd'] as const;

interface Produced {
  readonly seconds: number;
  readonly cpuUs: number;
  readonly rssMiB?: number;
}

/** The same number of records of `bytes` by the clients of others, idempotent, acknowledged by all replicas, to one partition. */
export function peerCases(bytes: number): readonly BenchCase[] {
  const peer = (name: string, produce: (topic: string, events: number) => Promise<Produced>): BenchCase => ({
    stage: 'kafka',
    name: `${name}, ${bytes} B, one partition`,
    measure: (seconds) => measure(Math.round(seconds * EVENTS_PER_SECOND), produce),
  });
  return [
    ...COMPRESSIONS.map((compression) =>
      peer(`librdkafka, ${compression}`, (...what) => rdkafka({ bytes, compression, headers: false }, ...what)),
    ),
    ...COMPRESSIONS.map((compression) =>
      peer(`librdkafka with our headers, ${compression}`, (...what) => rdkafka({ bytes, compression, headers: true }, ...what)),
    ),
    ...COMPRESSIONS.map((compression) => peer(`Java, ${compression}`, (...what) => java({ bytes, compression }, ...what))),
  ];
}

function measure(events: number, produce: (topic: string, events: number) => Promise<Produced>): Promise<Measurement> {
  return withTopic(1, async (topic, admin: KafkaAdmin) => {
    const { seconds, cpuUs, rssMiB } = await produce(topic, events);
    return {
      eventsPerSecond: events / seconds,
      cpuUsPerEvent: cpuUs / events,
      ...(rssMiB === undefined ? {} : { rssMiB }),
      extra: { events, missing: events - (await admin.count(topic)) },
    };
  });
}

interface Shape {
  readonly bytes: number;
  readonly compression: Compression;
}

/** librdkafka, by 60 lines of C. Rejects where its headers are not installed (Debian: librdkafka-dev). */
async function rdkafka({ bytes, compression, headers }: Shape & { headers: boolean }, topic: string, events: number): Promise<Produced> {
  const folder = await mkdtemp(join(tmpdir(), 'forkcast-bench-'));
  try {
    const [program, records] = [join(folder, 'rdkafka'), join(folder, 'records')];
    await run(process.env['CC'] ?? 'cc', ['-O2', '-o', program, SOURCE, '-lrdkafka']);
    const lengths = Buffer.alloc(4);
    lengths.writeUInt32LE(bytes);
    await writeFile(
      records,
      batchesOf({ perBatch: 512, bytes }).flatMap(({ items }) => items.flatMap((item) => [lengths, item.bytes])),
    );
    const { stdout } = await run(program, [brokerAddresses().near, topic, records, String(events), compression, headers ? '1' : '0']);
    const { seconds, cpuUs, rssKiB } = JSON.parse(stdout) as { seconds: number; cpuUs: number; rssKiB: number };
    return { seconds, cpuUs, rssMiB: rssKiB / 1024 };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The producer of Apache Kafka, by its own measuring program, whose records are random letters; its warming up is part of what it takes. */
async function java({ bytes, compression }: Shape, topic: string, events: number): Promise<Produced> {
  const { classPath } = await kafkaFiles();
  const producer = [
    `bootstrap.servers=${brokerAddresses().near}`,
    'acks=all',
    'enable.idempotence=true',
    'linger.ms=5',
    'batch.size=921600',
    'buffer.memory=134217728',
    `compression.type=${compression}`,
  ];
  const performance = ['org.apache.kafka.tools.ProducerPerformance', '--topic', topic, '--num-records', String(events)];
  const options = ['--record-size', String(bytes), '--throughput', '-1', '--command-property', ...producer];
  const command = ['java', '-Xmx512m', '-cp', classPath, ...performance, ...options];
  // The shell says what its child has used.
  const { stdout } = await run('sh', ['-c', '"$@" || exit; times', 'sh', ...command]);
  const rate = Number(/, ([\d.]+) records\/sec[^\n]*99th/.exec(stdout)?.[1]);
  const [user, system] = [...(stdout.trimEnd().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, m, s]) => Number(m) * 60 + Number(s),
  );
  if (!(rate > 0) || user === undefined || system === undefined) throw new Error(`ProducerPerformance said: ${stdout.slice(-300)}`);
  return { seconds: events / rate, cpuUs: (user + system) * 1e6 };
}
