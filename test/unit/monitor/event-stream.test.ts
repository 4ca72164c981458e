import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import type { GapRecord, MonitorKind, RecordOf } from '../../../src/monitor/records.ts';
import { exec, exit, fork, loss } from '../enrich/fixtures.ts';
import { newMonitor, startMonitor } from './scripted-source.ts';

const exits = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => exit(from + n, from + n));
const turn = () => new Promise((resolve) => void setImmediate(resolve));
const shortly = (event: RecordOf<MonitorKind> | GapRecord): string =>
  event.kind === 'GAP' ? `${event.gap.count} missing (${event.gap.stage})` : `${event.kind} ${event.process.pid}`;

/** What is waiting. */
async function rest(events: AsyncIterable<RecordOf<MonitorKind> | GapRecord>, monitor: ProcessMonitor): Promise<string[]> {
  const read: string[] = [];
  await monitor.stop();
  for await (const event of events) read.push(shortly(event));
  return read;
}

describe('a loop', () => {
  test('gets fork, exec and exit unless told, in order, from the call on; it ends with the monitor', async () => {
    const made = newMonitor();
    const [some, one] = [made.monitor.events(), made.monitor.events({ kinds: ['exec'] })];
    await made.monitor.start();
    await made.source.say(fork(1, 50, 60), exec(2, 60), exit(3, 60));
    expect(await rest(one, made.monitor)).toEqual(['EXEC 60']);
    expect(await rest(some, made.monitor)).toEqual(['FORK 60', 'EXEC 60', 'EXIT 60']);
    expect(made.monitor.counters.subscribers).toBe(0);
  });

  test('is unsubscribed by break', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events();
    const said = source.say(...exits(1, 3));
    for await (const event of events) {
      expect(shortly(event)).toBe('EXIT 1');
      break;
    }
    await said;
    expect(monitor.counters.subscribers).toBe(0);
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  test('is left by await using, return and its signal, each of them once and for all', async () => {
    const { monitor, source } = await startMonitor();
    {
      await using events = monitor.events();
      expect(events.dropped).toBe(0);
    }
    const returned = monitor.events();
    const waiting = returned.next();
    await returned.return();
    await returned.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const aborting = new AbortController();
    const aborted = monitor.events({ signal: aborting.signal });
    await source.say(exit(1, 1));
    const reason = new Error('enough');
    aborting.abort(reason);
    await expect(aborted.next()).rejects.toBe(reason);
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    expect(() => monitor.events({ signal: aborting.signal })).toThrow(reason);
    expect(monitor.counters.subscribers).toBe(0);
  });

  test('that waits is rejected by its signal', async () => {
    const { monitor } = await startMonitor();
    const aborting = new AbortController();
    const next = monitor.events({ signal: aborting.signal }).next();
    aborting.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });

  test('that is left while an event is on its way does not get it, and lets go of its signal', async () => {
    const { monitor, source } = await startMonitor();
    const { signal } = new AbortController();
    let events: { return(): Promise<unknown>; next(): Promise<unknown> } | undefined;
    monitor.on('exit', () => events?.return());
    events = monitor.events({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await source.say(exit(1, 1));
    expect(await events.next()).toEqual({ done: true, value: undefined });
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('is one of several, each with its own place', async () => {
    const { monitor, source } = await startMonitor();
    const [one, other] = [monitor.events(), monitor.events()];
    await source.say(...exits(1, 2));
    expect([await one.next(), await one.next(), await other.next()].map(({ value }) => shortly(value!))).toEqual([
      'EXIT 1',
      'EXIT 2',
      'EXIT 1',
    ]);
  });

  test('may ask ahead', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events();
    const three = [events.next(), events.next(), events.next()];
    await source.say(...exits(1, 2));
    await monitor.stop();
    expect((await Promise.all(three)).map(({ done }) => done)).toEqual([false, false, true]);
  });

  test('that is slow is bounded: the newest are dropped, counted, and a GAP stands in their place', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events({ highWaterMark: 3 });
    await source.say(...exits(1, 10));
    expect(events.dropped).toBe(7);
    expect(monitor.counters.dropped).toBe(7);
    for (let n = 0; n < 2; n++) await events.next();
    await source.say(...exits(11, 12));
    expect(await rest(events, monitor)).toEqual(['EXIT 3', '7 missing (subscriber)', 'EXIT 11', '1 missing (subscriber)']);
  });

  test('is told exactly when events are missing', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events({ highWaterMark: 1 });
    await source.say(...exits(1, 4));
    await events.next();
    const { value } = await events.next();
    const { from_time, to_time, ...gap } = (value as GapRecord).gap;
    expect(gap).toEqual({ reason: 'slow_subscriber', stage: 'subscriber', cpu: null, from_seq: null, to_seq: null, count: 3, exact: true });
    expect(to_time - from_time).toBe(2000);
  });

  test('that keeps up waits for nothing and drops nothing, however many events come', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events({ highWaterMark: 8 });
    let read = 0;
    const reading = (async () => {
      for await (const event of events) if (event.kind === 'EXIT') read += 1;
    })();
    for (let n = 0; n < 1000; n++) {
      await source.say(...exits(n * 5 + 1, n * 5 + 5));
      await turn();
    }
    await monitor.stop();
    await reading;
    expect({ read, dropped: events.dropped }).toEqual({ read: 5000, dropped: 0 });
  });
});

describe('losses in the kernel', () => {
  test('are told to every loop in their place, whatever its filters, and to listeners for gap (typed, DataDog and NeuVector lose in silence)', async () => {
    const { monitor, source } = await startMonitor();
    const told: GapRecord[] = [];
    monitor.on('gap', (gap) => told.push(gap));
    const events = monitor.events({ kinds: ['exit'], name: 'nobody' });
    await source.say(exit(1, 1), loss(3), exit(2, 2));
    expect(told.map(({ gap }) => gap)).toEqual([
      expect.objectContaining({ reason: 'receive_buffer', stage: 'kernel', cpu: 1, from_seq: 10, to_seq: 12, count: 3, exact: true }),
    ]);
    expect(monitor.counters.lost).toBe(3);
    expect(await rest(events, monitor)).toEqual(['3 missing (kernel)']);
  });

  test('are never dropped: a full loop is told of them together', async () => {
    const { monitor, source } = await startMonitor();
    const events = monitor.events({ highWaterMark: 2 });
    await source.say(...exits(1, 2), loss(3), loss(4), exit(3, 3));
    expect(await rest(events, monitor)).toEqual(['EXIT 1', 'EXIT 2', '7 missing (kernel)', '1 missing (subscriber)']);
  });
});
