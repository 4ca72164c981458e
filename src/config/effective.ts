import type { ValuesOf } from '../core/setting.ts';
import type { CORE_SCHEMA, SINK_SCHEMA } from './schema.ts';
import type { SinkType, SinkValues } from './sink-types.ts';

/** One sink with every key of its type, sizes and durations still as text. */
export type EffectiveSink = { readonly [T in SinkType]: { readonly type: T } & SinkValues<T> & ValuesOf<typeof SINK_SCHEMA> }[SinkType];

/** The configuration as written, with the defaults in place of what was not: what `config --effective` prints. */
export type EffectiveConfig = ValuesOf<typeof CORE_SCHEMA> & { readonly sinks: Readonly<Record<string, EffectiveSink>> };
