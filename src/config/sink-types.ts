import type { Setting, SettingGroup, ValuesOf } from '../core/setting.ts';
import { SINK_SCHEMA } from './schema.ts';

// Provisional: the sinks' own folders declare these.
const fileSinkSchema = {
  path: { format: 'path', default: './data/events', doc: 'Folder.' },
  codec: { format: 'choice', default: 'zstd', choices: ['zstd', 'deflate'], doc: 'Compression.' },
  rotate: {
    max_size: { format: 'size', default: '64MiB', min: '64KiB', max: '4GiB', doc: 'Size.' },
    max_age: { format: 'duration', default: '1h', min: '1s', max: '7d', doc: 'Age.' },
  },
  keep: { format: 'size', default: '10GiB', min: '1MiB', max: '16TiB', doc: 'All.' },
} as const satisfies SettingGroup;
const compileFileSink = (values: ValuesOf<typeof fileSinkSchema>): { path: string } => ({ path: values.path });
const stdoutSinkSchema = {
  format: { format: 'choice', default: 'line', choices: ['line', 'json'], doc: 'Form.' },
} as const satisfies SettingGroup;
const compileStdoutSink = (values: ValuesOf<typeof stdoutSinkSchema>): { format: string } => values;

/** Every type of sink there is; a new one is one line here. */
export const SINK_TYPES = {
  file: { schema: fileSinkSchema, compile: compileFileSink },
  stdout: { schema: stdoutSinkSchema, compile: compileStdoutSink },
} as const;

export type SinkType = keyof typeof SINK_TYPES;
export const SINK_TYPE_NAMES = Object.keys(SINK_TYPES) as SinkType[];

/** The keys of a type as written, and its settings as its sink takes them. */
export type SinkValues<T extends SinkType> = ValuesOf<(typeof SINK_TYPES)[T]['schema']>;
export type SinkSettings<T extends SinkType> = ReturnType<(typeof SINK_TYPES)[T]['compile']>;

/** All keys of a sink of this type, in the order in which they are printed. */
export function sinkGroup(type: SinkType): SettingGroup {
  const typeSetting: Setting = { format: 'choice', default: type, choices: [type], doc: 'What kind of sink it is.' };
  return { type: typeSetting, ...SINK_TYPES[type].schema, ...SINK_SCHEMA };
}
