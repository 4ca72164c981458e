import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest, EventHash } from '../../../src/core/digest.ts';
import { RangeList } from '../../../src/verify/range-list.ts';
import { RunStream } from '../../../src/verify/run-stream.ts';
import { PageBudget, SequenceSet } from '../../../src/verify/sequence-set.ts';
import { NO_UPSTREAM as upstream } from '../../helpers/no-upstream.ts';
import { id } from './made-runs.ts';

const small = fc.integer({ min: 0, max: 60 });

describe('ranges', () => {
  it('are what a set of numbers would be', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(small, fc.integer({ min: -1, max: 9 })), { maxLength: 30 }), small, small, (added, a, b) => {
        const ranges = new RangeList();
        const model = new Set<number>();
        for (const [from, length] of added) {
          ranges.add(from, from + length);
          for (let number = from; number <= from + length; number += 1) model.add(number);
        }
        const listed = ranges.all.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
        expect(listed).toEqual([...model].toSorted((x, y) => x - y));
        for (const [i, { to }] of ranges.all.slice(0, -1).entries()) expect(ranges.all[i + 1]?.from).toBeGreaterThan(to + 1);
        expect(ranges.has(a)).toBe(model.has(a));
        expect(ranges.intersects(a, b)).toBe([...model].some((number) => a <= number && number <= b));
        expect(ranges.gaps.every(({ from, to }) => from <= to && !ranges.intersects(from, to))).toBe(true);
      }),
    );
  });
});

describe('a set of sequences', () => {
  /** Around the ends of pages. */
  const number = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 32_700, max: 32_900 }),
    fc.integer({ min: 2 ** 40, max: 2 ** 40 + 70 }),
  );

  it('is what a set of numbers would be', () => {
    fc.assert(
      fc.property(fc.array(number, { maxLength: 100 }), number, number, (all, a, b) => {
        const set = new SequenceSet(new PageBudget());
        const model = new Set<number>();
        for (const one of all) {
          expect(set.add(one)).toBe(!model.has(one));
          model.add(one);
        }
        const within = [...model].filter((one) => a <= one && one <= b).toSorted((x, y) => x - y);
        expect([...set.within(a, b)]).toEqual(within);
        expect(set.count(a, b)).toBe(within.length);
        expect(set.has(a) ?? false).toBe(model.has(a));
      }),
    );
  });

  it('refuses numbers that mean nothing before they fill the memory', () => {
    const set = new SequenceSet(new PageBudget());
    const scatter = (): void => {
      for (let i = 0; i < 70_000; i += 1) set.add(i * 1_000_000);
    };
    expect(scatter).toThrow(expect.objectContaining({ code: 'FILE_CORRUPT' }));
  });
});

describe('memory', () => {
  /** A million events, a checkpoint each thousand behind them; every `hole`th is filtered. */
  function pagesAfter(hole: number): { pages: number; most: number; stream: RunStream } {
    const budget = new PageBudget();
    const stream = new RunStream(id(1, 1), { where: 'x', sinkId: null, budget });
    const host = { host_id: id(2, 1), boot_id: id(4, 1), hostname: 'h' };
    const hash = new EventHash(id(1, 1));
    let most = 0;
    for (let number = 1; number <= 1000; number += 1) {
      const from = (number - 1) * 1000 + 1;
      const to = number * 1000;
      const digest = new Digest();
      let accepted = 0;
      for (let sequence = from; sequence <= to; sequence += 1) {
        if (sequence % hole === 0) continue;
        accepted += 1;
        digest.add(hash.of(sequence));
        stream.add({ stream: 'process', agentId: id(1, 1), sequence, time: sequence, host, event: null });
      }
      const covered = { from_sequence: from, to_sequence: to, accepted, filtered: 1000 - accepted, dropped: [], amendments: [] };
      stream.addCheckpoint({ sink_id: id(3, 1), checkpoint_no: number, ...covered, digest: digest.bytes(), upstream, final: false }, to);
      most = Math.max(most, budget.pages);
    }
    return { pages: budget.pages, most, stream };
  }

  it('is freed as intervals are proven', () => {
    const { pages, most, stream } = pagesAfter(Infinity);
    expect([stream.open.all.length, stream.provenPresent, stream.findings.isEmpty]).toEqual([0, 1_000_000, true]);
    // The first one, since there is no event 0, and the last.
    expect([pages, most]).toEqual([2, 2]);
  });

  it('keeps proven pages with holes, so that what turns up in a hole is known to belong to nobody', () => {
    const { pages, stream } = pagesAfter(7);
    expect(pages).toBeGreaterThan(20);
    const host = { host_id: id(2, 1), boot_id: id(4, 1), hostname: 'h' };
    const late = { stream: 'process' as const, agentId: id(1, 1), time: 1, host, event: null };
    stream.add({ ...late, sequence: 8 });
    expect([stream.duplicates, stream.findings.isEmpty]).toEqual([1, true]);
    stream.add({ ...late, sequence: 700 });
    expect(stream.findings.kept).toMatchObject([{ fault: 'foreign', sequences: [700] }]);
  });
});
