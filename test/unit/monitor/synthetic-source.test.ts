import { expect, test } from 'vitest';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import type { GapRecord, MonitorKind, RecordOf } from '../../../src/monitor/records.ts';
import { MONITOR_KINDS } from '../../../src/monitor/subscriptions.ts';
import { syntheticSource } from '../../../src/monitor/synthetic-source.ts';

/** All there is to hear of 20,000 events. */
async function listen(lostPerMillion: number, threads: boolean) {
  const source = syntheticSource({ seed: 7, events: 20_000, eventsPerSecond: 0, lostPerMillion });
  const monitor = new ProcessMonitor({ source, threads });
  const heard: (RecordOf<MonitorKind> | GapRecord)[] = [];
  const events = monitor.events({ kinds: MONITOR_KINDS });
  await monitor.start();
  for await (const event of events) heard.push(event);
  return { heard, monitor };
}

const ofKernel = (events: Awaited<ReturnType<typeof listen>>['heard']) =>
  events.filter(({ kind }) => kind !== 'GAP' && kind !== 'SNAPSHOT');

test('whatever the kernel tells comes to a loop that keeps up: each event once, in a dense sequence; the loop ends with the source', async () => {
  const { heard, monitor } = await listen(0, true);
  const told = Object.values(monitor.counters.events).reduce((sum, count) => sum + count, 0);
  // Calls for ids by several threads of a process are one event.
  expect(ofKernel(heard).length).toBeGreaterThan(0.99 * told);
  expect(heard.map((event) => (event.kind === 'GAP' ? 0 : event.sequence))).toEqual(heard.map((_, n) => n + 1));
  expect(monitor.counters).toMatchObject({ lost: 0, dropped: 0, failures: 0 });
  expect(monitor.state).toBe('stopped');
});

test('what is lost is in the gaps, to the last event', async () => {
  const { heard, monitor } = await listen(50_000, false);
  const { events, lost } = monitor.counters;
  expect(lost).toBeGreaterThan(0);
  expect(heard.reduce((sum, event) => sum + (event.kind === 'GAP' ? event.gap.count : 0), 0)).toBe(lost);
  expect(Object.values(events).reduce((sum, count) => sum + count, 0)).toBe(20_000);
});

test('the same seed tells the same', async () => {
  const story = async () =>
    (await listen(1000, false)).heard.map((event) => (event.kind === 'GAP' ? event.gap.count : `${event.kind} ${event.process.name}`));
  expect(await story()).toEqual(await story());
});

test('what cannot be made up is refused', () => {
  expect(() => syntheticSource({ seed: -1 })).toThrow(expect.objectContaining({ code: 'USAGE' }));
  expect(() => syntheticSource({ events: 0.5 })).toThrow(/events 0.5/);
});
