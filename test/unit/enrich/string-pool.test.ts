import { describe, expect, it } from 'vitest';
import { StringPool } from '../../../src/enrich/string-pool.ts';

describe('string pool', () => {
  it('never holds more than its bound, and always gives the text asked for', () => {
    const pool = new StringPool(10);
    for (let n = 0; n < 1000; n++) {
      expect(pool.share(`text ${n}`)).toBe(`text ${n}`);
      expect(pool.size).toBeLessThanOrEqual(10);
    }
  });
});
