import type { Batch } from '../../../src/core/batch.ts';
import type { Sink } from '../../../src/core/component.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { openLedger } from '../../../src/core/ledger.ts';
import { DeliveryStage } from '../../../src/pipeline/delivery.ts';
import type { BatchBounds } from '../../../src/pipeline/delivery/policy.ts';
import { DEFAULT_POLICY } from '../../../src/pipeline/delivery/policy.ts';
import type { Spool } from '../../../src/queue/spool/spool.ts';
import { createAddressOf } from '../../../src/sink/kafka/addresses.ts';
import { createContentOf } from '../../../src/sink/framing/contents.ts';
import { KafkaSink } from '../../../src/sink/kafka/kafka-sink.ts';
import type { Compression } from '../../../src/sink/kafka/settings.ts';
import { Splitter } from '../../../src/sink/kafka/splitter.ts';
import { TopicTemplate } from '../../../src/sink/kafka/topic-template.ts';
import { createDriver, driverSettings } from '../../../test/helpers/kafka/driver-settings.ts';
import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';

const HOST_ID = '5f3b1c9e-0d62-4c7e-9f0a-2a64f6a3d1b7';
const SCHEMA = { stream: 'process', fullName: 'forkcast.v1.ProcessEvent', fingerprint: '0123456789abcdef', text: '' } as const;
/** Of events that are spread over partitions: as many as there are processes at work on a busy host. */
const KEYS = Array.from({ length: 997 }, (_, i) => Buffer.from(`${HOST_ID.slice(0, -4)}${String(i).padStart(4, '0')}`));

export interface SinkShape {
  readonly driver: DriverName;
  readonly compression: Compression;
  /** host:port of a broker. */
  readonly bootstrap: string;
  readonly topic: string;
  /** Whether records have keys of their own, as with `key: entity_id`, rather than that of the host. */
  readonly spread: boolean;
}

export type Acknowledged = (batch: Batch<Encoded>) => void;

/** The sink of an agent, with all that goes into its records; `acknowledged` is told of each batch that all replicas have. Not opened yet. */
export function createSink({ driver, compression, bootstrap, topic, spread }: SinkShape, acknowledged: Acknowledged): Sink {
  const closing = new AbortController();
  const template = new TopicTemplate(topic);
  const addressOf = createAddressOf({
    topics: { process: template, agent: template },
    values: { host_id: HOST_ID, hostname: 'bench' },
    agentId: Buffer.alloc(16, 1),
    hostKey: Buffer.from(HOST_ID),
    keyOf: spread ? ({ sequence }) => KEYS[sequence % KEYS.length] : undefined,
    contentOf: createContentOf({
      framing: 'single_object',
      schemas: { process: SCHEMA, agent: { ...SCHEMA, stream: 'agent' } },
      hostId: HOST_ID,
      ids: undefined,
      signal: closing.signal,
    }),
  });
  const sink = new KafkaSink({
    id: 'kafka',
    loadDriver: () => Promise.resolve(createDriver(driver, driverSettings(bootstrap, { compression }))),
    splitter: new Splitter(addressOf),
  });
  return {
    id: sink.id,
    maxInFlight: sink.maxInFlight,
    open: (boot) => sink.open(boot),
    async write(batch, signal) {
      await sink.write(batch, signal);
      acknowledged(batch);
    },
    close: () => sink.close(),
  };
}

/** Brings what is in the spool to the sink. */
export function deliver(spool: Spool, sink: Sink, batch: BatchBounds): Promise<void> {
  const stage = new DeliveryStage(
    {
      sink,
      queue: spool,
      ledger: openLedger('kafka'),
      policy: { ...DEFAULT_POLICY, batch },
      durable: true,
      encoder: 0,
      wants: () => true,
      enqueue: () => Promise.reject(new Error('a benchmark offers by itself')),
    },
    {
      down: (_, error) => process.stderr.write(`the sink is down: ${error.message}\n`),
      up: () => undefined,
      lost: (_, error, events) => {
        throw new Error(`${events} events are lost: ${error.message}`);
      },
    },
  );
  return stage.run(new AbortController().signal);
}
