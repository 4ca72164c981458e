import { expect, it } from 'vitest';
import { MadeRun, deliveredOf, verdictOn } from './made-runs.ts';
import type { Step } from './made-runs.ts';

const steps: Step[] = Array.from({ length: 3 }, () => ({ fate: 'accepted' as const, count: 10, checkpoint: true }));
/** The sink was removed with event 31, its run stopped cleanly later; it is configured again. */
const left = new MadeRun({ host: 1, sink: 1, run: 1, steps, end: 'leave' });
const again = (accepted: number) =>
  new MadeRun({ host: 1, sink: 1, run: 2, steps, end: 'stop', previous: { run: 1, clean: true, accepted } });

it('a sink that was removed while its run went on is not missed at the end of that', () => {
  const report = verdictOn([left, again(31)].flatMap(deliveredOf));
  expect(report).toMatchObject({ proven: true, unaccounted: 0, unproven_tail: 0 });
  expect(report.runs).toMatchObject([{ state: 'closed', clean: null, findings: [] }, { state: 'stopped' }]);
});

it('but what it accepted must be there to the last', () => {
  const findings = (records: typeof left.records, accepted: number) =>
    verdictOn([...records.map((record) => ({ record, sink: 1 })), ...deliveredOf(again(accepted))]).runs.flatMap((run) =>
      run.findings.map(({ fault }) => fault),
    );
  expect(findings(left.records, 32)).toEqual(['stop_missing']);
  expect(findings(left.records.slice(0, -2), 31)).toEqual(['stop_missing']);
  expect(
    findings(
      left.records.filter(({ sequence }) => sequence !== 30),
      31,
    ),
  ).toEqual(['missing']);
});
