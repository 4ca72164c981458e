import { describe, expect, it } from 'vitest';
import type { Evidence, Place } from '../../../src/verify/evidence.ts';
import type { Report } from '../../../src/verify/report.ts';
import { Verifier } from '../../../src/verify/verifier.ts';
import { MadeRun, isProcess } from './made-runs.ts';
import type { Step } from './made-runs.ts';

const steps: Step[] = Array.from({ length: 4 }, () => ({ fate: 'accepted' as const, count: 30, checkpoint: true }));
const first = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'stop' });
const second = new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted: 122 } });
const elsewhere = new MadeRun({ host: 2, sink: 1, run: 3, steps, end: 'stop' });
const LONG_AFTER_US = 1e18;

type Topic = readonly (readonly Evidence[])[];

/** The process events of runs by turns in three partitions. */
function topicOf(...runs: readonly MadeRun[]): Topic {
  const events = runs.flatMap(({ records }) => records.filter(isProcess));
  return [0, 1, 2].map((partition) => events.filter(({ sequence }) => (sequence ?? 0) % 3 === partition));
}

/** Of runs in a topic where so many records were removed from the beginnings of partitions, and these besides; all is there of what the agent says. */
function verdictOn(
  runs: readonly MadeRun[],
  { removed, lost = [], topic = topicOf(...runs) }: { removed: readonly number[]; lost?: readonly (Evidence | undefined)[]; topic?: Topic },
): Report {
  const verifier = new Verifier();
  for (const [partition, count] of removed.entries()) if (count > 0) verifier.addRemoved(String(partition), count);
  const agent: Place = { place: 'kafka', sink: null, partition: 'agent' };
  for (const { records } of runs) for (const record of records) if (!isProcess(record)) verifier.add(record, agent);
  for (const [partition, events] of topic.entries()) {
    const place: Place = { place: 'kafka', sink: null, partition: String(partition) };
    for (const record of events.slice(removed[partition])) if (!lost.includes(record)) verifier.add(record, place);
  }
  return verifier.report({ nowUs: LONG_AFTER_US });
}

describe('where the beginning of a partition was removed', () => {
  it('nobody knows of what is missing there, and nothing of it is unaccounted', () => {
    const report = verdictOn([first], { removed: [0, 7, 0] });
    expect(report).toMatchObject({ proven: true, unaccounted: 0, perhaps_removed: 7, runs: [{ perhaps_removed: 7, findings: [] }] });
  });

  it('what is missing behind the first that is left is missing, also in another partition', () => {
    const [, one = [], two = []] = topicOf(first);
    expect(verdictOn([first], { removed: [0, 7, 0], lost: [one[20]] })).toMatchObject({ unaccounted: 1, perhaps_removed: 7 });
    expect(verdictOn([first], { removed: [0, 7, 0], lost: [two[30]] })).toMatchObject({ unaccounted: 1, perhaps_removed: 7 });
  });

  it('no more is missing there than was removed', () => {
    const [, one = [], two = []] = topicOf(first);
    const report = verdictOn([first], { removed: [0, 7, 0], lost: [...two.slice(0, 5), ...one.slice(0, 7)] });
    expect(report).toMatchObject({ proven: false, unaccounted: 5, perhaps_removed: 7 });
  });

  it('runs before one that is there may have been removed as a whole', () => {
    const gone = 1 + (topicOf(first)[1]?.length ?? 0);
    expect(verdictOn([first, second], { removed: [0, gone, 0] })).toMatchObject({ proven: true, unaccounted: 0, perhaps_removed: gone });
    expect(verdictOn([first], { removed: [40, 40, 40] })).toMatchObject({ unaccounted: 0, perhaps_removed: 120 });
  });

  it('that says nothing of a host whose events are in another one', () => {
    const events = (run: MadeRun): Evidence[] => run.records.filter(isProcess);
    const topic = [events(first), events(elsewhere), []];
    const report = verdictOn([first, elsewhere], { topic, removed: [0, 7, 0], lost: [topic[0]?.[3]] });
    expect(report).toMatchObject({ proven: false, unaccounted: 1, perhaps_removed: 7 });
    expect(report.runs.map((run) => [run.unaccounted, run.perhaps_removed])).toEqual([
      [1, 0],
      [0, 7],
    ]);
  });

  describe('where events are mixed', () => {
    /** One partition, in which each ten events stand as odd ones and even ones. */
    const mixed = first.records.filter(isProcess).toSorted((a, b) => {
      const place = ({ sequence }: Evidence): number =>
        Math.floor((sequence ?? 0) / 10) * 20 + ((sequence ?? 0) % 2) * 10 + ((sequence ?? 0) % 10);
      return place(a) - place(b);
    });

    function verdictOnMixed(isMixed: boolean, lost: readonly (Evidence | undefined)[] = []): Report {
      const verifier = new Verifier();
      verifier.addRemoved('0', 5);
      const agent: Place = { place: 'nats', sink: null };
      for (const record of first.records) if (!isProcess(record)) verifier.add(record, agent);
      for (const record of mixed.slice(5)) if (!lost.includes(record)) verifier.add(record, { place: 'nats', sink: null, partition: '0' });
      if (isMixed) verifier.addMixed(10);
      return verifier.report({ nowUs: LONG_AFTER_US });
    }

    it('what is behind the first that is left may have been removed, too', () => {
      expect(verdictOnMixed(true)).toMatchObject({ proven: true, unaccounted: 0, perhaps_removed: 5 });
      expect(verdictOnMixed(false).unaccounted).toBeGreaterThan(0);
    });

    it('what is farther behind than they are mixed is missing', () => {
      expect(verdictOnMixed(true, [mixed[40]])).toMatchObject({ proven: false, unaccounted: 1, perhaps_removed: 5 });
    });
  });
});

describe('where nothing was removed', () => {
  const last = first.records.filter(({ sequence, event }) => (sequence ?? 0) > 62 || (event?.checkpoint?.checkpoint_no ?? 0) > 2);
  const verdictOnLast = (isWhole: boolean): Report => {
    const verifier = new Verifier();
    for (const record of last) verifier.add(record, { place: 'kafka', sink: null, partition: '0' });
    return verifier.report({ nowUs: LONG_AFTER_US, isWhole });
  };

  it('a run without its beginning lost it', () => {
    const report = verdictOnLast(true);
    expect(report).toMatchObject({ proven: false, unaccounted: 62, runs: [{ begins_at: 1 }] });
    expect(report.runs[0]?.findings.map(({ text }) => text)).toEqual([
      'checkpoints 1 to 2 are missing',
      expect.stringMatching(/^no checkpoint covers 1 to \d+: 0 events of \d+ are there, unproven$/),
      expect.stringContaining('1 event of the 30 events of checkpoint 3'),
    ]);
  });

  it('nobody knows of its beginning otherwise', () => {
    expect(verdictOnLast(false)).toMatchObject({ proven: true, unaccounted: 0, runs: [{ begins_at: 63 }] });
  });
});
