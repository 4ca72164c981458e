import { describe, expect, test } from 'vitest';
import { murmur2, partitionOf } from '../../../../../src/sink/kafka/protocol/murmur2.ts';

describe('murmur2', () => {
  test.each([
    ['21', -973_932_308],
    ['foobar', -790_332_482],
    ['a-little-bit-long-string', -985_981_536],
    ['a-little-bit-longer-string', -1_486_304_829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58_897_971],
    ['abc', 479_470_107],
  ])('of %s is what the Java client computes', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });

  test('of no bytes is what the Java client computes', () => {
    expect(murmur2(new Uint8Array(0))).toBe(275_646_681);
  });
});

describe('the partition of a key', () => {
  test('masks the sign, as the Java client does', () => {
    // Its absolute value would give 2.
    expect(partitionOf(Buffer.from('21'), 10)).toBe((-973_932_308 & 0x7fffffff) % 10);
    expect(partitionOf(Buffer.from('21'), 10)).toBe(0);
  });

  test('is below the number of partitions for any key', () => {
    for (let i = 0; i < 1000; i += 1) expect(partitionOf(Buffer.from(`host-${i}`), 7)).toBeLessThan(7);
  });
});
