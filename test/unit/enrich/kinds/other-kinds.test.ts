import { describe, expect, it } from 'vitest';
import {
  agentEventOf,
  capture,
  comm,
  coredump,
  eventOf,
  eventsOf,
  fork,
  gid,
  IDENTITY,
  loss,
  newEnricher,
  ptrace,
  sid,
  snapshot,
  uid,
  wallUs,
} from '../fixtures.ts';

const known = (threads = false, ids: { uid?: number; euid?: number } = {}) => {
  const enricher = newEnricher({ threads });
  const found = eventOf(enricher, snapshot(1000, 60, capture({ pid: 60, startMs: 500, threads: 3, ...ids })));
  return { enricher, found };
};
const thread = (tid: number) => ({ pid: 60, tid });

describe('UID and GID', () => {
  it('carry old and new ids, and the table learns them', () => {
    const { enricher, found } = known();
    const made = eventOf(enricher, uid(1001, 60, [5, 6]));
    expect(made).toMatchObject({
      kind: 'UID',
      process: {
        entity_id: found.process.entity_id,
        exec_id: found.process.exec_id,
        name: 'tool',
        exe: '/usr/bin/tool',
        uid: 5,
        euid: 6,
        user: null,
        args: null,
      },
      ids: { old_real: 1000, old_effective: 1000, new_real: 5, new_effective: 6, escalation: false },
      provenance: { user: 'KERNEL' },
      parent: null,
    });
    expect(eventOf(enricher, gid(1002, 60, [7, 8]))).toMatchObject({
      kind: 'GID',
      ids: { old_real: 100, old_effective: 101, new_real: 7, new_effective: 8 },
    });
    expect(eventOf(enricher, fork(1003, 60, 61)).process).toMatchObject({ uid: 5, euid: 6, gid: 7, egid: 8 });
  });

  it('know nothing of before where the process was unknown', () => {
    expect(eventOf(newEnricher(), uid(1, 60, [0, 0])).ids).toMatchObject({ old_real: null, old_effective: null, escalation: false });
  });

  it.each([
    [{ uid: 1000, euid: 1000 }, [1000, 0], true],
    [{ uid: 1000, euid: 1000 }, [0, 0], true],
    [{ uid: 0, euid: 1000 }, [0, 0], false],
    [{ uid: 1000, euid: 0 }, [0, 0], false],
    [{ uid: 1000, euid: 1000 }, [0, 1000], false],
  ] as const)('mark an escalation: %o to %o is %s', (ids, to, escalation) => {
    expect(eventOf(known(false, ids).enricher, uid(1001, 60, to)).ids?.escalation).toBe(escalation);
  });

  it('see no escalation in group ids', () => {
    expect(eventOf(known().enricher, gid(1001, 60, [0, 0])).ids?.escalation).toBe(false);
  });

  it.each([
    [60, 61, 62],
    [61, 60, 62],
    [62, 61, 60],
  ])('make one event of the change of a whole process, in the order %i, %i, %i', (...tids) => {
    const { enricher } = known();
    const heard = tids.map((tid, n) => uid(1001 + n, thread(tid), [5, 5]));
    expect(eventsOf(enricher, ...heard)).toHaveLength(1);
    expect(enricher.counters).toMatchObject({ heard: 3, threadEvents: 2, emitted: 1 });
  });

  it('publish a leader’s change of the saved id, which shows no difference', () => {
    const { enricher } = known();
    expect(eventsOf(enricher, uid(1001, 60, [1000, 1000]), uid(1002, 60, [1000, 1000]))).toHaveLength(2);
  });

  it('publish each thread’s where threads are wanted', () => {
    const { enricher } = known(true);
    const made = eventsOf(enricher, uid(1001, 60, [5, 5]), uid(1002, thread(61), [5, 5]));
    expect(made.map((event) => event.process.tid)).toEqual([null, 61]);
  });
});

describe('SID', () => {
  it('makes the process the leader of a session without a terminal', () => {
    const { enricher } = known();
    expect(eventOf(enricher, sid(1001, 60))).toMatchObject({ kind: 'SID', process: { sid: 60, pgid: 60, exe: '/usr/bin/tool' } });
    const child = fork(1002, 60, 61);
    eventsOf(enricher, child);
    const made = eventOf(enricher, { ...child, kind: 'EXEC', pid: 61, tgid: 61, capture: null });
    expect(made.process).toMatchObject({ sid: 60, pgid: 60, tty: null });
  });
});

describe('PTRACE', () => {
  it('names the tracer on attach and nobody on detach', () => {
    const { enricher } = known();
    const tracer = eventOf(enricher, fork(1001, 1, 70));
    expect(eventOf(enricher, ptrace(1002, 60, 70)).ptrace).toEqual({
      tracer_pid: 70,
      tracer_entity_id: tracer.process.entity_id,
      attach: true,
    });
    expect(eventOf(enricher, ptrace(1003, 60, 71)).ptrace).toEqual({ tracer_pid: 71, tracer_entity_id: null, attach: true });
    expect(eventOf(enricher, ptrace(1004, 60, 0)).ptrace).toEqual({ tracer_pid: 0, tracer_entity_id: null, attach: false });
  });
});

describe('COMM', () => {
  it('carries old and new name, and the table learns it', () => {
    const { enricher } = known();
    expect(eventOf(enricher, comm(1001, 60, 'renamed'))).toMatchObject({
      process: { name: 'renamed' },
      comm: { old: 'tool', new: 'renamed' },
    });
    expect(eventOf(enricher, fork(1002, 60, 61)).process.name).toBe('renamed');
  });

  it('of another thread is no name of the process', () => {
    const { enricher } = known();
    expect(eventsOf(enricher, comm(1001, thread(61), 'worker'))).toEqual([]);
    const { enricher: withThreads } = known(true);
    expect(eventOf(withThreads, comm(1001, thread(61), 'worker'))).toMatchObject({
      process: { tid: 61, name: 'tool' },
      comm: { old: null, new: 'worker' },
    });
  });
});

describe('COREDUMP', () => {
  it('leaves the signal to the EXIT', () => {
    expect(eventOf(known().enricher, coredump(1001, 60))).toMatchObject({
      kind: 'COREDUMP',
      process: { exe: '/usr/bin/tool' },
      coredump: { signal: null },
    });
  });
});

describe('LOSS', () => {
  it('becomes a GAP of the agent stream', () => {
    const made = agentEventOf(newEnricher(), loss(3));
    expect(made).toMatchObject({
      kind: 'GAP',
      time: wallUs(2),
      monotonic_us: 2000,
      sequence: 0,
      gap: {
        reason: 'receive_buffer',
        stage: 'kernel',
        cpu: 1,
        from_seq: 10,
        to_seq: 12,
        count: 3,
        exact: true,
        from_time: wallUs(1),
        to_time: wallUs(2),
      },
    });
    expect(made.host).toBe(IDENTITY.host);
  });

  it('is a tail where only the socket’s drop counter shows it', () => {
    const made = agentEventOf(newEnricher(), { ...loss(), reason: 'tail', cpu: null, fromSeq: null, toSeq: null });
    expect(made.gap).toMatchObject({ reason: 'tail', cpu: null, from_seq: null, to_seq: null });
  });

  it('is of unknown size where nobody listened', () => {
    const made = agentEventOf(newEnricher(), { ...loss(0), reason: 'blind', exact: false, cpu: null, fromSeq: null, toSeq: null });
    expect(made.gap).toMatchObject({ reason: 'blind', count: 0, exact: false, cpu: null, from_time: wallUs(1), to_time: wallUs(2) });
  });
});
