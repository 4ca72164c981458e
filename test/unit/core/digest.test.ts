import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest, EventHash } from '../../../src/core/digest.ts';
import { uuidBytes } from '../../../src/core/uuid.ts';

const COUNTING = Uint8Array.from({ length: 16 }, (_, i) => i);
const ONES = new Uint8Array(16).fill(0xff);
const RUN = uuidBytes('0f1e2d3c-4b5a-4697-a8b9-cadbecfd0e1f');

const hex = (digest: Digest): string => digest.bytes().toString('hex');
const of = (agentId: Uint8Array, sequences: Iterable<number>): Digest => {
  const hash = new EventHash(agentId);
  const sum = new Digest();
  for (const sequence of sequences) sum.add(hash.of(sequence));
  return sum;
};
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** By another implementation, in Python, which was held against the published vectors of MurmurHash3_x86_32. */
describe('the digest of CHECKPOINT', () => {
  it.each([
    [COUNTING, 1, '92de4583d53145fe'],
    [COUNTING, 2, '45d0802e16476df1'],
    [COUNTING, 2 ** 31, '9b42ce2ce94d0447'],
    [COUNTING, 2 ** 32, '269c4d78932a8bad'],
    [ONES, 2 ** 32 - 1, '8421bb6e64149926'],
    [ONES, 2 ** 53 - 1, '5e43d78a4d2dd359'],
    [RUN, 782, 'f37b97a7cbf0f115'],
    [RUN, 2 ** 32 - 1, 'dd001adbdb002b7f'],
  ])('hashes one event as other programs do', (agentId, sequence, expected) => {
    expect(hex(of(agentId, [sequence]))).toBe(expected);
  });

  it('sums events up modulo 2^64', () => {
    expect(hex(of(RUN, upTo(782)))).toBe('9f006879ff6c0490');
    expect(hex(of(COUNTING, upTo(100_000)))).toBe('6e3aee95170a00d4');
  });

  it('is nothing for no events', () => {
    expect(hex(new Digest())).toBe('0000000000000000');
  });

  it('does not depend on the order, and gives back what is taken out', () => {
    const words = fc.record({ low: fc.integer(), high: fc.integer() });
    fc.assert(
      fc.property(fc.array(words, { maxLength: 50 }), words, (all, one) => {
        const sum = new Digest();
        const reverse = new Digest();
        let expected = 0n;
        for (const each of all) {
          sum.add(each);
          expected += (BigInt(each.high) << 32n) + BigInt(each.low >>> 0);
        }
        for (const each of all.toReversed()) reverse.add(each);
        expect(hex(sum)).toBe(BigInt.asUintN(64, expected).toString(16).padStart(16, '0'));
        expect(sum.equals(reverse)).toBe(true);
        expect(sum.equals(new Digest(sum).add(one).subtract(one))).toBe(true);
        expect(sum.equals(Digest.from(sum.bytes()))).toBe(true);
      }),
    );
  });
});
