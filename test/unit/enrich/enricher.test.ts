import { describe, expect, it } from 'vitest';
import type { KernelKind } from '../../../src/core/kernel-event.ts';
import { allOf, capture, comm, eventOf, eventsOf, exec, exit, fork, GONE, kindsOf, loss, newEnricher, snapshot, uid } from './fixtures.ts';

describe('deselected kinds', () => {
  it('are counted and still teach the table', () => {
    const enricher = newEnricher({ kinds: new Set<KernelKind>(['EXIT']) });
    const heard = [fork(1000, 50, 60), exec(1001, 60, capture({ pid: 60, startMs: 1000 })), uid(1002, 60, [5, 5]), comm(1003, 60, 'new')];
    expect(eventsOf(enricher, ...heard)).toEqual([]);
    expect(eventOf(enricher, exit(1004, 60)).process).toMatchObject({ exe: '/usr/bin/tool', uid: 5, name: 'new' });
    expect(enricher.counters).toMatchObject({ heard: 5, deselected: 4, emitted: 1, threadEvents: 0 });
  });

  it('count as such for threads too', () => {
    const enricher = newEnricher({ kinds: new Set<KernelKind>(['EXEC']) });
    eventsOf(enricher, fork(1, 1, 60), fork(2, 1, { pid: 60, tid: 61 }), exit(3, { pid: 60, tid: 61 }));
    expect(enricher.counters).toMatchObject({ deselected: 3, threadEvents: 0 });
  });
});

describe('the upstream books', () => {
  it('balance, with snapshots and losses apart', () => {
    const enricher = newEnricher();
    eventsOf(
      enricher,
      snapshot(10, 50, capture({ pid: 50, startMs: 1 })),
      fork(20, 50, 60),
      fork(21, 50, { pid: 60, tid: 61 }),
      exit(22, { pid: 60, tid: 61 }),
      exit(23, 60),
    );
    allOf(enricher, loss());
    enricher.countOwnAcks(2);
    expect(enricher.counters).toMatchObject({ heard: 6, ownAcks: 2, deselected: 0, threadEvents: 2, emitted: 2, snapshots: 1, losses: 1 });
  });
});

describe('bounds', () => {
  it('never hold more processes than allowed', () => {
    const enricher = newEnricher({ maxProcesses: 10 });
    for (let pid = 100; pid < 200; pid++) eventsOf(enricher, fork(pid, 50, pid));
    expect(enricher.table).toMatchObject({ entries: 10, evictedLiving: 91, evictedExited: 0 });
    expect(enricher.table.bytes).toBeGreaterThan(0);
  });

  it('work with room for one', () => {
    const enricher = newEnricher({ maxProcesses: 1 });
    expect(kindsOf(eventsOf(enricher, fork(1, 50, 60), exec(2, 60, GONE), exit(3, 60), exit(4, 50)))).toEqual([
      'FORK',
      'EXEC',
      'EXIT',
      'EXIT',
    ]);
  });
});

describe('published objects', () => {
  it('share one shape, property for property in the order of the schema', () => {
    const enricher = newEnricher();
    const made = eventsOf(
      enricher,
      snapshot(10, 50, capture({ pid: 50, startMs: 1 })),
      fork(20, 50, 60),
      exec(21, 60, GONE),
      uid(22, 60, [0, 0]),
      exit(23, 60),
    );
    const shapes = made.map((event) =>
      JSON.stringify(
        [Object.keys(event), Object.keys(event.process), Object.keys(event.provenance), event.parent && Object.keys(event.parent)].slice(
          0,
          3,
        ),
      ),
    );
    expect(new Set(shapes).size).toBe(1);
  });
});

describe('sweep', () => {
  it('forgets exited processes', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60));
    enricher.sweep(60e9);
    expect(enricher.table).toMatchObject({ entries: 1, expired: 1 });
  });

  it('happens with each second of what is heard, so that a recording gives the same again', () => {
    const at: number[] = [];
    const enricher = newEnricher({}, { nameOf: () => null, refresh: (nowNs) => void at.push(nowNs) });
    eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60), fork(1999, 50, 61), fork(12_000, 50, 62), fork(11_999, 50, 63));
    expect(at.slice(1)).toEqual([1000e6, 12_000e6]);
    expect(enricher.table).toMatchObject({ entries: 4, expired: 1 });
  });

  it('rereads user names', () => {
    const at: number[] = [];
    const enricher = newEnricher({}, { nameOf: () => null, refresh: (nowNs) => void at.push(nowNs) });
    enricher.sweep(7e9);
    expect(at).toEqual([5e9, 7e9]);
  });
});
