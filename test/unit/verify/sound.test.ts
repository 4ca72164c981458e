import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { MadeRun, deliveredOf, verdictOn } from './made-runs.ts';
import type { Delivered, Fate, RunPlan, Step } from './made-runs.ts';

const fate = fc.constantFrom<Fate>(
  'accepted',
  'accepted',
  'accepted',
  'filtered',
  'queue_full',
  'evicted',
  'dead_lettered',
  'evicted_but_there',
);
const step: fc.Arbitrary<Step> = fc.record({ fate, count: fc.integer({ min: 1, max: 12 }), checkpoint: fc.boolean() });
const plain = fc.record({
  steps: fc.array(step, { maxLength: 25 }),
  end: fc.constantFrom<RunPlan['end']>('stop', 'stop_dropped', 'remove', 'kill'),
});

/** For each host some runs in one sink, each naming the one before; the last one of a host is not killed. */
function made(hosts: readonly (readonly { steps: readonly Step[]; end: RunPlan['end'] }[])[]): MadeRun[] {
  let number = 0;
  return hosts.flatMap((runs, host) => {
    let before: MadeRun | undefined;
    return runs.map((run, i) => {
      number += 1;
      const end = i === runs.length - 1 && run.end === 'kill' ? 'stop' : run.end;
      const previous: RunPlan['previous'] =
        before === undefined ? undefined : { run: before.plan.run, clean: before.plan.end !== 'kill', accepted: before.lastAccepted };
      before = new MadeRun({ host, sink: host, run: number, steps: run.steps, end, ...(previous === undefined ? {} : { previous }) });
      return before;
    });
  });
}

const fleet = fc.array(fc.array(plain, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }).map(made);

/** Some of them twice, all in any order. */
function disordered(all: readonly Delivered[], random: () => number): Delivered[] {
  const twice = all.flatMap((one) => (random() < 0.2 ? [one, one] : [one]));
  return twice
    .map((one) => [random(), one] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one);
}

it('accounts for every event of several hosts, runs and sinks, in any order and any number of copies', () => {
  fc.assert(
    fc.property(fleet, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), fc.boolean(), (runs, numbers, shuffled) => {
      const all = runs.flatMap(deliveredOf);
      const order = shuffled ? disordered(all, () => numbers.next().value as number) : all;
      const report = verdictOn(order);
      expect(report.runs.flatMap(({ findings }) => findings)).toEqual([]);
      expect([report.proven, report.unaccounted, report.runs.length]).toEqual([true, 0, runs.length]);
      expect(report.blind.length).toBe(runs.length - new Set(runs.map(({ plan }) => plan.host)).size);
      expect(report.runs.reduce((sum, { duplicates }) => sum + duplicates, 0)).toBe(order.length - all.length);
      for (const { state, unproven_tail, expected, present, declared } of report.runs) {
        if (state === 'stopped' || state === 'closed') {
          expect(unproven_tail).toBe(0);
          const gone = (declared['dropped'] ?? 0) + (declared['dead_lettered'] ?? 0);
          expect(expected - present).toBe(gone);
        } else expect(state).toBe('killed');
      }
    }),
    { numRuns: 300 },
  );
});

it('finds each removed event, wherever in a run that stopped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.nat(), fc.boolean(), (steps, at, back) => {
      const run = new MadeRun({ host: 1, run: 1, sink: 1, steps, end: 'stop' });
      const all = deliveredOf(run);
      const numbered = all.filter(({ record }) => record.sequence !== null);
      const victim = numbered[at % numbered.length] as Delivered;
      // What is declared gone may be gone.
      if (declaredGone(run, victim.record.sequence ?? 0)) return;
      const rest = all.filter((one) => one !== victim);
      const report = verdictOn(back ? rest.toReversed() : rest);
      expect([report.proven, report.unaccounted]).toEqual([false, 1]);
      const [missing] = report.runs[0]?.findings.filter(({ fault }) => fault === 'missing') ?? [];
      expect(missing?.sequences).toEqual([victim.record.sequence]);
    }),
    { numRuns: 500 },
  );
});

function declaredGone({ records }: MadeRun, sequence: number): boolean {
  return records.some(({ event }) => event?.checkpoint?.amendments.some(({ from, to }) => from <= sequence && sequence <= to) === true);
}

it('takes the end of a sink that was removed for no silence, also when a next run says that it stopped cleanly', () => {
  const steps: Step[] = [{ fate: 'accepted', count: 3, checkpoint: true }];
  const removed = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'remove' });
  const next = new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted: 5 } });
  const states = (runs: readonly MadeRun[], without = 0): unknown[] => {
    const all = runs.flatMap((run) => (run === removed ? deliveredOf(run).slice(0, deliveredOf(run).length - without) : deliveredOf(run)));
    const { proven, runs: judged } = verdictOn(all);
    return [proven, ...judged.map(({ state }) => state)];
  };
  expect(states([removed])).toEqual([true, 'closed']);
  expect(states([removed, next])).toEqual([true, 'closed', 'stopped']);
  expect(states([removed], 1)).toEqual([false, 'silent']);
  expect(states([removed, next], 1)).toEqual([false, 'killed', 'stopped']);
});
