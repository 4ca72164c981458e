import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { Upkeep } from '../../../src/agent/upkeep.ts';

const REPORT = { stream: 'agent', event: { kind: 'THROTTLE' } } as AnyEvent;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** An enricher with one report that is due at a moment, and what became of it. */
function kept(dueNs: number, publish?: () => Promise<void>) {
  let nowNs = 0;
  const emitted: AnyEvent[] = [];
  const enricher = {
    dueNs,
    sweep: vi.fn(),
    tell: (untilNs: number, emit: (event: AnyEvent) => void): void => {
      if (untilNs < enricher.dueNs) return;
      enricher.dueNs = Number.POSITIVE_INFINITY;
      emit(REPORT);
    },
  };
  const published = vi.fn(async (make: (emit: (event: AnyEvent) => void) => void) => {
    await publish?.();
    make((event) => emitted.push(event));
  });
  const upkeep = new Upkeep({ enricher, clock: { monotonicNs: () => nowNs }, publish: published });
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      nowNs += 1e9;
      await vi.advanceTimersByTimeAsync(1000);
    }
  };
  upkeep.start();
  return { upkeep, enricher, emitted, published, pass };
}

describe('where nothing is heard any more', () => {
  it('a report is told once it is due, when late events have had a second to come', async () => {
    const { upkeep, emitted, pass } = kept(10e9);
    await pass(10);
    expect(emitted).toEqual([]);
    await pass(1);
    expect(emitted).toEqual([REPORT]);
    await pass(60);
    expect(emitted).toEqual([REPORT]);
    upkeep.stop();
  });

  it('with nothing to tell, nobody is asked for a turn; the table is kept all the same', async () => {
    const { upkeep, published, enricher, pass } = kept(Number.POSITIVE_INFINITY);
    await pass(60);
    expect(published).not.toHaveBeenCalled();
    expect(enricher.sweep).toHaveBeenCalledTimes(60);
    upkeep.stop();
  });

  it('a turn that is long in coming is asked for once', async () => {
    const blocked = Promise.withResolvers<void>();
    const { upkeep, published, emitted, pass } = kept(1e9, () => blocked.promise);
    await pass(20);
    expect(published).toHaveBeenCalledTimes(1);
    blocked.resolve();
    await pass(1);
    expect(emitted).toEqual([REPORT]);
    upkeep.stop();
  });

  it('nothing happens once it is over', async () => {
    const { upkeep, emitted, enricher, pass } = kept(5e9);
    upkeep.stop();
    await pass(60);
    expect(emitted).toEqual([]);
    expect(enricher.sweep).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });
});
