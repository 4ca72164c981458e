import { beforeEach, expect, it, vi } from 'vitest';
import { LossLog } from '../../../src/agent/loss-log.ts';
import type { LossEvent } from '../../../src/core/kernel-event.ts';
import { recordedLog } from './log-lines.ts';

const loss = (count: number, reason: LossEvent['reason'] = 'receive_buffer'): LossEvent => ({
  kind: 'LOSS',
  reason,
  monotonicNs: 0,
  cpu: 0,
  fromSeq: 1,
  toSeq: count,
  count,
  exact: true,
  fromTimeUs: 0,
  toTimeUs: 0,
});

function newLog() {
  const { log, entries } = recordedLog();
  return { losses: new LossLog(log), entries };
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

it('tells a burst of losses once, with all of it and what to do', () => {
  const { losses, entries } = newLog();
  for (const count of [1, 20, 300]) losses.note(loss(count));
  expect(entries).toEqual([]);
  vi.advanceTimersByTime(2000);
  expect(entries).toMatchObject([{ level: 'error', events: 321, msg: 'events lost: the receive buffer was full' }]);
  expect(entries[0]).toHaveProperty('fix', expect.stringContaining('source.receive_buffer'));
});

it('does not flood the log while losses go on, and leaves none of them out', () => {
  const { losses, entries } = newLog();
  for (let ms = 0; ms < 60_000; ms += 100) {
    losses.note(loss(1));
    vi.advanceTimersByTime(100);
  }
  losses.tell();
  expect(entries.length).toBeLessThanOrEqual(8);
  expect(entries.reduce((sum, entry) => sum + Number(entry['events']), 0)).toBe(600);
});

it('tells at the end what it had not told yet, and nothing twice', () => {
  const { losses, entries } = newLog();
  losses.note(loss(7));
  losses.tell();
  losses.tell();
  vi.advanceTimersByTime(60_000);
  expect(entries).toMatchObject([{ events: 7 }]);
});

it('leaves out times without subscription, which are told when they begin', () => {
  const { losses, entries } = newLog();
  losses.note(loss(0, 'blind'));
  vi.advanceTimersByTime(60_000);
  losses.tell();
  expect(entries).toEqual([]);
});
