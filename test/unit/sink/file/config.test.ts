import { describe, expect, it } from 'vitest';
import { compileFileSink, fileSinkSchema } from '../../../../src/sink/file/config.ts';

const DEFAULTS = {
  path: './data/events',
  codec: 'zstd',
  rotate: { max_size: '64MiB', max_age: '1h' },
  keep: '10GiB',
  linger: '1s',
  sync_interval: '5s',
} as const;

describe('file sink settings', () => {
  it('compile to numbers with units', () => {
    expect(compileFileSink(DEFAULTS)).toEqual({
      path: './data/events',
      codec: 'zstd',
      rotateMaxBytes: 64 * 1024 * 1024,
      rotateMaxAgeMs: 3_600_000,
      keepBytes: 10 * 1024 ** 3,
      lingerMs: 1000,
      syncIntervalMs: 5000,
    });
  });

  it('declare the defaults that are documented', () => {
    expect(fileSinkSchema.codec.default).toBe(DEFAULTS.codec);
    expect([fileSinkSchema.rotate.max_size.default, fileSinkSchema.rotate.max_age.default]).toEqual([
      DEFAULTS.rotate.max_size,
      DEFAULTS.rotate.max_age,
    ]);
    expect([fileSinkSchema.keep.default, fileSinkSchema.linger.default, fileSinkSchema.sync_interval.default]).toEqual([
      '10GiB',
      '1s',
      '5s',
    ]);
  });

  it('keep a single file from using up the whole allowance', () => {
    expect(compileFileSink({ ...DEFAULTS, keep: '100MiB' }).rotateMaxBytes).toBe(25 * 1024 * 1024);
  });

  it('keep ages within what a timer can wait', () => {
    expect(fileSinkSchema.rotate.max_age.max).toBe('7d');
    expect(7 * 86_400_000).toBeLessThan(2 ** 31);
  });
});
