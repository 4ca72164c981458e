import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';
import { ROUND_TRIP_MS } from '../../kafka-broker.ts';
import { RATE } from '../../lane/paced.ts';
import type { BenchCase } from '../../measurement.ts';
import { LINGER_MS, measureLatency } from './latency.ts';
import { peerCases } from './peers.ts';
import { measureThroughput } from './throughput.ts';
import type { Load } from './throughput.ts';

const RECORD_BYTES = 215;
const sizes = [RECORD_BYTES, undefined];
const compressions = ['none', 'zstd'] as const;

const loads = (partitions: 1 | 6, away: boolean): Load[] =>
  sizes.flatMap((bytes) => compressions.map((compression) => ({ driver: 'platformatic', compression, partitions, bytes, far: away })));
const other: Load[] = compressions.map((compression) => ({
  driver: 'kafkajs',
  compression,
  partitions: 1,
  bytes: RECORD_BYTES,
  far: false,
}));

/** Disk spool → Kafka, acknowledged by all replicas, of one broker on this machine; and what others need for the like. */
export const kafkaCases: readonly BenchCase[] = [
  ...[...loads(1, false), ...loads(6, false), ...loads(1, true), ...other].map(throughput),
  ...(['platformatic', 'kafkajs'] as const).map(latency),
  ...peerCases(RECORD_BYTES),
];

function throughput(load: Load): BenchCase {
  const size = load.bytes === undefined ? 'live size' : `${load.bytes} B`;
  const spread = load.partitions === 1 ? 'one partition' : `${load.partitions} partitions`;
  return {
    stage: 'kafka',
    name: `${load.driver}, ${load.compression}, ${size}, ${spread}${load.far ? `, ${ROUND_TRIP_MS} ms away` : ''}`,
    measure: (seconds) => measureThroughput(load, seconds),
  };
}

function latency(driver: DriverName): BenchCase {
  return {
    stage: 'kafka',
    name: `${driver}, ${RATE.toLocaleString('en-GB')}/s, linger ${LINGER_MS} ms`,
    measure: (seconds) => measureLatency(driver, seconds),
  };
}
