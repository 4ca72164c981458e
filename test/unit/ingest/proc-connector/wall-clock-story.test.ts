import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Watched } from './fake-machine.ts';

/** What a machine may go through; the thread looks at least every 50 ms unless it sleeps with an empty queue. */
const chapter = fc.oneof(
  fc.record({ type: fc.constant('runs' as const), ms: fc.integer({ min: 1, max: 300 }), everyMs: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ type: fc.constant('held' as const), ms: fc.integer({ min: 1, max: 300 }), everyMs: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ type: fc.constant('sleeps' as const), ms: fc.integer({ min: 1, max: 1e7 }) }),
  fc.record({ type: fc.constant('steps' as const), us: fc.integer({ min: -1e10, max: 1e10 }) }),
  fc.record({
    type: fc.constant('suspended' as const),
    unread: fc.integer({ min: 0, max: 3 }),
    frozenMs: fc.integer({ min: 60, max: 2000 }),
    seconds: fc.integer({ min: 1, max: 1e6 }),
    thawedMs: fc.integer({ min: 60, max: 2000 }),
    after: fc.integer({ min: 0, max: 30 }),
  }),
);
type Chapter = typeof chapter extends fc.Arbitrary<infer C> ? C : never;

function live(watched: Watched, happens: Chapter): void {
  const { machine } = watched;
  switch (happens.type) {
    case 'runs':
      for (let t = 0; t < happens.ms; t += happens.everyMs) {
        watched.events(happens.everyMs, happens.everyMs);
        watched.receive();
      }
      return;
    case 'held':
      for (let t = 0; t < happens.ms; t += 40) {
        watched.events(Math.min(40, happens.ms - t), happens.everyMs);
        watched.look();
      }
      return;
    case 'sleeps':
      watched.drain();
      machine.pass(happens.ms);
      return;
    case 'steps':
      machine.step(happens.us);
      watched.look(true);
      return;
    case 'suspended':
      for (let i = 0; i < happens.unread; i += 1) watched.events(0.5, 0.5);
      machine.pass(happens.frozenMs);
      machine.suspend(happens.seconds);
      machine.pass(happens.thawedMs);
      for (let i = 0; i < happens.after; i += 1) watched.events(0.5, 0.5);
      watched.look(true);
  }
}

test('whatever happens, the wall clock of every event is right to a millisecond', () => {
  fc.assert(
    fc.property(fc.array(chapter, { maxLength: 12 }), (story) => {
      const watched = new Watched();
      for (const happens of story) live(watched, happens);
      watched.drain();
      expect(watched.worstUs).toBeLessThan(1000);
    }),
    { numRuns: 2000 },
  );
});
