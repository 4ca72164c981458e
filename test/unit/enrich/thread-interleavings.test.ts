import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heard } from '../../../src/core/kernel-event.ts';
import { capture, eventsOf, exec, exit, fork, newEnricher } from './fixtures.ts';

const LEADER = 60;
const AS_THREAD = 0xffff_ffff;

/** A message as it arrives; the kernel takes its stamp some time before. */
interface Sent {
  readonly atMs: number;
  readonly heard: Heard;
}

interface Delay {
  /** A task tells the others that it is dead, then takes its stamp and reads its ids, then sends. */
  readonly stampMs: number;
  readonly sendMs: number;
}

const delay: fc.Arbitrary<Delay> = fc.record({
  stampMs: fc.double({ min: 0, max: 3, noNaN: true }),
  sendMs: fc.double({ min: 0, max: 3, noNaN: true }),
});
const threads = fc.array(delay, { minLength: 1, maxLength: 4 });

const ordered = (sent: readonly Sent[]): Heard[] => sent.toSorted((one, other) => one.atMs - other.atMs).map(({ heard }) => heard);

/** Threads of a process besides its leader, forked at 1000 ms. */
function started(count: number, publish: boolean) {
  const enricher = newEnricher({ threads: publish });
  eventsOf(enricher, fork(1000, 50, LEADER));
  const tids = Array.from({ length: count }, (_, i) => LEADER + 1 + i);
  for (const tid of tids) eventsOf(enricher, fork(1001, 50, { pid: LEADER, tid }));
  return { enricher, tids };
}

/** An exec by one of the threads: all others die, their EXITs on the way while the exec goes on. */
function execByThread(
  tids: readonly number[],
  { delays, who, oldKernel }: { delays: readonly Delay[]; who: number; oldKernel: boolean },
): Sent[] {
  const execer = tids[who % tids.length] as number;
  const dying = [LEADER, ...tids.filter((tid) => tid !== execer)];
  const swapMs = 2001;
  const execMs = 2001.5;
  const sent: Sent[] = [{ atMs: execMs + 0.1, heard: exec(execMs, LEADER, capture({ pid: LEADER, startMs: 1000, exe: '/bin/next' })) }];
  dying.forEach((tid, i) => {
    const { stampMs, sendMs } = delays[i] as Delay;
    const at = 2000 + stampMs;
    const isThread = tid !== LEADER || at >= swapMs;
    const id = tid === LEADER && at >= swapMs && !oldKernel ? execer : tid;
    sent.push({ atMs: at + sendMs, heard: exit(at, { pid: LEADER, tid: id }, isThread ? { signal: AS_THREAD } : {}) });
  });
  return sent;
}

describe('however the messages of dying threads are delayed', () => {
  it.each([false, true])('an exec by another thread ends nothing, and the new image ends once (threads: %s)', (publish) => {
    const story = fc.record({
      delays: fc.array(delay, { minLength: 5, maxLength: 5 }),
      count: fc.integer({ min: 1, max: 4 }),
      who: fc.nat(3),
      oldKernel: fc.boolean(),
      next: fc.nat(2),
    });
    fc.assert(
      fc.property(story, ({ delays, count, who, oldKernel, next }) => {
        const { enricher, tids } = started(count, publish);
        const made = eventsOf(enricher, ...ordered(execByThread(tids, { delays, who, oldKernel })));
        expect(made.filter(({ process }) => process.tid === null).map(({ kind }) => kind)).toEqual(['EXEC']);
        expect(made.filter(({ process }) => process.tid !== null)).toHaveLength(publish ? count : 0);
        const others = Array.from({ length: next }, (_, i) => 80 + i);
        eventsOf(enricher, ...others.map((tid) => fork(3000, 50, { pid: LEADER, tid })));
        const over = eventsOf(
          enricher,
          exit(3001, LEADER),
          ...others.map((tid) => exit(3002, { pid: LEADER, tid }, { signal: AS_THREAD })),
        );
        const ends = over.filter(({ process }) => process.tid === null);
        expect(ends).toMatchObject([{ kind: 'EXIT', monotonic_us: next === 0 ? 3_001_000 : 3_002_000, process: { exe: '/bin/next' } }]);
        expect([...enricher.processes.living()]).toEqual([50]);
      }),
      { numRuns: 500 },
    );
  });

  it('a process ends with the last of its EXITs, whoever goes first', () => {
    fc.assert(
      fc.property(threads, delay, (delays, ofLeader) => {
        const { enricher, tids } = started(delays.length, false);
        const sent = tids.map((tid, i): Sent => {
          const { stampMs, sendMs } = delays[i] as Delay;
          return { atMs: 2000 + stampMs + sendMs, heard: exit(2000 + stampMs, { pid: LEADER, tid }, { signal: AS_THREAD }) };
        });
        sent.push({ atMs: 2000 + ofLeader.stampMs + ofLeader.sendMs, heard: exit(2000 + ofLeader.stampMs, LEADER) });
        const heard = ordered(sent);
        expect(eventsOf(enricher, ...heard.slice(0, -1))).toEqual([]);
        expect(eventsOf(enricher, heard.at(-1) as Heard)).toMatchObject([{ kind: 'EXIT', process: { pid: LEADER, tid: null } }]);
      }),
      { numRuns: 200 },
    );
  });
});
