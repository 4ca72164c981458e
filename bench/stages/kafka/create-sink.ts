import type { Sink } from '../../../src/core/component.ts';
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

/** The sink of an agent, with all that goes into its records. Not opened yet. */
export function createSink({ driver, compression, bootstrap, topic, spread }: SinkShape): Sink {
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
  return new KafkaSink({
    id: 'kafka',
    loadDriver: () => Promise.resolve(createDriver(driver, driverSettings(bootstrap, { compression }))),
    splitter: new Splitter(addressOf),
  });
}
