import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SequenceTracker } from '../../../../src/ingest/proc-connector/sequence.ts';

describe('the per-CPU sequence', () => {
  test('the first event of a CPU sets its base and loses nothing', () => {
    const tracker = new SequenceTracker();
    expect(tracker.see(3, 4_000_000_000, 1)).toBeUndefined();
  });

  test('a step of n+1 means n lost, with their numbers and the time between', () => {
    const tracker = new SequenceTracker();
    tracker.see(1, 10, 1000);
    expect(tracker.see(1, 15, 2000)).toEqual({ cpu: 1, fromSeq: 11, toSeq: 14, count: 4, fromNs: 1000, toNs: 2000 });
    expect(tracker.see(1, 16, 3000)).toBeUndefined();
  });

  test('CPUs are counted apart', () => {
    const tracker = new SequenceTracker();
    tracker.see(0, 5, 1);
    expect(tracker.see(1, 900, 2)).toBeUndefined();
    expect(tracker.see(0, 6, 3)).toBeUndefined();
  });

  test('the wrap at 2^32 is no loss and goes on in 64 bits', () => {
    const tracker = new SequenceTracker();
    tracker.see(0, 0xffffffff, 1);
    expect(tracker.see(0, 0, 2)).toBeUndefined();
    expect(tracker.seq).toBe(0x100000000);
    expect(tracker.see(0, 3, 3)).toMatchObject({ fromSeq: 0x100000001, toSeq: 0x100000002, count: 2 });
  });

  test('goes on from where an earlier run of this boot ended', () => {
    const tracker = new SequenceTracker({ '1': 0x3_ffff_fff0 });
    expect(tracker.see(1, 5, 1)).toBeUndefined();
    expect(tracker.seq).toBe(0x4_0000_0005);
    expect(tracker.see(0, 5, 1)).toBeUndefined();
    expect(tracker.seq).toBe(5);
  });

  test('a number that is not ahead is counted as disorder and never as billions lost', () => {
    const tracker = new SequenceTracker();
    tracker.see(0, 100, 1);
    expect(tracker.see(0, 100, 2)).toBeUndefined();
    expect(tracker.see(0, 50, 3)).toBeUndefined();
    expect(tracker.disordered).toBe(2);
    expect(tracker.see(0, 101, 4)).toBeUndefined();
  });

  test('heard and lost together are what was generated, whatever is dropped', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 500 }), fc.integer({ min: 0, max: 0xffffffff }), (kept, base) => {
        const tracker = new SequenceTracker();
        tracker.see(0, base, 0);
        let [heard, lost] = [0, 0];
        for (const [i, keep] of kept.entries()) {
          if (!keep) continue;
          heard += 1;
          lost += tracker.see(0, (base + i + 1) >>> 0, i)?.count ?? 0;
        }
        const tail = kept.length - 1 - kept.lastIndexOf(true);
        expect(heard + lost + tail).toBe(kept.length);
      }),
    );
  });
});
