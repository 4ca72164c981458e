import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { within } from '../../../src/cli/patience.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('is what the work comes to, and leaves no timer', async () => {
  expect(await within(1000, Promise.resolve('done'), 'late')).toBe('done');
  await expect(within(1000, Promise.reject(new Error('broken')), 'late')).rejects.toThrow('broken');
  expect(vi.getTimerCount()).toBe(0);
});

it('waits so long and no longer; a failure after that disturbs nobody', async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  const result = within(1000, promise, 'late');
  await vi.advanceTimersByTimeAsync(1000);
  expect(await result).toBe('late');
  reject(new Error('too late'));
  await vi.runAllTimersAsync();
});
