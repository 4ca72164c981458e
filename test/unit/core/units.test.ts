import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import {
  DURATION_PATTERN,
  SIZE_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  roundSize,
} from '../../../src/core/units.ts';

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AgentError) return `${error.code} | ${error.message} | ${error.fix}`;
    throw error;
  }
  throw new Error('was accepted');
}

describe('sizes', () => {
  it.each([
    ['0B', 0],
    ['1B', 1],
    ['64KiB', 65536],
    ['64MiB', 67108864],
    ['1GiB', 1073741824],
    ['2TiB', 2199023255552],
    ['10KB', 10000],
    ['10MB', 10_000_000],
    ['10GB', 10_000_000_000],
    ['1.5GiB', 1610612736],
    ['1.1GB', 1_100_000_000],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    [64, '| needs a unit | write 64B'],
    ['64', '| needs a unit | write 64MiB'],
    ['64mib', '| is not a size | write 64MiB'],
    ['64 MiB', '| is not a size | write 64MiB'],
    ['64M', '| is not a size | write 64MiB'],
    ['64kb', '| is not a size | write 64KB'],
    ['-1MiB', '| must not be negative |'],
    ['0.5B', '| must be a whole number of bytes |'],
    ['9999999TiB', '| is too large |'],
    ['10 parsecs', '| is not a size |'],
    ['', '| is not a size |'],
    ['1constructor', '| is not a size | write one number'],
    [`${'0'.repeat(100)}1B`, '| is not a size |'],
    ['9'.repeat(5000), '| is not a size |'],
    [true, '| must be a size |'],
    [null, '| must be a size |'],
    [Number.NaN, '| needs a unit | write 10B'],
  ])('%j is refused, saying what to write', (value, words) => expect(refusal(() => parseSize(value))).toContain(`CONFIG_INVALID ${words}`));

  it('are written so that reading gives them back', () => {
    fc.assert(
      fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (bytes) => {
        expect(formatSize(bytes)).toMatch(new RegExp(SIZE_PATTERN));
        expect(parseSize(formatSize(bytes))).toBe(bytes);
      }),
    );
  });

  it('are rounded for people', () => {
    expect([512, 1536, 123456789, 10 * 1024 ** 3].map(roundSize)).toEqual(['512 B', '1.5 KiB', '118 MiB', '10 GiB']);
  });
});

describe('durations', () => {
  it.each([
    ['0s', 0],
    ['100ms', 100],
    ['10s', 10_000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1d2h3m4s5ms', 93_784_005],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

  it.each([
    [10, '| needs a unit | write 10s'],
    ['10', '| needs a unit | write 10s'],
    ['10 s', '| is not a duration | write 10s'],
    ['10sec', '| is not a duration | write 10s'],
    ['5 minutes', '| is not a duration | write 5m'],
    ['30m1h', '| must have its units from the largest to the smallest'],
    ['1s1s', '| must have its units from the largest to the smallest'],
    ['0.5ms', '| must be a whole number of milliseconds |'],
    ['-5s', '| must not be negative |'],
    ['soon', '| is not a duration |'],
    [[], '| must be a duration |'],
  ])('%j is refused, saying what to write', (value, words) =>
    expect(refusal(() => parseDuration(value))).toContain(`CONFIG_INVALID ${words}`),
  );

  it('are written so that reading gives them back', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (ms) => {
        expect(formatDuration(ms)).toMatch(new RegExp(DURATION_PATTERN));
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

it('no text at all gets past the refusals with anything but a number or CONFIG_INVALID', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      for (const parse of [parseSize, parseDuration]) {
        try {
          expect(Number.isSafeInteger(parse(value))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(AgentError);
        }
      }
    }),
  );
});
