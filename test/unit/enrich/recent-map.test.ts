import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentMap } from '../../../src/enrich/recent-map.ts';

describe('RecentMap', () => {
  it('keeps what is used, forgets what is not, and never holds more than its bound', () => {
    const map = new RecentMap<number, { n: number }>(10);
    map.set(-1, { n: -1 });
    for (let n = 0; n < 1000; n++) {
      map.set(n, { n });
      expect(map.get(-1)).toEqual({ n: -1 });
      expect(map.size).toBeLessThanOrEqual(10);
    }
    expect(map.get(0)).toBeUndefined();
    expect(map.get(999)).toEqual({ n: 999 });
  });

  it('gives what was set last, or nothing', () => {
    const op = fc.record({ key: fc.nat(12), write: fc.boolean() });
    fc.assert(
      fc.property(fc.array(op, { maxLength: 200 }), fc.integer({ min: 1, max: 9 }), (ops, max) => {
        const map = new RecentMap<number, object>(max);
        const truth = new Map<number, object>();
        for (const { key, write } of ops) {
          if (write) {
            const value = {};
            map.set(key, value);
            truth.set(key, value);
            expect(map.get(key)).toBe(value);
          } else expect([undefined, truth.get(key)]).toContain(map.get(key));
        }
      }),
    );
  });
});
