import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLedger } from '../../../src/core/ledger.ts';
import { spanText } from '../../../src/cli/check-outage-text.ts';
import { forkcast } from './fake-io.ts';

const DISK = 'queue: {type: disk}';

function dataDir(record?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'forkcast-outage-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'state'));
  if (record !== undefined) writeFileSync(join(folder, 'state', 'last-run.json'), record);
  return folder;
}

/** 500 events/s, of which the sink filters a fifth; 100 bytes each on disk, 400 in memory. */
function recordOf(seconds: number): string {
  const last = 500 * seconds;
  const accepted = 0.8 * last;
  const books = { sequenced: last, filtered: 0.2 * last, accepted, acceptedBytes: 400 * accepted, storedBytes: 100 * accepted };
  return JSON.stringify({ version: 1, last_sequence: last, resources: { seconds }, sinks: [{ ...openLedger('a'), ...books }] });
}

const check = (folder: string, sinks: string, ...more: string[]) =>
  forkcast('check', '--set', `agent.data_dir=${folder}`, '--set', `sinks={${sinks}}`, ...more);

describe('check says how long an outage a queue holds', () => {
  it('at the rate and with the sizes of the last run', async () => {
    const folder = dataDir(recordOf(3600));
    const { out } = await check(folder, `a: {type: file, ${DISK}}`);
    expect(out).toMatch(/^ {2}sink a .*; waiting: 1 GiB on disk, then drop_newest$/m);
    expect(out).toMatch(/^ {2}outage a +about 7h27m at 400 events\/s \(10,700,000 of 100 B\); then new ones are dropped, and counted$/m);
    expect(out).toMatch(/^ +rates are measured in the last run, of about 1h$/m);
    const { outages } = JSON.parse((await check(folder, `a: {type: file, ${DISK}}`, '--json')).out) as { outages: unknown };
    expect(outages).toEqual([
      {
        sink: 'a',
        queue: 'disk',
        when_full: 'drop_newest',
        events_per_second: 400,
        rate_from: 'last_run',
        bytes_per_event: 100,
        bytes_from: 'last_run',
        holds_events: 10_737_418,
        holds_seconds: 26_844,
      },
    ]);
  });

  it('within the bound that is reached first, and in memory no longer than the agent lives', async () => {
    const folder = dataDir(recordOf(3600));
    const few = await check(folder, 'a: {type: file, queue: {max_events: 4000, when_full: drop_oldest}}');
    expect(few.out).toMatch(/^ {2}outage a +about 10s at 400 events\/s \(4,000 of 400 B\); then the oldest are dropped, and counted$/m);
    expect(few.out).toMatch(/^ +what waits in memory \(a\) is lost when the agent ends meanwhile$/m);
    const small = await check(folder, 'a: {type: file, queue: {max_size: 1MiB}}');
    expect(small.out).toMatch(/^ {2}outage a +about 7s at 400 events\/s \(2,620 of 400 B\)/m);
    const bounded = await check(folder, 'a: {type: file, queue: {type: disk, max_events: 4000}}');
    expect(bounded.out).toMatch(/waiting: 1 GiB or 4,000 events on disk, then drop_newest$/m);
  });

  it('at a rate that is stated where there was no run, none that tells, or none with this sink', async () => {
    const cases: [string | undefined, RegExp][] = [
      [undefined, /1,000 events\/s is an example, since no run has been recorded here yet$/m],
      [recordOf(12), /1,000 events\/s is an example, since the last run was too short to tell \(12s\)$/m],
      ['{', /1,000 events\/s is an example, since the record of the last run is damaged$/m],
    ];
    for (const [record, why] of cases) {
      const { out } = await check(dataDir(record), `a: {type: file, ${DISK}}`);
      expect(out).toMatch(/^ {2}outage a +about 1h24m at 1,000 events\/s \(5,040,000 of 213 B\)/m);
      expect(out).toMatch(why);
      expect(out).not.toContain('in memory');
    }
    const { outages } = JSON.parse((await check(dataDir(recordOf(3600)), 'b: {type: file}', '--json')).out) as { outages: unknown };
    expect(outages).toMatchObject([{ events_per_second: 500, rate_from: 'last_run', bytes_per_event: 450, bytes_from: 'typical' }]);
  });

  it('and what it means where the queue blocks', async () => {
    const { out } = await check(dataDir(recordOf(3600)), 'a: {type: file, queue: {type: disk, when_full: block}}');
    expect(out).toMatch(/; then the agent waits, and the kernel holds 161,000 more \(about 6m43s\) before it drops, and counts$/m);
    const made = await check(dataDir(recordOf(3600)), 'a: {type: file, queue: {when_full: block}}', '--set', 'source.type=synthetic');
    expect(made.out).toMatch(/; then the agent waits$/m);
  });

  it('but nothing of a replay, which waits for its sinks', async () => {
    const replay = ['--set', 'source.type=replay', '--set', 'source.replay.path=/tmp/x.fcrec'];
    expect((await check(dataDir(), 'a: {type: file}', ...replay)).out).not.toMatch(/outage a|example/);
    expect(JSON.parse((await check(dataDir(), 'a: {type: file}', ...replay, '--json')).out)).toMatchObject({ outages: [] });
  });
});

it('counts no disk to the memory that queues may take', async () => {
  expect((await check(dataDir(), `a: {type: file, ${DISK}}`)).out).not.toContain('of memory');
});

it.each([
  [0.2, 'less than a second'],
  [59.9, 'about 59s'],
  [3600, 'about 1h'],
  [90_000, 'about 1d1h'],
  [4e7, 'more than a year'],
])('writes %d seconds as people say it', (seconds, text) => expect(spanText(seconds)).toBe(text));
