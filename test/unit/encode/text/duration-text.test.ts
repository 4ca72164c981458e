import { expect, it } from 'vitest';
import { durationText } from '../../../../src/encode/text/duration-text.ts';

it.each([
  [0, '0us'],
  [999, '999us'],
  [1000, '1ms'],
  [1999, '1.99ms'],
  [12_345, '12.3ms'],
  [999_999, '999ms'],
  [1_000_000, '1s'],
  [59_999_999, '59.9s'],
  [60_000_000, '1m0s'],
  [3_599_999_999, '59m59s'],
  [3_600_000_000, '1h0m'],
  [90_061_000_000, '1d1h'],
])('says %d microseconds as %s', (us, text) => {
  expect(durationText(us)).toBe(text);
});
