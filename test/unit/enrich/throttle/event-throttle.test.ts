import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AgentThrottle } from '../../../../src/core/agent-event.ts';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import type { ProcessEvent, ProcessKind } from '../../../../src/core/event.ts';
import { EventThrottle } from '../../../../src/enrich/throttle/event-throttle.ts';
import type { ThrottleConfig } from '../../../../src/enrich/throttle/config.ts';
import type { Known } from '../../../../src/enrich/known.ts';
import { IDENTITY, capture, eventOf, exec, newEnricher, snapshot } from '../fixtures.ts';

const CONFIG: ThrottleConfig = { by: 'cgroup', rate: 10, burst: 5, reportEveryMs: 1000 };
const WALL_US = 1_700_000_000_000_000;
const template = eventOf(newEnricher(), exec(1, 100, capture()));

interface Said {
  readonly kind?: ProcessKind;
  readonly cgroup?: string | null;
  readonly exe?: string | null;
}
const eventAt = (us: number, { kind = 'EXEC', cgroup = '/a', exe = '/bin/a' }: Said = {}): ProcessEvent => ({
  ...template,
  kind,
  time: WALL_US + us,
  monotonic_us: us,
  process: { ...template.process, cgroup, exe },
});

/** A throttle, and what it let pass and reported. */
class Run {
  readonly throttle: EventThrottle;
  readonly reports: AgentThrottle[] = [];
  readonly emit = (event: AnyEvent): void => {
    if (event.stream === 'agent' && event.event.throttle !== null) this.reports.push(event.event.throttle);
  };
  passed = 0;

  constructor(config: Partial<ThrottleConfig> = {}, maxKeys?: number) {
    this.throttle = new EventThrottle({ ...CONFIG, ...config }, IDENTITY, maxKeys);
  }

  take(event: ProcessEvent, known?: Known): boolean {
    const passes = this.throttle.admits(event, known, this.emit);
    if (passes) this.passed += 1;
    return passes;
  }

  get reported(): number {
    return this.reports.reduce((sum, { count }) => sum + count, 0);
  }
}

describe('a key', () => {
  it('may have a burst at once, then its rate', () => {
    const run = new Run();
    expect(Array.from({ length: 8 }, () => run.take(eventAt(0)))).toEqual([true, true, true, true, true, false, false, false]);
    expect([99_000, 100_000, 100_001, 200_000, 350_000].map((us) => run.take(eventAt(us)))).toEqual([false, true, false, true, true]);
  });

  it('has its whole burst again after a quiet time, and no more', () => {
    const run = new Run();
    for (let i = 0; i < 20; i++) run.take(eventAt(0));
    for (let i = 0; i < 20; i++) run.take(eventAt(3_600_000_000));
    expect(run.passed).toBe(10);
  });

  it('in the long run has its rate, to the event', () => {
    const run = new Run({ rate: 300, burst: 7 });
    for (let us = 0; us < 10_000_000; us += 1000) run.take(eventAt(us));
    expect(run.passed).toBe(3000 + 6);
  });

  it('does not take from another', () => {
    const run = new Run();
    for (let i = 0; i < 10; i++) {
      run.take(eventAt(0, { cgroup: '/a' }));
      run.take(eventAt(0, { cgroup: '/b' }));
    }
    expect(run.passed).toBe(10);
  });

  it('is the cgroup or the executable, of the table where the event does not say', () => {
    const known = { name: 'a', uid: 0, cgroup: '/known', image: { exe: '/bin/known' }, parent: null };
    const keysOf = (by: ThrottleConfig['by']): string[] => {
      const run = new Run({ by, burst: 1 });
      for (const said of [{}, { cgroup: null, exe: null }]) for (let i = 0; i < 2; i++) run.take(eventAt(0, said), known);
      for (let i = 0; i < 2; i++) run.take(eventAt(0, { cgroup: null, exe: null }));
      run.throttle.end(run.emit);
      return run.reports.map(({ key }) => key);
    };
    expect(keysOf('cgroup')).toEqual(['cgroup:/a', 'cgroup:/known', 'cgroup:(unknown)']);
    expect(keysOf('exe')).toEqual(['exe:/bin/a', 'exe:/bin/known', 'exe:(unknown)']);
  });
});

describe('reports', () => {
  it('give the exact number by kind and the time between which it was', () => {
    const run = new Run({ burst: 1 });
    run.take(eventAt(0));
    for (const [us, kind] of [
      [10, 'FORK'],
      [30, 'FORK'],
      [20, 'EXIT'],
    ] as const)
      run.take(eventAt(us, { kind }));
    expect(run.reports).toEqual([]);
    run.throttle.end(run.emit);
    expect(run.reports).toEqual([
      { key: 'cgroup:/a', count: 3, from_time: WALL_US + 10, to_time: WALL_US + 30, by_kind: { FORK: 2, EXIT: 1 } },
    ]);
  });

  it('are events of the agent with the time of the last that they count', () => {
    const run = new Run({ burst: 1 });
    const made: AnyEvent[] = [];
    for (const us of [0, 5, 7]) run.throttle.admits(eventAt(us), undefined, run.emit);
    run.throttle.end((event) => made.push(event));
    expect(made).toMatchObject([
      { stream: 'agent', event: { kind: 'THROTTLE', time: WALL_US + 7, monotonic_us: 7, sequence: 0, gap: null } },
    ]);
  });

  it('come so long after the first that was suppressed, with the next event of anybody or when asked', () => {
    const run = new Run({ burst: 1 });
    for (const us of [0, 500_000, 500_001, 500_002]) run.take(eventAt(us));
    run.take(eventAt(1_500_000, { cgroup: '/b' }));
    expect(run.reports).toEqual([]);
    run.take(eventAt(1_500_001, { cgroup: '/c' }));
    expect(run.reports.map(({ count }) => count)).toEqual([2]);
    for (const us of [1_500_002, 1_500_003, 1_500_004, 1_500_005]) run.take(eventAt(us));
    run.throttle.tell(2_500_002, run.emit);
    expect(run.reports.map(({ count }) => count)).toEqual([2]);
    run.throttle.tell(2_500_003, run.emit);
    expect(run.reports.map(({ count }) => count)).toEqual([2, 3]);
  });

  it('are due at a known time, and at none while nothing is pending', () => {
    const run = new Run({ burst: 1 });
    run.take(eventAt(0));
    expect(run.throttle.dueUs).toBe(Number.POSITIVE_INFINITY);
    for (const us of [10, 20]) run.take(eventAt(us));
    expect(run.throttle.dueUs).toBe(1_000_010);
    run.throttle.tell(1_000_010, run.emit);
    expect(run.throttle.dueUs).toBe(Number.POSITIVE_INFINITY);
  });

  it('that were asked for early change nothing about what passes, and nothing about the next', () => {
    const [asked, left] = [new Run({ burst: 1 }), new Run({ burst: 1 })];
    for (const us of [0, 1, 2]) for (const run of [asked, left]) run.take(eventAt(us));
    asked.throttle.tell(60_000_000, asked.emit);
    for (const us of [2_000_000, 2_000_001, 3_500_000]) expect(asked.take(eventAt(us))).toBe(left.take(eventAt(us)));
    expect(asked.reports).toEqual(left.reports);
    expect(asked.reports.map(({ count }) => count)).toEqual([2, 1]);
  });

  it('come before the event that brings them', () => {
    const order: string[] = [];
    const run = new Run({ burst: 1 });
    for (const us of [0, 1]) run.take(eventAt(us));
    if (run.throttle.admits(eventAt(2_000_000), undefined, ({ event }) => order.push(event.kind))) order.push('EXEC');
    expect(order).toEqual(['THROTTLE', 'EXEC']);
  });

  it('are made of the key that has to make room, so that nothing is lost from the count', () => {
    const run = new Run({ burst: 1 }, 2);
    for (const cgroup of ['/a', '/a', '/b', '/b', '/a', '/c']) run.take(eventAt(0, { cgroup }));
    expect(run.reports.map(({ key, count }) => [key, count])).toEqual([['cgroup:/b', 1]]);
    expect([run.throttle.keys, run.throttle.evicted]).toEqual([2, 1]);
  });
});

describe('what is not throttled', () => {
  it('snapshots, and what no message of the kernel caused', () => {
    const run = new Run({ burst: 1 });
    const found = eventOf(newEnricher(), snapshot(1, 100, capture()));
    for (let i = 0; i < 5; i++) run.take(found);
    for (let i = 0; i < 5; i++) run.take({ ...eventAt(0), kernel_seq: null, recovered: true });
    expect([run.passed, run.throttle.counters.throttled]).toEqual([10, 0]);
  });
});

describe('whatever comes', () => {
  const events = fc.array(
    fc.record({
      step: fc.integer({ min: -2000, max: 300_000 }),
      key: fc.integer({ min: 0, max: 12 }),
      kind: fc.constantFrom<ProcessKind>('FORK', 'EXEC', 'EXIT', 'UID'),
      repeat: fc.integer({ min: 1, max: 30 }),
    }),
    { maxLength: 60 },
  );
  const play = (given: readonly { step: number; key: number; kind: ProcessKind; repeat: number }[], run: Run): number => {
    let us = 10_000;
    let count = 0;
    for (const { step, key, kind, repeat } of given) {
      us += step;
      for (let i = 0; i < repeat; i++) run.take(eventAt(us, { cgroup: `/${key}`, kind }));
      count += repeat;
    }
    return count;
  };

  it('every event passes, is reported or is pending; at the end nothing is pending', () => {
    fc.assert(
      fc.property(events, (given) => {
        const run = new Run({ burst: 3 }, 8);
        const count = play(given, run);
        const { counters } = run.throttle;
        expect(run.passed + counters.throttled).toBe(count);
        expect(run.reported + run.throttle.pending).toBe(counters.throttled);
        run.throttle.end(run.emit);
        expect([run.reported, run.throttle.pending, run.reports.length]).toEqual([counters.throttled, 0, counters.reports]);
        for (const { count: sum, by_kind } of run.reports) expect(Object.values(by_kind).reduce((a, b) => a + b, 0)).toBe(sum);
        expect(run.throttle.keys).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('the same events are decided the same way again', () => {
    fc.assert(
      fc.property(events, (given) => {
        const [one, other] = [new Run({}, 8), new Run({}, 8)];
        play(given, one);
        play(given, other);
        expect([other.passed, other.reports]).toEqual([one.passed, one.reports]);
      }),
    );
  });

  it('keys that never come again cost no more than so many', () => {
    const run = new Run({ burst: 1 }, 100);
    for (let i = 0; i < 10_000; i++) for (let n = 0; n < 2; n++) run.take(eventAt(i, { cgroup: `/${i}` }));
    expect([run.throttle.keys, run.throttle.evicted, run.reported]).toEqual([100, 9900, 9900]);
    expect(run.throttle.pending).toBe(100);
  });
});
