import avsc from 'avsc';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_ROOM, putBytes, putInt, putLong, putString, RESERVE } from '../../../../src/encode/avro/put.ts';

type Put<T> = (buf: Buffer, at: number, value: T) => number;

const AT = 3;
function written<T>(put: Put<T>, value: T): string {
  const buf = Buffer.alloc(3 * RESERVE + 200_000, 0xee);
  return buf.toString('hex', AT, put(buf, AT, value));
}
const byAvsc = (type: unknown, value: unknown): string =>
  avsc.Type.forSchema(type as never)
    .toBuffer(value)
    .toString('hex');

const UNITS = { ASCII: 'x', 'two bytes': 'é', 'three bytes': '語', 'four bytes': '🐍', NUL: '\0' };
const LENGTHS = [0, 1, 15, 16, 17, 31, 32, 63, 64, 65, 2730, 2731, 4095, 4096, 8191, 8192, 8193];

describe('text', () => {
  it.each(Object.entries(UNITS))('of %s is as avsc writes it, at every length of its length', (_name, unit) => {
    for (const length of LENGTHS) {
      for (const text of [unit.repeat(length), `${'a'.repeat(length)}${unit}`, `${unit}${'a'.repeat(length)}`])
        expect(written(putString, text)).toBe(byAvsc('string', text));
    }
  });

  it.each(['\ud800', '\udc00', '\udc00\ud800'])('has U+FFFD where a surrogate is alone: %j', (lone) => {
    for (const length of LENGTHS) {
      const around = 'a'.repeat(length);
      expect(written(putString, around + lone + around)).toBe(byAvsc('string', (around + lone + around).toWellFormed()));
    }
  });

  it('is as avsc writes it, whatever it is', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(fc.property(anything, (text) => written(putString, text) === byAvsc('string', text.toWellFormed())));
  });
});

describe('numbers', () => {
  const EDGES = Array.from({ length: 53 }, (_, bit) => 2 ** bit).flatMap((n) => [n - 1, n, -n, -n - 1]);

  it('are as avsc writes them, at the edge of each size', () => {
    for (const value of EDGES.filter((n) => n >= -(2 ** 52) && n < 2 ** 53 - 1))
      expect(written(putLong, value)).toBe(byAvsc('long', value));
    for (const value of EDGES.filter((n) => n >= -(2 ** 31) && n < 2 ** 31)) expect(written(putInt, value)).toBe(byAvsc('int', value));
  });

  it.each([2 ** 53, -(2 ** 52) - 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', true, null, undefined, [], 1n])(
    'are refused where they do not fit: %s',
    (value) => {
      expect(() => written(putLong, value as never)).toThrow(TypeError);
      expect(() => written(putInt, value as never)).toThrow(TypeError);
    },
  );

  it.each([2 ** 31, -(2 ** 31) - 1])('of 32 bits end at their edges: %s', (value) => {
    expect(() => written(putInt, value)).toThrow(TypeError);
  });
});

it.each([0, 1, 32, 33, 63, 64, 70_000])('%d bytes are as avsc writes them', (size) => {
  const bytes = Buffer.alloc(size, 0xfe);
  expect(written(putBytes, bytes)).toBe(byAvsc('bytes', bytes));
});

it('what is of any length says where there is no room, and leaves RESERVE bytes', () => {
  for (const text of ['short', 'x'.repeat(20), 'é'.repeat(5000)]) {
    let needed = RESERVE;
    while (!fits(text, needed)) needed += 1;
    expect(needed).toBeGreaterThanOrEqual(RESERVE + Buffer.byteLength(text));
    expect(needed).toBeLessThanOrEqual(RESERVE + 3 * text.length + 5);
  }
});

function fits(text: string, size: number): boolean {
  try {
    const buf = Buffer.alloc(size);
    return putString(buf, 0, text) + RESERVE <= size;
  } catch (error) {
    if (error === NO_ROOM) return false;
    throw error;
  }
}
