import { describe, expect, it } from 'vitest';
import {
  allOf,
  capture,
  CAPTURE_DELAY_US,
  comm,
  eventOf,
  eventsOf,
  exec,
  exit,
  fork,
  GONE,
  IDENTITY,
  loss,
  newEnricher,
  shared,
  snapshot,
  uid,
  wallUs,
  type Described,
} from '../fixtures.ts';

const ANY_ID: unknown = expect.any(Buffer);
const DAEMON = { pid: 60, ppid: 50, comm: 'daemon', startMs: 1000 };

describe('SNAPSHOT', () => {
  it('announces a process that was there before, with all that /proc says', () => {
    const enricher = newEnricher();
    const made = eventOf(enricher, snapshot(5000, 60, capture(DAEMON)));
    expect(made).toMatchObject({
      kind: 'SNAPSHOT',
      time: wallUs(5000),
      cpu: null,
      kernel_seq: null,
      recovered: false,
      parent: { pid: 50 },
      process: {
        name: 'daemon',
        exe: '/usr/bin/tool',
        args: ['tool', '-v'],
        start_time: wallUs(1000),
        uid: 1000,
        tty: 'pts/3',
        cwd: '/srv',
        exec_id: ANY_ID,
      },
      provenance: {
        identity: 'LIVE',
        args: 'LIVE',
        exe: 'LIVE',
        cgroup: 'LIVE',
        user: 'LIVE',
        parent: 'MISSING',
        enrich_delay_us: CAPTURE_DELAY_US,
      },
    });
    expect(made.host).toBe(IDENTITY.labelledHost);
    expect(enricher.counters).toMatchObject({ heard: 0, snapshots: 1 });
  });

  it('only teaches the table where nobody wants to see what was there before', () => {
    const enricher = newEnricher({ snapshot: false });
    expect(eventsOf(enricher, snapshot(5000, 60, capture(DAEMON)))).toEqual([]);
    expect(eventOf(enricher, exit(6000, 60)).process).toMatchObject({ name: 'daemon', start_time: wallUs(1000) });
    expect(enricher.counters).toMatchObject({ snapshots: 0, snapshotsSkipped: 1 });
  });

  it('finds parents that are announced later', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(5000, 60, capture(DAEMON)));
    const parent = eventOf(enricher, snapshot(5001, 50, capture({ pid: 50, ppid: 0, startMs: 10 })));
    expect(parent).toMatchObject({ parent: null, provenance: { parent: 'LIVE' } });
    expect(eventOf(enricher, exit(6000, 60)).parent?.entity_id).toEqual(parent.process.entity_id);
  });

  it('announces nobody twice', () => {
    const enricher = newEnricher();
    const of = () => snapshot(5000, 60, capture(DAEMON));
    expect(
      eventsOf(enricher, of(), of(), fork(6000, 60, 61), snapshot(6001, 61, capture({ pid: 61, ppid: 60, startMs: 6000 }))),
    ).toHaveLength(2);
    expect(enricher.counters.snapshotsSkipped).toBe(2);
  });

  it('never overwrites what the process’s own events said', () => {
    const enricher = newEnricher();
    const stale = capture({ pid: 60, exe: '/old', argv: ['old'], comm: 'old', uid: 9, startMs: 1000 });
    eventsOf(
      enricher,
      fork(1000, 50, 60),
      exec(1001, 60, capture({ pid: 60, startMs: 1000 })),
      uid(1002, 60, [5, 5]),
      snapshot(1003, 60, stale),
    );
    expect(eventOf(enricher, exit(1004, 60)).process).toMatchObject({ exe: '/usr/bin/tool', name: 'tool', uid: 5 });
  });

  it('fills what a fork from an unknown parent could not inherit', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 50, 60), snapshot(1001, 60, capture({ pid: 60, startMs: 1000 })));
    const made = eventOf(enricher, exit(1004, 60));
    expect(made.process).toMatchObject({ exe: '/usr/bin/tool', args: ['tool', '-v'], name: 'tool', uid: 1000, exec_id: null });
  });

  it('fills blanks only: what events said stays', () => {
    const enricher = newEnricher();
    const found = capture({ pid: 60, comm: 'found', uid: 9, startMs: 1000 });
    eventsOf(enricher, fork(1000, 50, 60), uid(1000.5, 60, [5, 5]), comm(1000.6, 60, 'said'), snapshot(1001, 60, found));
    expect(eventOf(enricher, exit(1004, 60)).process).toMatchObject({ exe: '/usr/bin/tool', uid: 5, name: 'said' });
  });

  it('gives a placeholder its identity', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(2000, 60, 61));
    const made = eventOf(enricher, snapshot(2001, 60, capture(DAEMON)));
    expect(eventOf(enricher, exit(2002, 61)).parent).toMatchObject({
      pid: 60,
      entity_id: made.process.entity_id,
      exec_id: made.process.exec_id,
    });
    expect(enricher.table.entries).toBe(2);
  });

  it('replaces a holder whose exit was lost, and never a younger one', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(5000, 60, capture(DAEMON)));
    expect(eventOf(enricher, snapshot(9000, 60, capture({ ...DAEMON, startMs: 8000 }))).process.start_time).toBe(wallUs(8000));
    expect(enricher.table.pidReused).toBe(1);
    expect(eventsOf(enricher, snapshot(9001, 60, capture(DAEMON)))).toEqual([]);
    expect(eventOf(enricher, exit(9500, 60)).process.start_time).toBe(wallUs(8000));
  });

  it('does not bring a process back that had ended after it was found', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 50, 60), exit(1002, 60));
    allOf(enricher, loss());
    eventsOf(enricher, snapshot(1001, 60, capture(DAEMON)));
    expect(eventOf(enricher, exit(2000, 60)).provenance.identity).toBe('MISSING');
  });

  it('passes over the dead and the vanished', () => {
    const enricher = newEnricher();
    const dead = [
      snapshot(5000, 60, capture({ ...DAEMON, state: 'Z', threads: 1 })),
      snapshot(5000, 61, GONE),
      { ...snapshot(5000, 62, capture(DAEMON)), pid: 63 },
    ];
    expect(eventsOf(enricher, ...dead)).toEqual([]);
    expect([enricher.counters.snapshotsSkipped, enricher.table.entries]).toEqual([3, 0]);
  });

  describe('of a thread', () => {
    const NOT_TRIED = { cmdline: 125, exe: 125, cwd: 125, cgroup: 125, loginuid: 125 };
    const seen = (more: Described = {}) => capture({ pid: 61, comm: 'worker', uid: 5, startMs: 1200, pieces: NOT_TRIED, ...more });
    const THREAD = { pid: 60, tid: 61 };

    it('is published with its own name and ids, and the process that it is of', () => {
      const enricher = newEnricher({ threads: true });
      const leader = eventOf(enricher, snapshot(5000, 60, capture({ ...DAEMON, threads: 2 })));
      const made = eventOf(enricher, snapshot(5000.1, THREAD, seen()));
      expect(made).toMatchObject({
        kind: 'SNAPSHOT',
        recovered: false,
        process: { pid: 60, tid: 61, name: 'worker', exe: '/usr/bin/tool', uid: 5, euid: 5, exec_id: leader.process.exec_id },
        provenance: { user: 'LIVE', exe: 'CACHED', missing_errno: null },
      });
      expect(made.process.entity_id).toEqual(leader.process.entity_id);
      expect(enricher.counters.snapshots).toBe(2);
    });

    it('leaves what is known of the process alone, and its threads counted once', () => {
      const enricher = newEnricher({ threads: true });
      eventsOf(enricher, snapshot(5000, 60, capture({ ...DAEMON, threads: 2 })), snapshot(5000.1, THREAD, seen()), exit(5001, THREAD));
      const [over, ...more] = eventsOf(enricher, exit(5002, 60));
      expect(more).toEqual([]);
      expect(over).toMatchObject({ kind: 'EXIT', process: { tid: null, name: 'daemon', uid: 1000 } });
    });

    it.each([
      ['threads are not wanted', false, seen()],
      ['it is dead', true, seen({ state: 'Z' })],
      ['it is gone', true, GONE],
    ])('is passed over where %s', (_why, threads, found) => {
      const enricher = newEnricher({ threads });
      eventsOf(enricher, snapshot(5000, 60, capture({ ...DAEMON, threads: 2 })));
      expect(eventsOf(enricher, snapshot(5000.1, THREAD, found))).toEqual([]);
    });

    it('is passed over where its process is not known', () => {
      expect(eventsOf(newEnricher({ threads: true }), snapshot(5000.1, THREAD, seen()))).toEqual([]);
    });
  });

  it('takes a kernel thread for what it is: no arguments and no file is all there is', () => {
    const kthread = capture({
      pid: 2,
      ppid: 0,
      comm: 'kthreadd',
      flags: 0x20_8040,
      startMs: 0,
      pieces: { cmdline: shared(''), exe: 2, cwd: 13 },
    });
    expect(eventOf(newEnricher(), snapshot(5000, 2, kthread))).toMatchObject({
      process: { name: 'kthreadd', args: [], exe: null },
      provenance: { args: 'LIVE', exe: 'LIVE', missing_errno: null },
    });
  });

  it('names images of found processes differently in each run, and never two alike', () => {
    const enricher = newEnricher();
    const ids = eventsOf(
      enricher,
      snapshot(5000, 60, capture(DAEMON)),
      exec(5001, 60, capture(DAEMON)),
      exec(5002, 60, capture(DAEMON)),
    ).map((made) => made.process.exec_id?.toString('hex'));
    expect(new Set(ids).size).toBe(3);
  });
});
