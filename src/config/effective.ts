import type { ValuesOf } from '../core/setting.ts';
import type { CORE_SCHEMA, DISK_QUEUE, SINK_SCHEMA } from './schema.ts';
import type { SinkType, SinkValues } from './sink-types.ts';

/** One sink with every key of its type, sizes and durations still as text. */
export type EffectiveSink = { readonly [T in SinkType]: { readonly type: T } & SinkValues<T> & CommonValues }[SinkType];

type CommonValues = Omit<ValuesOf<typeof SINK_SCHEMA>, 'queue'> & { readonly queue: EffectiveQueue };
/** Which keys a queue has depends on its type. */
export type EffectiveQueue = ValuesOf<typeof SINK_SCHEMA>['queue'] & Partial<Pick<ValuesOf<typeof DISK_QUEUE>, 'sync_interval'>>;

/** The configuration as written, with the defaults in place of what was not: what `config --effective` prints. */
export type EffectiveConfig = ValuesOf<typeof CORE_SCHEMA> & { readonly sinks: Readonly<Record<string, EffectiveSink>> };
