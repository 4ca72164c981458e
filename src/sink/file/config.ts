import type { SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseDuration, parseSize } from '../../core/units.ts';

export const FILE_CODECS = ['zstd', 'deflate', 'snappy', 'null'] as const;
export type FileCodec = (typeof FILE_CODECS)[number];

export const fileSinkSchema = {
  path: { format: 'path', default: './data/events', doc: 'Folder of the event files; <data_dir>/events where not given.' },
  codec: {
    format: 'choice',
    default: 'zstd',
    choices: FILE_CODECS,
    doc: 'Compression of the event files: zstd, deflate, snappy or null (none).',
  },
  rotate: {
    max_size: { format: 'size', default: '64MiB', min: '64KiB', max: '4GiB', doc: 'A file is finished before it grows beyond this.' },
    max_age: {
      format: 'duration',
      default: '1h',
      min: '1s',
      max: '7d',
      doc: 'A file is finished when it is this old, even when nothing happens.',
    },
  },
  keep: {
    format: 'size',
    default: '10GiB',
    min: '1MiB',
    max: '16TiB',
    doc: 'How much the finished files may occupy; beyond it the oldest are removed.',
  },
  linger: {
    format: 'duration',
    default: '1s',
    min: '0s',
    max: '1m',
    doc: 'How long an event may wait for others so that they are written together.',
  },
  sync_interval: {
    format: 'duration',
    default: '5s',
    min: '100ms',
    max: '10m',
    doc: 'How often what is written is forced to the disk, so that it survives a power failure.',
  },
} as const satisfies SettingGroup;

export interface FileSinkConfig {
  readonly path: string;
  readonly codec: FileCodec;
  readonly rotateMaxBytes: number;
  readonly rotateMaxAgeMs: number;
  readonly keepBytes: number;
  readonly lingerMs: number;
  readonly syncIntervalMs: number;
}

/** Values that are valid by the schema, compiled. */
export function compileFileSink(values: ValuesOf<typeof fileSinkSchema>): FileSinkConfig {
  const keepBytes = parseSize(values.keep);
  return {
    path: values.path,
    codec: values.codec,
    // A file of the size of the whole allowance would push out everything before it, and then itself.
    rotateMaxBytes: Math.min(parseSize(values.rotate.max_size), Math.floor(keepBytes / 4)),
    rotateMaxAgeMs: parseDuration(values.rotate.max_age),
    keepBytes,
    lingerMs: parseDuration(values.linger),
    syncIntervalMs: parseDuration(values.sync_interval),
  };
}
