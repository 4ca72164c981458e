import { describe, expect, test } from 'vitest';
import { WallClock } from '../../../../src/ingest/proc-connector/wall-clock.ts';
import { FakeMachine, Watched } from './fake-machine.ts';

const HOUR_S = 3600;

describe('in ordinary life', () => {
  test('the offsets are right to microseconds, and stay the same object', () => {
    const { machine, clock } = new Watched();
    const first = clock.offsetsAt(machine.nowNs);
    expect(Math.abs(first.wallUs - machine.wallUs)).toBeLessThan(5);
    for (let i = 0; i < 100; i += 1) {
      machine.pass(200);
      clock.look(machine.monotonicNs());
      expect(clock.offsetsAt(machine.nowNs)).toBe(first);
    }
  });

  test('the clocks are read at most once a second', () => {
    const { machine, clock } = new Watched();
    machine.readings = 0;
    for (let i = 0; i < 10_000; i += 1) {
      machine.pass(1);
      clock.look(machine.monotonicNs());
    }
    expect(machine.readings).toBeGreaterThan(0);
    expect(machine.readings).toBeLessThanOrEqual(20);
  });

  test.each([
    ['two interruptions', [30, 30, 0], 5],
    ['only interruptions', [30, 1, 20], 600],
  ])('after %s the tightest of three readings counts', (_, interruptions, worstUs) => {
    const machine = new FakeMachine();
    const left = [...interruptions];
    machine.onReading = () => machine.pass(left.shift() ?? 0);
    expect(Math.abs(new WallClock(machine).offsetsAt(machine.nowNs).wallUs - machine.wallUs)).toBeLessThan(worstUs);
  });

  test('a sample that never was tight moves nothing', () => {
    const { machine, clock } = new Watched();
    const first = clock.offsetsAt(machine.nowNs);
    machine.onReading = () => machine.pass(30);
    machine.pass(1001);
    clock.look(machine.monotonicNs());
    expect(clock.offsetsAt(machine.nowNs)).toBe(first);
  });

  test('a first sample that was not tight is corrected by one that is, for all time', () => {
    const machine = new FakeMachine();
    machine.onReading = () => machine.pass(30);
    const clock = new WallClock(machine);
    machine.onReading = () => undefined;
    machine.pass(1001);
    clock.look(machine.monotonicNs());
    expect(Math.abs(clock.offsetsAt(machine.nowNs).wallUs - machine.wallUs)).toBeLessThan(5);
    expect(clock.offsetsAt(0)).toBe(clock.offsetsAt(machine.nowNs));
  });

  test('a clock that creeps is followed without a history', () => {
    const { machine, clock } = new Watched();
    const early = machine.nowNs;
    for (let s = 0; s < 100; s += 1) {
      machine.pass(1001);
      machine.wallUs += 300;
      clock.look(machine.monotonicNs());
      expect(Math.abs(clock.offsetsAt(machine.nowNs).wallUs - machine.wallUs)).toBeLessThan(5);
    }
    expect(clock.offsetsAt(early)).toBe(clock.offsetsAt(machine.nowNs));
  });
});

describe('a suspend', () => {
  test('of an hour between events: both sides are exact, also what was queued before and read after', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.events(100, 1);
    watched.drain();
    watched.events(3, 1);
    machine.pass(300);
    machine.suspend(HOUR_S);
    machine.pass(300);
    watched.events(5, 1);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
    expect(watched.clock.offsetsAt(machine.nowNs).bootNs).toBeCloseTo(HOUR_S * 1e9, -4);
  });

  test('after a sleep without events: what came just before it is old, what came just after it new', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.drain();
    machine.pass(3600_000);
    watched.events(2, 1);
    machine.pass(200);
    machine.suspend(8 * HOUR_S);
    machine.pass(200);
    watched.events(2, 1);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
  });

  test('after a sleep without events, in which only what came after it is queued', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.drain();
    machine.pass(3600_000);
    machine.suspend(HOUR_S);
    machine.pass(200);
    watched.events(40, 1);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
  });

  test('while the thread was stopped and hundreds of events were queued on both sides', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.events(10, 1);
    watched.drain();
    watched.events(500, 1);
    machine.pass(200);
    machine.suspend(HOUR_S);
    machine.pass(200);
    watched.events(800, 1);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
  });

  test('quicker than what the thread had left to read', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.drain();
    watched.events(40, 1);
    machine.pass(8);
    machine.suspend(HOUR_S);
    machine.pass(8);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
  });

  test('several, each with a queue of its own that is read much later', () => {
    const watched = new Watched();
    const { machine } = watched;
    for (let i = 1; i <= 5; i += 1) {
      watched.events(40, 1);
      watched.look();
      machine.pass(150);
      machine.suspend(i * 100);
      machine.pass(150);
      watched.look(true);
    }
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
    expect(watched.clock.settling).toBe(false);
  });

  test.each([1, 2])('in the middle of a sample, before reading %i, leaves no mixture of before and after', (reading) => {
    const watched = new Watched();
    const { machine } = watched;
    machine.pass(1001);
    machine.readings = 0;
    machine.onReading = () => {
      if (machine.readings !== reading) return;
      machine.pass(150);
      machine.suspend(HOUR_S);
      machine.pass(150);
    };
    const before = watched.event();
    watched.drain();
    machine.onReading = () => undefined;
    expect(Math.abs(watched.clock.offsetsAt(machine.nowNs).wallUs - machine.wallUs)).toBeLessThan(5);
    machine.pass(1);
    watched.event();
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
    expect(Math.abs(watched.clock.offsetsAt(before).bootNs)).toBeLessThan(1e6);
  });

  test('too short for the cheap clock to show is found by the next sample', () => {
    const { machine, clock } = new Watched();
    machine.suspend(0.0015);
    machine.pass(1001);
    clock.look(machine.monotonicNs());
    expect(clock.offsetsAt(machine.nowNs).bootNs).toBeCloseTo(1.5e6, -4);
  });
});

describe('a step of the wall clock', () => {
  test.each([
    ['forward', 7200e6],
    ['back', -7200e6],
    ['forward by little', 800],
    ['back by little', -800],
  ])('%s counts from the alarm on; what was queued before it is not moved', (_, us) => {
    const watched = new Watched();
    const { machine } = watched;
    watched.events(20, 1);
    machine.step(us);
    watched.look(true);
    watched.events(20, 1);
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
    expect(Math.abs(watched.clock.offsetsAt(machine.nowNs).wallUs - machine.wallUs)).toBeLessThan(10);
    expect(watched.clock.settling).toBe(false);
  });

  test('is noticed without an alarm, too, and events long before it are not moved', () => {
    const watched = new Watched();
    const { machine } = watched;
    const before = watched.event();
    machine.pass(10);
    watched.look();
    machine.pass(10);
    machine.step(-3e6);
    machine.pass(10);
    watched.receive();
    watched.event();
    watched.receive();
    expect(watched.worstUs).toBeLessThan(1000);
    expect(Math.abs(watched.clock.offsetsAt(before).wallUs - machine.truthAt(before).wallUs)).toBeLessThan(10);
  });

  test('without an alarm, while nothing happened: the event that wakes the thread long after it is of the new time', () => {
    const watched = new Watched();
    const { machine } = watched;
    watched.drain();
    machine.pass(1e6);
    machine.step(-3600e6);
    machine.pass(1.5e6);
    watched.event();
    watched.drain();
    expect(watched.worstUs).toBeLessThan(1000);
  });

  test('happening again and again leaves a bounded history, whose oldest entry stands for all time before', () => {
    const { machine, clock } = new Watched();
    const stamps: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      machine.pass(10);
      machine.step(60e6);
      clock.look(machine.monotonicNs(), true);
      stamps.push(machine.nowNs);
    }
    const wall = (stampNs: number): number => clock.offsetsAt(stampNs).wallUs;
    expect(Math.abs(wall(stamps[25]!) - machine.truthAt(stamps[25]!).wallUs)).toBeLessThan(10);
    expect(Math.abs(wall(stamps[24]!) - machine.truthAt(stamps[24]!).wallUs)).toBeLessThan(10);
    expect(wall(0)).toBe(wall(stamps[24]!));
  });
});
