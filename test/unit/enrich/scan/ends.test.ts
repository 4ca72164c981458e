import { describe, expect, it } from 'vitest';
import type { KernelKind } from '../../../../src/core/kernel-event.ts';
import { allOf, capture, end, eventsOf, exec, exit, fork, loss, sighting, wallUs, zombie } from '../fixtures.ts';
import { TOOL, started, told, OF_LOSS, ALL } from './story.ts';

describe('a process that a listing lacks', () => {
  it('has ended, how is not known', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), exec(1001, 60, capture(TOOL)));
    const made = eventsOf(enricher, ...ALL, end(2500, 2000));
    expect(made).toHaveLength(1);
    expect(made[0]).toMatchObject({
      kind: 'EXIT',
      time: wallUs(2500),
      recovered: true,
      cpu: null,
      kernel_seq: null,
      exit: { code: null, signal: null, signal_name: null, core_dumped: false, duration_us: null, usage: null },
      process: { pid: 60, exe: '/usr/bin/tool', args: ['tool', '-v'], tid: null },
      parent: { pid: 50 },
    });
    expect([...enricher.processes.living()]).toEqual([50]);
    expect(enricher.counters.recovered.exits).toBe(1);
  });

  it('has ended as it said, where that was merely queued', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60));
    const made = allOf(enricher, ...ALL, exit(1999, 60), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'EXIT 60', 'END']);
  });

  it('lives where it was forked after the listing began', () => {
    const enricher = started();
    const made = allOf(enricher, ...ALL, fork(2001, 50, 60), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'FORK 60', 'END']);
  });

  it('lives where the kernel says so and /proc hides it', () => {
    const asked: number[] = [];
    const enricher = started({}, undefined, { isAlive: (pid) => asked.push(pid) > 0, seesExitStatus: true });
    eventsOf(enricher, fork(1000, 50, 60));
    expect(told(allOf(enricher, ...ALL, end(2500, 2000)))).toEqual(OF_LOSS);
    expect(asked).toEqual([60]);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
  });

  it('has ended where it did so as it was read', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), ...ALL, exit(2000.99, 60), sighting(2001, 60, capture(TOOL)), end(2500, 2000));
    expect([...enricher.processes.living()]).toEqual([50]);
  });

  it('ends once, where the end of its leader and of a thread were heard but not its start', () => {
    const enricher = started({ threads: true });
    const made = allOf(enricher, loss(), exit(1000, 60), exit(1001, { pid: 60, tid: 61 }), ...ALL, end(2500, 2000));
    expect(told(made).filter((one) => one.includes('60'))).toEqual(['EXIT 60', 'EXIT 60']);
  });

  it('ends once, also where its exit is heard later', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), ...ALL, end(2500, 2000));
    expect(eventsOf(enricher, exit(2510, 60))).toEqual([]);
    expect(enricher.counters).toMatchObject({ heard: 2, emitted: 1, threadEvents: 1 });
  });

  it('ends once more where a later holder of its pid does', () => {
    const enricher = started();
    const [former] = eventsOf(enricher, fork(1000, 50, 60), ...ALL, end(2500, 2000));
    const made = eventsOf(enricher, exit(9000, 60));
    expect(made).toMatchObject([{ kind: 'EXIT', recovered: false, provenance: { identity: 'MISSING' } }]);
    expect(made[0]?.process.entity_id).not.toEqual(former?.process.entity_id);
  });

  it('is not told to those who want no exits', () => {
    const enricher = started({ kinds: new Set<KernelKind>(['FORK']) });
    eventsOf(enricher, fork(1000, 50, 60));
    expect(eventsOf(enricher, ...ALL, end(2500, 2000))).toEqual([]);
    expect([...enricher.processes.living()]).toEqual([50]);
  });
});

describe('a process that a listing shows alive', () => {
  it('has not ended before, whatever its leader of then did', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), fork(1001, 50, { pid: 60, tid: 61 }), loss());
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), exit(1500, 60), end(2500, 2000));
    expect(made.map(({ kind }) => kind)).toEqual(['EXEC']);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
  });

  it('has the threads that it shows, where an exec was lost', () => {
    const enricher = started();
    eventsOf(
      enricher,
      fork(1000, 50, 60),
      fork(1001, 50, { pid: 60, tid: 61 }),
      ...ALL,
      sighting(2001, 60, capture(TOOL)),
      end(2500, 2000),
    );
    expect(eventsOf(enricher, exit(3000, 60))).toMatchObject([{ kind: 'EXIT', recovered: false }]);
  });
});

describe('a zombie in a listing', () => {
  const dead = (seesExitStatus: boolean, status: number) => {
    const enricher = started({}, undefined, { isAlive: () => true, seesExitStatus });
    eventsOf(enricher, fork(1000, 50, 60));
    const seen = sighting(2001, 60, zombie({ ...TOOL, envStart: 0, status }));
    return { enricher, made: allOf(enricher, ...ALL, seen) };
  };

  it.each([
    [true, 256, { code: 1, signal: null }],
    [true, 0, { code: 0, signal: null }],
    [false, 0, { code: null, signal: null }],
    [false, 9, { code: null, signal: 9, signal_name: 'SIGKILL' }],
  ])('has ended, where its exit was lost, as /proc says (all shown: %s, status %i)', (sees, status, how) => {
    const { enricher, made } = dead(sees, status);
    expect(told(made)).toEqual(['BEGIN']);
    expect(eventsOf(enricher, end(2500, 2000))).toMatchObject([{ kind: 'EXIT', recovered: true, exit: how, process: { pid: 60 } }]);
  });

  it('has ended as it said, where that was merely queued', () => {
    const { enricher } = dead(true, 256);
    expect(told(allOf(enricher, exit(1999, 60, { code: 256 }), end(2500, 2000)))).toEqual(['EXIT 60', 'END']);
  });

  it('that nobody knew is nothing to tell of', () => {
    const enricher = started();
    expect(told(allOf(enricher, ...ALL, sighting(2001, 60, zombie(TOOL)), end(2500, 2000)))).toEqual(OF_LOSS);
  });

  it('with threads that run is not dead, even where its exit was taken for the end', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), fork(1001, 50, { pid: 60, tid: 61 }), loss(), exit(1500, 60));
    expect([...enricher.processes.living()]).toEqual([50]);
    expect(eventsOf(enricher, ...ALL, sighting(2001, 60, zombie({ ...TOOL, threads: 2 })), end(2500, 2000))).toEqual([]);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
  });

  it('with threads that run is not dead', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), fork(1001, 50, { pid: 60, tid: 61 }), loss());
    const seen = sighting(2001, 60, zombie({ ...TOOL, threads: 2 }));
    expect(eventsOf(enricher, ...ALL, seen, end(2500, 2000))).toEqual([]);
    expect(eventsOf(enricher, exit(3000, { pid: 60, tid: 61 })).map(({ kind, recovered }) => [kind, recovered])).toEqual([['EXIT', false]]);
  });
});
