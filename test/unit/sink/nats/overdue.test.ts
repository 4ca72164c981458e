import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Overdue } from '../../../../src/sink/nats/overdue.ts';
import { Window } from '../../../../src/sink/nats/window.ts';
import { messageOf } from './messages.ts';

/** A second of a time-out of eight. */
const SECOND = 1000;

describe('answers that do not come', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function watched() {
    const window = new Window({ maxMessages: 10_000, maxBytes: 1e9 });
    const [onStalled, onLost] = [vi.fn(), vi.fn()];
    const overdue = new Overdue({ window, timeoutMs: 8 * SECOND, onStalled, onLost });
    let sequence = 0;
    const send = (count: number): void => {
      for (let i = 0; i < count; i += 1) window.enter(messageOf((sequence += 1)), 10);
    };
    return { window, onStalled, onLost, overdue, send };
  }

  test('are a standstill when none comes to anything', () => {
    const { onStalled, onLost, send } = watched();
    send(3);
    vi.advanceTimersByTime(7 * SECOND);
    expect(onStalled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(4 * SECOND);
    expect(onStalled).toHaveBeenCalled();
    expect(onLost).not.toHaveBeenCalled();
  });

  test('are a standstill when no more come', () => {
    const { window, onStalled, send } = watched();
    send(9);
    for (let token = 1; token <= 5; token += 1) {
      window.answered(token);
      vi.advanceTimersByTime(SECOND);
    }
    expect(onStalled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(14 * SECOND);
    expect(onStalled).toHaveBeenCalled();
  });

  test('are a standstill although more is sent meanwhile', () => {
    const { onStalled, send } = watched();
    for (let i = 0; i < 12; i += 1) {
      send(1);
      vi.advanceTimersByTime(SECOND);
    }
    expect(onStalled).toHaveBeenCalled();
  });

  test('are lost when what was sent later is answered all the time', () => {
    const { window, onStalled, onLost, send } = watched();
    send(2);
    for (let token = 2; token < 14; token += 1) {
      send(1);
      window.answered(token);
      vi.advanceTimersByTime(SECOND);
    }
    expect(onStalled).not.toHaveBeenCalled();
    const [upTo] = onLost.mock.calls[0] as [number];
    // What was answered a time-out ago and before, and nothing that may be on its way.
    expect(upTo).toBeGreaterThanOrEqual(2);
    expect(upTo).toBeLessThan(7);
  });

  test('are late only of a stream that is slow, however full the window', () => {
    const { window, onStalled, onLost, send } = watched();
    send(1000);
    for (let token = 1; token <= 100; token += 1) {
      window.answered(token);
      vi.advanceTimersByTime(6 * SECOND);
    }
    expect(onStalled).not.toHaveBeenCalled();
    expect(onLost).not.toHaveBeenCalled();
  });

  test('do not miss where nothing waits for one', () => {
    const { window, onStalled, onLost, send } = watched();
    for (let token = 1; token <= 20; token += 1) {
      send(1);
      vi.advanceTimersByTime(SECOND);
      window.answered(token);
      vi.advanceTimersByTime(20 * SECOND);
    }
    expect([onStalled, onLost].map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
  });

  test('are looked for no longer when it has ended', () => {
    const { onStalled, overdue, send } = watched();
    send(1);
    overdue.end();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(100 * SECOND);
    expect(onStalled).not.toHaveBeenCalled();
  });
});
