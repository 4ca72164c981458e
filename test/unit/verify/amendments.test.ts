import { describe, expect, it } from 'vitest';
import type { Amendment } from '../../../src/core/agent-event.ts';
import { Digest, EventHash } from '../../../src/core/digest.ts';
import type { Evidence } from '../../../src/verify/evidence.ts';
import { MadeRun, checkpointOf, id, isProcess, verdictOn } from './made-runs.ts';
import type { Fate, Step } from './made-runs.ts';

const steps: Step[] = [
  { fate: 'accepted', count: 30, checkpoint: true },
  { fate: 'queue_full', count: 12, checkpoint: false },
  { fate: 'accepted', count: 30, checkpoint: true },
];
const first = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'stop' });
const second = new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted: 74 } });

/** Of ten events that are there and five that met this fate. */
function lossyRun(fate: Fate): MadeRun {
  const steps = [
    { fate: 'accepted', count: 10, checkpoint: false },
    { fate, count: 5, checkpoint: true },
  ] as const;
  return new MadeRun({ host: 1, sink: 1, run: 1, end: 'stop', steps });
}

/** The records of the second run, of which the first checkpoint says this too. */
function stating(amendment: Amendment): Evidence[] {
  return second.records.map((record) => {
    const checkpoint = checkpointOf(record);
    if (checkpoint?.checkpoint_no !== 1 || record.event === null) return record;
    return { ...record, event: { ...record.event, checkpoint: { ...checkpoint, amendments: [amendment] } } };
  });
}

it('does not let a declaration that came twice excuse twice as much', () => {
  const lossy = lossyRun('evicted');
  const twice = [...lossy.records, ...lossy.records].filter(({ sequence }) => sequence !== 4);
  const report = verdictOn(twice.map((record) => ({ record, sink: 1 })));
  expect(report).toMatchObject({ proven: false, unaccounted: 1, runs: [{ declared: { dropped: 5 }, findings: [{ sequences: [4] }] }] });
});

describe('what a later run lets go of an earlier one', () => {
  const hash = new EventHash(id(1, 1));
  const gone = [5, 6, 7, 8];
  const digest = gone.reduce((sum, sequence) => sum.add(hash.of(sequence)), new Digest()).bytes();
  const amendment = { from: 5, to: 8, checkpoint_no: 0, fate: 'dropped', agent_id: id(1, 1), count: 4, digest };
  /** The first run without these records, and the second one saying so in its first checkpoint. */
  const verdictWithout = (absent: readonly number[], stated: Amendment) => {
    const rest = first.records.filter(({ sequence }) => !absent.includes(sequence ?? 0));
    const records = [...rest, ...stating(stated)];
    return [records, records.toReversed()].map((all) => verdictOn(all.map((record) => ({ record, sink: 1 }))));
  };

  it('is declared, and nothing more', () => {
    for (const report of verdictWithout(gone, amendment))
      expect(report).toMatchObject({ proven: true, unaccounted: 0, runs: [{ declared: { dropped: 4 }, findings: [] }, { findings: [] }] });
    for (const report of verdictWithout([...gone, 12], amendment))
      expect(report).toMatchObject({
        proven: false,
        unaccounted: 1,
        runs: [{ declared: { dropped: 4 }, findings: [{ sequences: [12] }] }, {}],
      });
  });

  it('is declared by its number where nobody knows which events they were', () => {
    const few = { ...amendment, to: 60, count: 4, digest: null };
    for (const report of verdictWithout([7, 8], few))
      expect(report).toMatchObject({ proven: true, runs: [{ declared: { dropped: 2 } }, {}] });
    for (const report of verdictWithout([...gone, 12], few)) expect(report).toMatchObject({ proven: false, unaccounted: 1 });
  });

  it('is no loss where it came through nevertheless', () => {
    for (const report of verdictWithout([], amendment))
      expect(report).toMatchObject({ proven: true, runs: [{ declared: { queue_full: 12 } }, {}] });
    for (const report of verdictWithout([6], amendment))
      expect(report).toMatchObject({ proven: true, runs: [{ declared: { dropped: 1 } }, {}] });
  });
});

describe('what was refused and replayed', () => {
  const lossy = lossyRun('dead_lettered');
  const hash = new EventHash(id(1, 1));
  const late = (sequences: readonly number[]): Evidence[] =>
    sequences.map((sequence) => ({ ...(lossy.records.find(isProcess) as Evidence), sequence }));
  const stated = (from: number, to: number): Evidence[] => {
    const digest = new Digest();
    for (let sequence = from; sequence <= to; sequence += 1) digest.add(hash.of(sequence));
    return stating({ from, to, checkpoint_no: 0, fate: 'replayed', agent_id: id(1, 1), count: to - from + 1, digest: digest.bytes() });
  };
  const verdict = (...records: readonly Evidence[]) =>
    [records, records.toReversed()].map((all) => verdictOn(all.map((record) => ({ record, sink: 1 }))));

  it('is there, no copy, and no dead letter any more, also where nobody says so', () => {
    for (const said of [second.records, stated(12, 16)])
      for (const report of verdict(...lossy.records, ...late([12, 13, 14, 15, 16]), ...said))
        expect(report).toMatchObject({
          proven: true,
          unaccounted: 0,
          runs: [{ declared: {}, duplicates: 0, expected: 17, present: 17 }, {}],
        });
  });

  it('is a dead letter as far as it was not', () => {
    for (const said of [second.records, stated(13, 14)])
      for (const report of verdict(...lossy.records, ...late([13, 14]), ...said))
        expect(report).toMatchObject({ proven: true, unaccounted: 0, runs: [{ declared: { dead_lettered: 3 } }, {}] });
  });

  it('is missing where it is said, and it is not there', () => {
    for (const report of verdict(...lossy.records, ...late([12, 13, 14, 15]), ...stated(12, 16)))
      expect(report).toMatchObject({ proven: false, unaccounted: 1, runs: [{ findings: [{ sequences: [16] }] }, {}] });
    for (const report of verdict(...lossy.records, ...late([13]), ...stated(13, 14)))
      expect(report).toMatchObject({ proven: false, unaccounted: 1, runs: [{ declared: { dead_lettered: 3 } }, {}] });
  });
});
