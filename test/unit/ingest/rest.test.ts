import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rest } from '../../../src/ingest/rest.ts';

const never = new AbortController().signal;

describe('a rest', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('lasts as long as it should', async () => {
    const waiting = new Rest().forMs(50, never);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(50);
    await waiting;
  });

  it('is cut short, also all later ones, and leaves no timer', async () => {
    const rest = new Rest();
    const waiting = rest.forMs(1e9, never);
    rest.end();
    await waiting;
    await rest.forMs(1e9, never);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is given up when the signal aborts, with its reason, and leaves no timer', async () => {
    const abort = new AbortController();
    const waiting = new Rest().forMs(1e9, abort.signal);
    abort.abort(new Error('no time'));
    await expect(waiting).rejects.toThrow('no time');
    expect(vi.getTimerCount()).toBe(0);
    await expect(new Rest().forMs(1, abort.signal)).rejects.toThrow('no time');
  });
});
