import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import { allOf, capture, end, eventsOf, exec, exit, fork, sighting, uid, wallUs } from '../fixtures.ts';
import { TOOL, started, told, ALL } from './story.ts';

describe('an image that a listing finds', () => {
  /** The shell forked, and the child is still the shell. */
  function forked() {
    const enricher = started();
    return { enricher, child: eventsOf(enricher, fork(1000, 50, 60))[0] };
  }
  it('is an exec that was lost', () => {
    const { enricher, child } = forked();
    expect(told(allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL))))).toEqual(['BEGIN']);
    const [made, ...rest] = eventsOf(enricher, end(2500, 2000));
    expect(rest).toEqual([]);
    expect(made).toMatchObject({
      kind: 'EXEC',
      time: wallUs(2001),
      recovered: true,
      cpu: null,
      kernel_seq: null,
      exec: { filename: null, from_thread: null },
      process: { pid: 60, entity_id: child?.process.entity_id, exe: '/usr/bin/tool', name: 'tool', args: ['tool', '-v'] },
      provenance: { args: 'LIVE', exe: 'LIVE' },
    });
    expect(enricher.processes.exeOf(60)).toBe('/usr/bin/tool');
    expect(enricher.counters.recovered).toEqual({ found: 0, execs: 1, exits: 0, ids: 0 });
  });

  it('is told by the exec, where that was merely queued, and counts once', () => {
    const { enricher } = forked();
    const plain = forked().enricher;
    const messages = [exec(1500, 60, capture(TOOL)), exec(2600, 60, capture({ ...TOOL, envStart: 6001 }))] as const;
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), messages[0], end(2500, 2000), messages[1]);
    expect(told(made)).toEqual(['BEGIN', 'EXEC 60', 'END', 'EXEC 60']);
    const ids = (events: readonly AnyEvent[]) =>
      events.flatMap(({ stream, event }) => (stream === 'process' ? [event.process.exec_id] : []));
    expect(ids(made)).toEqual(ids(allOf(plain, ...messages)));
  });

  it('is one more where another exec was queued, and the last was lost', () => {
    const { enricher } = forked();
    const last = capture({ ...TOOL, exe: '/bin/last', envStart: 7000 });
    const made = allOf(enricher, ...ALL, sighting(2001, 60, last), exec(1500, 60, capture(TOOL)), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'EXEC 60', 'EXEC 60 recovered', 'END']);
    expect(enricher.processes.exeOf(60)).toBe('/bin/last');
  });

  it('never replaces a newer one', () => {
    const { enricher } = forked();
    const next = capture({ ...TOOL, exe: '/bin/next', envStart: 7000 });
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), exec(2100, 60, next), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'EXEC 60 recovered', 'EXEC 60', 'END']);
    expect(enricher.processes.exeOf(60)).toBe('/bin/next');
  });

  it('is left to an exec that came while it was read', () => {
    const { enricher } = forked();
    const next = capture({ ...TOOL, exe: '/bin/next', envStart: 7000 });
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), exec(2001.01, 60, next), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'EXEC 60', 'END']);
    expect(enricher.processes.exeOf(60)).toBe('/bin/next');
  });

  it('is told before the exit of the process', () => {
    const { enricher } = forked();
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), exit(2100, 60), end(2500, 2000));
    expect(made.map(({ kind }) => kind)).toEqual(['EXEC', 'EXIT']);
    expect(made[1]?.process.exec_id).toEqual(made[0]?.process.exec_id);
  });

  it.each([
    ['an exec of the same file, with its environment elsewhere', { exe: '/bin/sh', envStart: 6000 }, true],
    ['none, where the file was renamed', { exe: '/bin/sh.old', envStart: 5000 }, false],
    ['none, where the file was deleted', { exe: '/bin/sh (deleted)', envStart: 0 }, false],
    ['none, where the process rewrote its arguments', { exe: '/bin/sh', argv: ['sh: idle'], envStart: 0 }, false],
    ['an exec, where the kernel shows only the path', { exe: '/bin/dash', envStart: 0 }, true],
    ['none, where it cannot be read', { exe: '/bin/dash', envStart: 0, pieces: { exe: 13 } }, false],
  ])('is %s', (_what, seen, isExec) => {
    const { enricher } = forked();
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, comm: 'sh', ...seen })), end(2500, 2000));
    expect(made.map(({ kind }) => kind)).toEqual(isExec ? ['EXEC'] : []);
  });

  it.each([
    ['after', 60, 61],
    ['before', 61, 60],
  ])('is no exec of a child where the lost one was its parent’s, listed %s it', (_order, parent, child) => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, parent), fork(1500, parent, child));
    const seen = [60, 61].map((pid) => sighting(2000 + pid / 100, pid, capture({ ...TOOL, pid, startMs: pid === parent ? 1000 : 1500 })));
    const made = eventsOf(enricher, ...ALL, ...seen, end(2500, 2000));
    expect(made.map(({ kind, process }) => [kind, process.pid])).toEqual([['EXEC', parent]]);
    expect([parent, child].map((pid) => enricher.processes.exeOf(pid))).toEqual(['/usr/bin/tool', '/usr/bin/tool']);
    expect(eventsOf(enricher, exit(3000, child))[0]).toMatchObject({ process: { exec_id: null, exe: '/usr/bin/tool' } });
  });

  it('fills what could not be read at the exec', () => {
    const { enricher } = forked();
    const [run] = eventsOf(enricher, exec(1500, 60));
    expect(run?.process.exe).toBeNull();
    expect(eventsOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), end(2500, 2000))).toEqual([]);
    const [over] = eventsOf(enricher, exit(3000, 60));
    expect(over?.process).toMatchObject({ exe: '/usr/bin/tool', name: 'tool', exec_id: run?.process.exec_id });
  });
});

describe('what else a listing shows of a known process', () => {
  const known = () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), exec(1001, 60, capture(TOOL)));
    return enricher;
  };
  it('corrects the table, and is no event', () => {
    const enricher = known();
    const seen = capture({ ...TOOL, comm: 'renamed', uid: 7, cgroup: '/moved' });
    expect(eventsOf(enricher, ...ALL, sighting(2001, 60, seen), end(2500, 2000))).toEqual([]);
    expect(eventsOf(enricher, exit(3000, 60))[0]?.process).toMatchObject({ name: 'renamed', uid: 7, cgroup: '/moved' });
  });

  it('does not run ahead of a queued change of ids', () => {
    const enricher = known();
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, uid: 7 })), uid(1500, { pid: 60, tid: 61 }, [7, 7]));
    expect(made[0]?.ids).toMatchObject({ old_real: 1000, new_real: 7 });
    expect(eventsOf(enricher, end(2500, 2000))).toEqual([]);
  });

  it('gives way to a change that came while it was read', () => {
    const enricher = known();
    eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, uid: 1000 })), uid(2001.01, 60, [7, 7]), end(2500, 2000));
    expect(eventsOf(enricher, exit(3000, 60))[0]?.process.uid).toBe(7);
  });

  it('is an event where the process has become root unseen', () => {
    const enricher = known();
    const [made, ...rest] = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, uid: 1000, euid: 0 })), end(2500, 2000));
    expect(rest).toEqual([]);
    expect(made).toMatchObject({
      kind: 'UID',
      recovered: true,
      kernel_seq: null,
      ids: { old_real: 1000, old_effective: 1000, new_real: 1000, new_effective: 0, escalation: true },
      process: { pid: 60, euid: 0, user: 'alice' },
    });
  });
});
