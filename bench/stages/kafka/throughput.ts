import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import type { Spool } from '../../../src/queue/spool/spool.ts';
import type { Compression } from '../../../src/sink/kafka/settings.ts';
import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';
import { batchesOf } from '../../corpus/record-batches.ts';
import { brokerAddresses } from '../../kafka-broker.ts';
import { Meter } from '../../measurement.ts';
import type { Measurement } from '../../measurement.ts';
import { SpoolPlace } from '../../spool-place.ts';
import { createSink, deliver } from './lane.ts';
import { withTopic } from './topic.ts';

/** As a sink of Kafka has them by default. */
const BOUNDS = { maxEvents: 5000, maxBytes: 4 * 2 ** 20, lingerMs: 5 };
/** As the source reads them at full speed. */
const PER_BATCH = 512;
/** Events that are delivered before it counts: code is compiled, connections are there. */
const WARM_EVENTS = 300_000;
/** What there is to deliver for each second that a run is to take. */
const EVENTS_PER_SECOND = 500_000;

export interface Load {
  readonly driver: DriverName;
  readonly compression: Compression;
  readonly partitions: 1 | 6;
  /** Of a record; undefined: as encoded. */
  readonly bytes: number | undefined;
  readonly far: boolean;
}

/** From the disk spool, which is full, until all replicas have it. */
export function measureThroughput(load: Load, seconds: number): Promise<Measurement> {
  const { partitions, bytes } = load;
  return withTopic(partitions, async (topic, admin) => {
    const place = new SpoolPlace();
    try {
      const spool = await place.open();
      const batches = batchesOf({ perBatch: PER_BATCH, ...(bytes === undefined ? {} : { bytes }) });
      const offered = await fill(spool, batches, WARM_EVENTS + seconds * EVENTS_PER_SECOND);
      const meter = await drain(spool, load, topic);
      await spool.close();
      const [size, count] = batches.reduce(([all, of], batch) => [all + batch.bytes, of + batch.items.length], [0, 0]);
      return meter.result({ 'B/event': size / count, events: meter.events, missing: offered - (await admin.count(topic)) });
    } finally {
      place.remove();
    }
  });
}

async function fill(spool: Spool, batches: readonly Batch<Encoded>[], events: number): Promise<number> {
  let offered = 0;
  for (let i = 0; offered < events; i += 1) {
    const batch = batches[i % batches.length] as Batch<Encoded>;
    if (!spool.offer(batch)) throw new Error('the spool is full');
    offered += batch.items.length;
  }
  await spool.synced();
  return offered;
}

/** What was delivered once all was warm. */
async function drain(spool: Spool, { driver, compression, partitions, far }: Load, topic: string): Promise<Meter> {
  const meter = new Meter();
  let [acknowledged, warm] = [0, 0];
  const bootstrap = far ? brokerAddresses().far : brokerAddresses().near;
  const sink = createSink({ driver, compression, bootstrap, topic, spread: partitions > 1 }, ({ items }) => {
    acknowledged += items.length;
    if (warm > 0 || acknowledged < WARM_EVENTS) return;
    warm = acknowledged;
    meter.start();
  });
  await sink.open(new AbortController().signal);
  spool.end();
  await deliver(spool, sink, BOUNDS);
  meter.stop(acknowledged - warm);
  await sink.close();
  return meter;
}
