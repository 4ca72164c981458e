import type { Setting, SettingGroup, ValuesOf } from '../core/setting.ts';
import { blackholeSinkSchema, compileBlackholeSink } from '../sink/blackhole/config.ts';
import { chaosSinkSchema, compileChaosSink } from '../sink/chaos/config.ts';
import { compileFileSink, fileSinkSchema } from '../sink/file/config.ts';
import { compileKafkaSink, kafkaSinkSchema } from '../sink/kafka/config.ts';
import { compileNatsSink, natsSinkSchema } from '../sink/nats/config.ts';
import { compileStdoutSink, stdoutSinkSchema } from '../sink/stdout/config.ts';
import { DISK_QUEUE, SINK_SCHEMA } from './schema.ts';

/** Every type of sink there is; a new one is one line here. */
export const SINK_TYPES = {
  file: { schema: fileSinkSchema, compile: compileFileSink },
  kafka: { schema: kafkaSinkSchema, compile: compileKafkaSink },
  nats: { schema: natsSinkSchema, compile: compileNatsSink },
  stdout: { schema: stdoutSinkSchema, compile: compileStdoutSink },
  blackhole: { schema: blackholeSinkSchema, compile: compileBlackholeSink },
  chaos: { schema: chaosSinkSchema, compile: compileChaosSink },
} as const;

export type SinkType = keyof typeof SINK_TYPES;
export const SINK_TYPE_NAMES = Object.keys(SINK_TYPES) as SinkType[];

/** The keys of a type as written, and its settings as its sink takes them. */
export type SinkValues<T extends SinkType> = ValuesOf<(typeof SINK_TYPES)[T]['schema']>;
export type SinkSettings<T extends SinkType> = ReturnType<(typeof SINK_TYPES)[T]['compile']>;

/** One batch at a time goes to a partition: what is far away takes its time for each, however large it is. What is larger than brokers take is cut once it is compressed. */
const LARGE_BATCH = {
  ...SINK_SCHEMA.batch,
  max_events: { ...SINK_SCHEMA.batch.max_events, default: 5000 },
  max_bytes: { ...SINK_SCHEMA.batch.max_bytes, default: '4MiB' },
} as const;

/** Behind a write that waits to be repeated others wait, to keep their order: an outage is not to last much longer than it does. */
const SOON_AGAIN = { ...SINK_SCHEMA.retry, max: { ...SINK_SCHEMA.retry.max, default: '5s' } } as const;

/** What is written at once is another matter here: as many messages as keep the stream busy. */
const OF_A_MESSAGE = {
  ...SINK_SCHEMA.batch,
  max_events: {
    ...SINK_SCHEMA.batch.max_events,
    default: 1,
    max: 10_000,
    doc: 'How many events a message holds, at most; 1: each event is a message of its own, without a length before it.',
  },
  max_bytes: {
    ...SINK_SCHEMA.batch.max_bytes,
    doc: 'How many bytes of events a message holds, at most; never more than the server takes.',
  },
} as const;

/** What differs from what every sink takes, by its type. */
const COMMON: Partial<Record<SinkType, SettingGroup>> = {
  kafka: { batch: LARGE_BATCH, retry: SOON_AGAIN },
  nats: { batch: OF_A_MESSAGE, retry: SOON_AGAIN },
};

/** All keys of a sink of this type with a queue of that, in the order in which they are printed. */
export function sinkGroup(type: SinkType, queueType: 'memory' | 'disk' = 'memory'): SettingGroup {
  const typeSetting: Setting = { format: 'choice', default: type, choices: [type], doc: 'What kind of sink it is.' };
  const common = {
    ...SINK_SCHEMA,
    ...(queueType === 'disk' ? { queue: DISK_QUEUE } : {}),
    ...COMMON[type],
  };
  return { type: typeSetting, ...SINK_TYPES[type].schema, ...common };
}
