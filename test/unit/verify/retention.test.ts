import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../src/verify/evidence.ts';
import { MadeRun, isProcess, verdictOn } from './made-runs.ts';
import type { Delivered, Step } from './made-runs.ts';

const steps: Step[] = Array.from({ length: 10 }, (_, i) => [
  { fate: 'accepted' as const, count: 20, checkpoint: false },
  { fate: i % 2 === 0 ? ('filtered' as const) : ('queue_full' as const), count: 5, checkpoint: true },
]).flat();
const first = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'stop' });
const second = new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted: 252 } });

/** The process events of the runs in files of 50 each, numbered within a run, and a file for what each agent says. */
function filesOf(runs: readonly MadeRun[]): Delivered[][] {
  return runs.flatMap(({ records, plan }) => {
    const process = records.filter(isProcess);
    const age = (number: number): string => `2026010${plan.run}T000000Z-${number}`;
    const file = (part: readonly Evidence[], stream: 'process' | 'agent', number: number): Delivered[] =>
      part.map((record) => ({ record, sink: 1, file: { stream, number, age: age(number) } }));
    const parts = Array.from({ length: Math.ceil(process.length / 50) }, (_, i) => process.slice(50 * i, 50 * i + 50));
    return [
      file(
        records.filter((record) => !isProcess(record)),
        'agent',
        1,
      ),
      ...parts.map((part, i) => file(part, 'process', i + 1)),
    ];
  });
}

/** Without these files; what is left comes in both orders. */
function verdictsWithout(runs: readonly MadeRun[], ...gone: readonly number[]) {
  const left = filesOf(runs).filter((_, i) => !gone.includes(i));
  return [left, left.toReversed()].map((files) => verdictOn(files.flat()));
}

describe('where the oldest files of process events are gone and START is there', () => {
  it('a run begins with the oldest that is left', () => {
    for (const report of verdictsWithout([first, second], 1, 2)) {
      expect(report).toMatchObject({ proven: true, unaccounted: 0 });
      // 100 of 20 in each 25, from 2 on.
      expect(report.runs).toMatchObject([
        { begins_at: 127, retained_away: 100, expected: 202, present: 102, findings: [] },
        { begins_at: 1 },
      ]);
    }
  });

  it('what is missing behind that is missing', () => {
    for (const report of verdictsWithout([first, second], 1, 3)) expect(report).toMatchObject({ proven: false, unaccounted: 50 });
  });

  it('runs before that begin nowhere', () => {
    for (const report of verdictsWithout([first, second], 1, 2, 3, 4, 6)) {
      expect(report).toMatchObject({ proven: true, unaccounted: 0 });
      expect(report.runs).toMatchObject([
        { begins_at: 253, retained_away: 200 },
        { begins_at: 62, retained_away: 50 },
      ]);
    }
  });
});

describe('what retention cannot have taken is missing', () => {
  it('of a run behind an older one that is there', () => {
    for (const report of verdictsWithout([first, second], 6)) expect(report).toMatchObject({ proven: false, unaccounted: 50 });
  });

  it('where the first file is there, and does not begin with the first event', () => {
    const files = filesOf([first]);
    const rest = files.flatMap((file, i) => (i === 1 ? file.slice(10) : file));
    expect(verdictOn(rest)).toMatchObject({ proven: false, unaccounted: 10, runs: [{ begins_at: 1, retained_away: 0 }] });
  });

  it('where no file of process events is left that tells', () => {
    for (const report of verdictsWithout([first], 1, 2, 3, 4)) expect(report).toMatchObject({ proven: false, unaccounted: 200 });
  });
});
