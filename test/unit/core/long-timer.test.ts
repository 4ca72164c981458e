import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startLongTimer } from '../../../src/core/long-timer.ts';

const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it.each([1, 2 ** 31 - 1, 2 ** 31, 30 * DAY_MS, 400 * DAY_MS])('%i ms are over after that time and not before, once', (ms) => {
  const due = vi.fn();
  startLongTimer(ms, due);
  vi.advanceTimersByTime(ms - 1);
  expect(due).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(due).toHaveBeenCalledOnce();
  expect(vi.getTimerCount()).toBe(0);
});

it.each([0, 5 * DAY_MS, 29 * DAY_MS])('is called off for good after %i ms', (ms) => {
  const due = vi.fn();
  const cancel = startLongTimer(30 * DAY_MS, due);
  vi.advanceTimersByTime(ms);
  cancel();
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60 * DAY_MS);
  expect(due).not.toHaveBeenCalled();
});
