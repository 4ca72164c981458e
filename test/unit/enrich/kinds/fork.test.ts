import { describe, expect, it } from 'vitest';
import {
  BOOT_OFFSET_NS,
  capture,
  DELAY_US,
  eventOf,
  eventsOf,
  exec,
  exit,
  fork,
  gid,
  IDENTITY,
  newEnricher,
  snapshot,
  ticksAtMs,
  uid,
  wallUs,
} from '../fixtures.ts';

const SHELL = { pid: 50, comm: 'bash', argv: ['bash', '-l'], exe: '/bin/bash', startMs: 1000, uid: 1000 };

describe('FORK', () => {
  it('carries who the child is and which image it runs, and no more', () => {
    const enricher = newEnricher();
    const shell = eventOf(enricher, snapshot(2000, 50, capture(SHELL)));
    const heard = fork(3000, 50, 60);
    const made = eventOf(enricher, heard);
    expect(made).toMatchObject({
      kind: 'FORK',
      time: wallUs(3000),
      monotonic_us: 3_000_000,
      cpu: 1,
      kernel_seq: heard.kernelSeq,
      recovered: false,
      sequence: 0,
      fork: { is_thread: false },
      container: null,
      exec: null,
      exit: null,
    });
    expect(made.host).toBe(IDENTITY.host);
    expect(made.process).toEqual({
      pid: 60,
      tid: null,
      entity_id: made.process.entity_id,
      exec_id: null,
      name: 'bash',
      exe: null,
      args: null,
      args_bytes: null,
      args_truncated: false,
      args_raw: null,
      cwd: null,
      start_time: null,
      uid: 1000,
      gid: 100,
      euid: 1000,
      egid: 101,
      user: null,
      login_uid: null,
      audit_session: null,
      sid: null,
      pgid: null,
      tty: null,
      cgroup: null,
      ns_pid: null,
      pid_ns: null,
      exe_file: null,
      script: null,
      caps_effective: null,
      env: null,
      exe_sha256: null,
      marks: null,
    });
    expect(made.parent).toEqual({
      pid: 50,
      entity_id: shell.process.entity_id,
      exec_id: shell.process.exec_id,
      name: null,
      exe: null,
      args: null,
      ancestors: null,
    });
    expect(made.provenance).toEqual({
      identity: 'DERIVED',
      args: 'INHERITED',
      exe: 'INHERITED',
      cgroup: 'INHERITED',
      user: 'INHERITED',
      parent: 'KERNEL',
      missing_errno: null,
      enrich_delay_us: DELAY_US,
    });
  });

  it('derives the start from its stamp and the time suspended, floored to a tick', () => {
    const made = eventOf(newEnricher(), fork(3019.999, 50, 60));
    const read = eventOf(newEnricher(), snapshot(4000, 60, capture({ pid: 60, startMs: 3010 })));
    expect(ticksAtMs(3010)).toBe((3010e6 + BOOT_OFFSET_NS) / 1e7);
    expect(made.process.entity_id).toEqual(read.process.entity_id);
  });

  it('inherits what the parent had become by then', () => {
    const enricher = newEnricher();
    const [, , child, grandchild] = eventsOf(enricher, fork(1, 50, 60), uid(2, 60, [7, 8]), fork(3, 60, 61), fork(4, 61, 62));
    for (const made of [child, grandchild]) expect(made?.process).toMatchObject({ uid: 7, euid: 8, gid: null });
    eventsOf(enricher, gid(5, 62, [9, 9]));
    expect(eventOf(enricher, exit(6, 61)).process).toMatchObject({ uid: 7, gid: null });
  });

  it('refers to the image the child runs, through forks that never exec', () => {
    const enricher = newEnricher();
    const shell = eventOf(enricher, snapshot(2, 50, capture({ ...SHELL, startMs: 1 })));
    const [, inner] = eventsOf(enricher, fork(3, 50, 60), fork(4, 60, 61));
    expect(inner?.parent?.exec_id).toEqual(shell.process.exec_id);
    expect(inner?.process.exec_id).toBeNull();
  });

  it('stands in for a parent that was never heard of, and says so', () => {
    const enricher = newEnricher();
    const made = eventOf(enricher, fork(3, 50, 60));
    expect(made.parent).toMatchObject({ pid: 50, entity_id: null, exec_id: null });
    expect(made.provenance).toMatchObject({
      identity: 'DERIVED',
      args: 'MISSING',
      exe: 'MISSING',
      cgroup: 'MISSING',
      user: 'MISSING',
      parent: 'MISSING',
      missing_errno: null,
    });
    expect(enricher.table.entries).toBe(2);
  });

  it('gives a reused pid a new identity, and counts a holder whose exit was lost', () => {
    const enricher = newEnricher();
    const [first, , second, end, third] = eventsOf(enricher, fork(1000, 1, 60), exit(1001, 60), fork(2000, 1, 60), fork(3000, 1, 60));
    const ids = [first, second, third].map((made) => made?.process.entity_id.toString('hex'));
    expect(new Set(ids).size).toBe(3);
    expect(enricher.table.pidReused).toBe(1);
    expect(end).toMatchObject({
      kind: 'EXIT',
      time: wallUs(3000),
      recovered: true,
      kernel_seq: null,
      exit: { code: null, signal: null, duration_us: null },
    });
    expect(end?.process.entity_id).toEqual(second?.process.entity_id);
  });

  it('is not late where the holder of the pid had ended before', () => {
    const enricher = newEnricher();
    eventsOf(enricher, uid(1000, 60, [1, 1]), exit(1001, 60), fork(1010, 1, 60));
    expect([...enricher.processes.living()]).toContain(60);
  });

  it('keeps images apart where a pid comes round within one tick', () => {
    const enricher = newEnricher();
    const made = eventsOf(enricher, fork(1000, 1, 60), exec(1001, 60), exit(1002, 60), fork(1003, 1, 60), exec(1004, 60));
    const [first, second] = made.filter((event) => event.kind === 'EXEC').map((event) => event.process);
    expect(first?.entity_id).toEqual(second?.entity_id);
    expect(first?.exec_id).not.toEqual(second?.exec_id);
  });

  it('gives the process its start when an exec that could not be read was heard first', () => {
    const enricher = newEnricher();
    const [before, made] = eventsOf(enricher, exec(1001, 60), fork(1000.5, 50, 60));
    expect([before?.provenance.identity, made?.provenance.identity]).toEqual(['MISSING', 'DERIVED']);
    expect(eventOf(enricher, exit(1005, 60))).toMatchObject({
      process: { entity_id: made?.process.entity_id },
      exit: { duration_us: 4500 },
    });
  });

  it('passes nothing of the former holder on where a pid comes round within one tick', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 1, 60), exec(1001, 60, capture({ pid: 60, startMs: 1000 })), exit(1002, 60), fork(1003, 1, 60));
    expect(eventOf(enricher, exit(1004, 60)).process).toMatchObject({ exe: null, exec_id: null });
  });

  it('is the same process when the exec or a snapshot was heard first', () => {
    for (const first of [exec(1001, 60, capture({ pid: 60, startMs: 1000 })), snapshot(1001, 60, capture({ pid: 60, startMs: 1000 }))]) {
      const enricher = newEnricher();
      const [before, made, after] = eventsOf(enricher, first, fork(1000.5, 50, 60), exit(1005, 60));
      expect(made?.process).toMatchObject({ entity_id: before?.process.entity_id, exec_id: null });
      expect(made?.parent?.pid).toBe(50);
      expect(after?.process).toMatchObject({ exe: '/usr/bin/tool', exec_id: before?.process.exec_id });
    }
  });
});

describe('FORK of a thread', () => {
  it('is counted and not published', () => {
    const enricher = newEnricher();
    expect(eventsOf(enricher, fork(1, 1, 60), fork(2, 1, { pid: 60, tid: 61 }))).toHaveLength(1);
    expect(enricher.counters).toMatchObject({ heard: 2, threadEvents: 1, emitted: 1, deselected: 0 });
  });

  it('is published with its thread where threads are wanted', () => {
    const enricher = newEnricher({ threads: true });
    const [first, made] = eventsOf(enricher, fork(1, 1, 60), fork(2, 1, { pid: 60, tid: 61 }));
    expect(made?.process).toMatchObject({ pid: 60, tid: 61, entity_id: first?.process.entity_id });
    expect(made).toMatchObject({ fork: { is_thread: true }, parent: { pid: 1 } });
  });
});
