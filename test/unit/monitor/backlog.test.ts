import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Backlog } from '../../../src/monitor/backlog.ts';
import type { GapRecord, ProcessRecord } from '../../../src/monitor/records.ts';

const record = (n: number) => ({ kind: 'EXIT', time: n, monotonic_us: n }) as ProcessRecord;
const kernelGap = (n: number, count: number) =>
  ({ kind: 'GAP', time: n, monotonic_us: n, gap: { stage: 'kernel', count, exact: true, from_time: n, to_time: n } }) as GapRecord;

/** Everything that waits. */
function drain(backlog: Backlog): (ProcessRecord | GapRecord)[] {
  const items: (ProcessRecord | GapRecord)[] = [];
  for (let item = backlog.shift(); item !== undefined; item = backlog.shift()) items.push(item);
  return items;
}

test('whatever is put in comes out in order, or is counted in a gap in its place', () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.nat(2500).map((count) => ({ push: count })) },
    { weight: 6, arbitrary: fc.nat(2500).map((count) => ({ shift: count })) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }).map((lost) => ({ lost })) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 3000 }), (steps, limit) => {
      const backlog = new Backlog(limit);
      const out: (ProcessRecord | GapRecord)[] = [];
      let pushed = 0;
      let lost = 0;
      for (const one of steps) {
        if ('push' in one) for (let n = 0; n < one.push; n++) backlog.push(record(++pushed));
        else if ('lost' in one) backlog.pushGap(kernelGap(pushed, (lost += one.lost) && one.lost));
        else for (let n = 0; n < one.shift; n++) out.push(...[backlog.shift()].filter((item) => item !== undefined));
        // A gap may stand beside what the bound is for.
        if (backlog.length > limit + 2) throw new Error(`${backlog.length} wait, where ${limit} may`);
      }
      out.push(...drain(backlog));
      let seen = 0;
      let told = 0;
      for (const item of out) {
        if (item.kind !== 'GAP') {
          if (item.time !== ++seen) throw new Error(`${item.time} comes where ${seen} was due`);
        } else if (item.gap.stage === 'kernel') told += item.gap.count;
        else {
          expect([item.gap.from_time, item.gap.to_time]).toEqual([seen + 1, seen + item.gap.count]);
          seen += item.gap.count;
        }
      }
      expect({ seen, told }).toEqual({ seen: pushed, told: lost });
      expect(backlog.length).toBe(0);
    }),
    { numRuns: 60 },
  );
});
