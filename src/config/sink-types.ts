import type { Setting, SettingGroup, ValuesOf } from '../core/setting.ts';
import { blackholeSinkSchema, compileBlackholeSink } from '../sink/blackhole/config.ts';
import { chaosSinkSchema, compileChaosSink } from '../sink/chaos/config.ts';
import { compileFileSink, fileSinkSchema } from '../sink/file/config.ts';
import { compileKafkaSink, kafkaSinkSchema } from '../sink/kafka/config.ts';
import { compileStdoutSink, stdoutSinkSchema } from '../sink/stdout/config.ts';
import { DISK_QUEUE, SINK_SCHEMA } from './schema.ts';

/** Every type of sink there is; a new one is one line here. */
export const SINK_TYPES = {
  file: { schema: fileSinkSchema, compile: compileFileSink },
  kafka: { schema: kafkaSinkSchema, compile: compileKafkaSink },
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

/** All keys of a sink of this type with a queue of that, in the order in which they are printed. */
export function sinkGroup(type: SinkType, queueType: 'memory' | 'disk' = 'memory'): SettingGroup {
  const typeSetting: Setting = { format: 'choice', default: type, choices: [type], doc: 'What kind of sink it is.' };
  const common = {
    ...SINK_SCHEMA,
    ...(queueType === 'disk' ? { queue: DISK_QUEUE } : {}),
    ...(type === 'kafka' ? { batch: LARGE_BATCH, retry: SOON_AGAIN } : {}),
  };
  return { type: typeSetting, ...SINK_TYPES[type].schema, ...common };
}
