import { describe, expect, it } from 'vitest';
import type { AgentCheckpoint } from '../../../src/core/agent-event.ts';
import type { Evidence } from '../../../src/verify/evidence.ts';
import type { Fault } from '../../../src/verify/finding.ts';
import type { RunReport } from '../../../src/verify/report.ts';
import { MadeRun, checkpointOf, deliveredOf, id, isProcess, verdictOn } from './made-runs.ts';
import type { Step } from './made-runs.ts';

/** Ten intervals of 30 events: some dense, some with holes that a filter, a full queue or an eviction made. */
const steps: Step[] = Array.from({ length: 10 }, (_, i) => [
  { fate: 'accepted' as const, count: 20, checkpoint: false },
  {
    fate: i % 3 === 0 ? ('accepted' as const) : i % 3 === 1 ? ('filtered' as const) : ('queue_full' as const),
    count: 4,
    checkpoint: false,
  },
  { fate: 'accepted' as const, count: 6, checkpoint: true },
]).flat();

const first = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'stop' });
const second = new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted: 302 } });
const third = new MadeRun({ host: 1, sink: 1, run: 3, steps, end: 'stop', previous: { run: 2, clean: true, accepted: 302 } });
const other = new MadeRun({ host: 2, sink: 2, run: 4, steps, end: 'stop' });

interface Judged {
  readonly run: RunReport;
  readonly proven: boolean;
}

/** What is found in the second run when its records are these instead: once as they come, once the other way round. */
function judged(records: readonly Evidence[]): readonly Judged[] {
  const all = [first, third, other].flatMap((run) => deliveredOf(run));
  const planted = records.map((record) => ({ record, sink: 1 }));
  return [
    [...all, ...planted],
    [...planted.toReversed(), ...all],
  ].map((delivered) => {
    const { runs, proven } = verdictOn(delivered);
    const sound = runs.filter(({ agent_id }) => !agent_id.endsWith('02'));
    expect(sound.flatMap(({ findings }) => findings)).toEqual([]);
    return { run: runs.find(({ agent_id }) => agent_id.endsWith('02')) as RunReport, proven };
  });
}

const { records } = second;
const without = (...gone: readonly (Evidence | undefined)[]): Evidence[] => records.filter((record) => !gone.includes(record));
const numbered = (sequence: number): Evidence => records.find((record) => record.sequence === sequence) as Evidence;
const checkpoint = (number: number): Evidence => records.find((record) => checkpointOf(record)?.checkpoint_no === number) as Evidence;
const changed = (number: number, change: Partial<AgentCheckpoint>): Evidence[] => {
  const victim = checkpoint(number);
  const told = { ...(checkpointOf(victim) as AgentCheckpoint), ...change };
  return records.map((record) =>
    record === victim && record.event !== null ? { ...record, event: { ...record.event, checkpoint: told } } : record,
  );
};

it('has nothing to say of what is sound', () => {
  const [{ run, proven }, inReverse] = judged(records) as [Judged, Judged];
  expect(inReverse).toEqual({ run, proven });
  expect(proven).toBe(true);
  expect(run).toMatchObject({
    state: 'stopped',
    clean: true,
    expected: 278,
    present: 278,
    filtered: 12,
    declared: { queue_full: 12 },
    unaccounted: 0,
    unproven_tail: 0,
    begins_at: 1,
    checkpoints: 11,
    sink: 'sink-1',
  });
});

/** The fault, the records with it, what is found, how many events are unaccounted for, and words that name it. */
const planted: [string, () => Evidence[], Fault, number | null, RegExp][] = [
  [
    'a record of a dense interval is removed',
    () => without(numbered(5)),
    'missing',
    1,
    /^1 event of the 31 events of checkpoint 1 .* is missing: 5$/,
  ],
  ['a record of an interval with holes is removed', () => without(numbered(40)), 'missing', 1, /is missing: 40$/],
  ['several records are removed', () => without(numbered(5), numbered(6), numbered(9)), 'missing', 3, /are missing: 5, 6, 9$/],
  ['a record is replaced by a copy of another', () => without(numbered(40)).concat(numbered(41)), 'missing', 1, /is missing: 40$/],
  [
    'a record is replaced by one that was filtered',
    () => records.map((record) => (record.sequence === 40 ? { ...record, sequence: 53 } : record)),
    'digest',
    1,
    /not the same ones: 40 is missing, 53 was never accepted$/,
  ],
  ['a checkpoint is removed', () => without(checkpoint(4)), 'checkpoint_missing', 0, /^checkpoint 4 is missing$/],
  ['the first checkpoint is removed', () => without(checkpoint(1)), 'checkpoint_missing', 0, /^checkpoint 1 is missing$/],
  ['the last checkpoint is removed', () => without(checkpoint(11)), 'checkpoint_missing', 0, /^the checkpoint behind its STOP is missing/],
  [
    'a segment is removed, over several checkpoints',
    () => records.filter((record) => !(isProcess(record) && Number(record.sequence) > 100 && Number(record.sequence) <= 200)),
    'missing',
    92,
    /are missing/,
  ],
  [
    'the first segment is removed',
    () => records.filter((record) => !(isProcess(record) && Number(record.sequence) <= 50)),
    'missing',
    49,
    /are missing/,
  ],
  [
    'the records of another run are mixed in',
    () => [...records, ...first.records.map((record) => ({ ...record, agentId: id(1, 2) }))],
    'mixed',
    null,
    /^two different START events: records of two runs are mixed/,
  ],
  [
    'a record of another host is mixed in',
    () => [...records, { ...(other.records[30] as Evidence), agentId: id(1, 2) }],
    'mixed',
    0,
    /^1 record is of host .*: records of two runs are mixed/,
  ],
  ['a record is forged, within', () => [...records, { ...numbered(40), sequence: 53 }], 'foreign', 0, /: 53$|event 53 is there/],
  [
    'a record is forged, beyond the end',
    () => [...records, { ...numbered(40), sequence: 5000 }],
    'foreign',
    0,
    /it stopped with event 302.* up to 5000$/,
  ],
  ['a record is forged, with no number at all', () => [...records, { ...numbered(40), sequence: -3 }], 'foreign', 0, /event -3 is there/],
  ['START is removed', () => without(numbered(1)), 'start_missing', 1, /^its START is not there$/],
  [
    'the digest is wrong',
    () => changed(1, { digest: Buffer.alloc(8, 7) }),
    'digest',
    0,
    /^checkpoint 1 has a wrong digest: all its 31 events are there$/,
  ],
  [
    'the digest is wrong, with holes',
    () => changed(2, { digest: Buffer.alloc(8, 7) }),
    'digest',
    1,
    /as many events as checkpoint 2 says are there, but not the same ones/,
  ],
  ['a dropped range is not declared', () => changed(3, { dropped: [] }), 'checkpoint_wrong', 4, /covers 30 events, but accounts for 26/],
  [
    'a checkpoint claims more than there was',
    () => changed(2, { accepted: 27, filtered: 3 }),
    'missing',
    1,
    /^1 event of the 27 events of checkpoint 2/,
  ],
  [
    'the number of a checkpoint is used again',
    () => [...records, { ...checkpoint(5), time: checkpoint(5).time + 1 }],
    'checkpoint_conflict',
    0,
    /^two different checkpoints have the number 5$/,
  ],
  [
    'a checkpoint covers what another one covers',
    () => [...records, ...changed(5, { checkpoint_no: 12 }).filter((record) => checkpointOf(record)?.checkpoint_no === 12)],
    'checkpoint_conflict',
    0,
    /^checkpoint (5|12) covers sequences that another one covers/,
  ],
  [
    'the checkpoint of another sink is mixed in',
    () => [
      ...records,
      ...changed(5, { sink_id: id(3, 9), checkpoint_no: 12 }).filter((record) => checkpointOf(record)?.checkpoint_no === 12),
    ],
    'mixed',
    0,
    /^1 checkpoint is of the sink [-0-9a-f]+, the others of sink-1: records of two sinks are mixed/,
  ],
  ['STOP is removed', () => without(numbered(302)), 'stop_missing', 1, /says that it stopped cleanly, but its STOP is not there$/],
  [
    'the tail is cut off',
    () => records.slice(0, records.indexOf(checkpoint(8)) - 3),
    'stop_missing',
    0,
    /says that it stopped cleanly, but its STOP is not there$/,
  ],
];

describe.each(planted)('%s', (...[, make, fault, unaccounted, words]) => {
  it('is found and named, in any order', () => {
    for (const { run, proven } of judged(make())) {
      expect(proven).toBe(false);
      expect(run.findings.map((finding) => finding.fault)).toContain(fault);
      expect(run.findings.filter((finding) => finding.fault === fault).map(({ text }) => text)).toContainEqual(
        expect.stringMatching(words),
      );
      // Of two accounts that contradict each other, either may be taken for the true one.
      if (unaccounted !== null) expect(run.unaccounted).toBe(unaccounted);
    }
  });
});

describe('what has no end', () => {
  const last = (made: readonly Evidence[], nowUs?: number) =>
    verdictOn(
      made.map((record) => ({ record, sink: 1 })),
      nowUs,
    );
  const cut = third.records.slice(0, third.records.findIndex((record) => checkpointOf(record)?.checkpoint_no === 8) + 4);
  const end = cut.at(-1)?.time ?? 0;

  it('runs as long as checkpoints come', () => {
    const report = last(cut, end + 10_000_000);
    expect(report.proven).toBe(true);
    expect(report.runs).toMatchObject([{ state: 'running', unproven_tail: 3, unaccounted: 0 }]);
  });

  it('may have events on their way, of what was stated lately only', () => {
    const late = cut.filter(({ sequence }) => sequence !== cut.at(-6)?.sequence);
    expect(last(late, end + 10_000_000)).toMatchObject({ proven: true, unaccounted: 0, runs: [{ state: 'running', in_flight: 1 }] });
    const old = cut.map((record) => (record.time < end - 40_000 ? { ...record, time: record.time - 60_000_000 } : record));
    const early = old.filter(({ sequence }) => sequence !== 5);
    expect(last(early, end + 10_000_000)).toMatchObject({ proven: false, unaccounted: 1, runs: [{ state: 'running', in_flight: 0 }] });
  });

  it('is silent when none came for three intervals', () => {
    const report = last(cut, end + 16_000_000);
    expect(report.proven).toBe(false);
    expect(report.runs).toMatchObject([{ state: 'silent', unproven_tail: 3, unaccounted: 0, findings: [] }]);
  });

  it('was killed where another run came after it, and its tail is unproven', () => {
    const after = new MadeRun({ host: 1, sink: 1, run: 9, steps, end: 'stop', previous: { run: 3, clean: false, accepted: 250 } });
    const report = verdictOn([...cut.map((record) => ({ record, sink: 1 })), ...deliveredOf(after)]);
    expect(report).toMatchObject({ proven: true, unaccounted: 0, unproven_tail: 3 });
    expect(report.runs).toMatchObject([{ state: 'killed', unproven_tail: 3, accepted_up_to: 250 }, { state: 'stopped' }]);
    expect(report.blind).toMatchObject([{ from_time: end, to_time: after.records[0]?.time }]);
  });
});

describe('what is not there at all', () => {
  it('is a host that was expected', () => {
    const report = verdictOn(deliveredOf(other), undefined, [other.records[0]?.host.host_id.toString('hex') ?? '', 'no such host']);
    expect(report.proven).toBe(false);
    expect(report.missing_hosts).toContain('no such host');
  });

  it('is a run between two others', () => {
    const report = verdictOn([first, third].flatMap((run) => deliveredOf(run)));
    expect(report.proven).toBe(false);
    expect(report.runs.flatMap(({ findings }) => findings)).toMatchObject([{ fault: 'run_missing' }]);
  });

  it('may be what retention took: the run begins later', () => {
    const from = records.indexOf(checkpoint(4));
    const kept = records.slice(from);
    const report = verdictOn(kept.map((record) => ({ record, sink: 1 })));
    expect(report).toMatchObject({ proven: true, unaccounted: 0 });
    expect(report.runs).toMatchObject([{ begins_at: 122, unproven_head: 0, state: 'stopped' }]);
    const older = verdictOn(records.slice(from - 3).map((record) => ({ record, sink: 1 })));
    expect(older.runs).toMatchObject([{ begins_at: 119, unaccounted: 0 }]);
  });
});
