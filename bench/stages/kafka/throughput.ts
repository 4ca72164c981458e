import type { Compression } from '../../../src/sink/kafka/settings.ts';
import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';
import { brokerAddresses } from '../../kafka-broker.ts';
import { measureDrain } from '../../lane/drained.ts';
import { Meter } from '../../measurement.ts';
import type { Measurement } from '../../measurement.ts';
import { createSink } from './create-sink.ts';
import { withTopic } from './topic.ts';

/** As a sink of Kafka has them by default. */
const BOUNDS = { maxEvents: 5000, maxBytes: 4 * 2 ** 20, lingerMs: 5 };
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
export function measureThroughput({ driver, compression, partitions, bytes, far }: Load, seconds: number): Promise<Measurement> {
  const bootstrap = far ? brokerAddresses().far : brokerAddresses().near;
  return withTopic(partitions, (topic, admin) =>
    measureDrain({
      sink: createSink({ driver, compression, bootstrap, topic, spread: partitions > 1 }),
      bounds: BOUNDS,
      bytes,
      events: seconds * EVENTS_PER_SECOND,
      meter: new Meter(),
      missing: async (offered) => offered - (await admin.count(topic)),
    }),
  );
}
