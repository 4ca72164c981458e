import { describe, expect, it } from 'vitest';
import {
  capture,
  CAPTURE_DELAY_US,
  DELAY_US,
  eventOf,
  eventsOf,
  exec,
  exit,
  fork,
  GONE,
  IDENTITY,
  newEnricher,
  shared,
  snapshot,
  wallUs,
  zombie,
} from '../fixtures.ts';
import { AT, forked, ls } from './forked-shell.ts';

const ANY_ID: unknown = expect.any(Buffer);
describe('EXEC', () => {
  it('carries everything that was captured', () => {
    const { enricher, shell, child } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, uid: 1000, euid: 0 })));
    expect(made.host).toBe(IDENTITY.labelledHost);
    expect(made.process).toEqual({
      pid: 60,
      tid: null,
      entity_id: child.process.entity_id,
      exec_id: made.process.exec_id,
      name: 'ls',
      exe: '/bin/ls',
      args: ['ls', '-l'],
      args_bytes: 6,
      args_truncated: false,
      args_raw: null,
      cwd: '/srv',
      start_time: wallUs(AT),
      uid: 1000,
      gid: 100,
      euid: 0,
      egid: 101,
      user: 'alice',
      login_uid: 1000,
      audit_session: null,
      sid: 66,
      pgid: 77,
      tty: 'pts/3',
      cgroup: '/system.slice/tool.service',
      ns_pid: 12,
      pid_ns: null,
      exe_file: null,
      script: null,
      caps_effective: 0x1ffffffffff,
      env: null,
      exe_sha256: null,
      marks: null,
    });
    expect(made.parent).toMatchObject({
      pid: 50,
      entity_id: shell.process.entity_id,
      exec_id: shell.process.exec_id,
      name: 'bash',
      exe: '/bin/bash',
      args: ['bash'],
    });
    expect(made.exec).toEqual({ filename: null, from_thread: null, before: null });
    expect(made.provenance).toEqual({
      identity: 'LIVE',
      args: 'LIVE',
      exe: 'LIVE',
      cgroup: 'LIVE',
      user: 'LIVE',
      parent: 'LIVE',
      missing_errno: null,
      enrich_delay_us: CAPTURE_DELAY_US,
    });
    expect(enricher.counters.args.LIVE).toBe(2);
  });

  it('copies all it keeps out of the ring', () => {
    const { enricher } = forked();
    const read = capture({ ...ls, argv: ['ls', 'a-rather-long-argument'], pieces: { cmdline: shared(Buffer.from([0x6c, 0, 0xff, 0])) } });
    const made = eventOf(enricher, exec(AT + 1, 60, read));
    const before = JSON.stringify(made);
    for (const piece of Object.values(read)) if (piece instanceof Uint8Array) piece.fill(0x7a);
    expect(JSON.stringify(made)).toBe(before);
    expect(eventOf(enricher, exit(AT + 2, 60)).process.args_raw).toEqual(Buffer.from([0x6c, 0, 0xff, 0]));
  });

  it('names each image anew, and never two alike', () => {
    const { enricher } = forked();
    const ids = [1, 2, 3].map((n) => eventOf(enricher, exec(AT + n, 60, capture(ls))).process.exec_id?.toString('hex'));
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain(undefined);
  });

  it('keeps the first id when /proc prints a neighbouring tick', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, startMs: AT - 20 })));
    expect(made.process.entity_id).toEqual(child.process.entity_id);
    expect(made.provenance.identity).toBe('DERIVED');
    expect(enricher.table.pidReused).toBe(0);
  });

  it('replaces the holder of the pid when /proc tells of another start', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, exec(AT + 1000, 60, capture({ ...ls, startMs: AT + 900 })));
    expect(made.process.entity_id).not.toEqual(child.process.entity_id);
    expect(made).toMatchObject({ process: { start_time: wallUs(AT + 900) }, provenance: { identity: 'LIVE' } });
    expect(enricher.table.pidReused).toBe(1);
  });

  it('does not believe a capture of somebody who was born after the exec', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, startMs: AT + 500 })));
    expect(made.process).toMatchObject({ entity_id: child.process.entity_id, exe: null, args: null, name: null, cgroup: '/user.slice' });
    expect(made.provenance).toMatchObject({ args: 'MISSING', exe: 'MISSING', cgroup: 'INHERITED', missing_errno: 3 });
    expect(enricher.counters.foreignCaptures).toBe(1);
  });
});

describe('EXEC that could not be read', () => {
  it('does not pass the parent’s image off as its own', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, GONE));
    expect(made.process).toMatchObject({
      entity_id: child.process.entity_id,
      exec_id: ANY_ID,
      name: null,
      exe: null,
      args: null,
      args_bytes: null,
      cwd: null,
      uid: 1000,
      cgroup: '/user.slice',
      login_uid: 1000,
      sid: 66,
      tty: 'pts/3',
      ns_pid: null,
    });
    expect(made.parent).toMatchObject({ pid: 50, exe: '/bin/bash' });
    expect(made.provenance).toEqual({
      identity: 'DERIVED',
      args: 'MISSING',
      exe: 'MISSING',
      cgroup: 'INHERITED',
      user: 'INHERITED',
      parent: 'CACHED',
      missing_errno: 2,
      enrich_delay_us: CAPTURE_DELAY_US,
    });
    expect(enricher.counters).toMatchObject({ args: { MISSING: 1 }, exe: { MISSING: 1 }, cgroup: { INHERITED: 1 } });
  });

  it('has no errno where nothing was tried', () => {
    const { enricher } = forked();
    expect(eventOf(enricher, exec(AT + 1, 60)).provenance).toMatchObject({
      args: 'MISSING',
      missing_errno: null,
      enrich_delay_us: DELAY_US,
    });
  });

  it('takes what a zombie still shows, and not its empty cmdline for arguments', () => {
    const { enricher } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, zombie({ ...ls, uid: 7 })));
    expect(made.process).toMatchObject({ name: 'ls', args: null, exe: null, uid: 7, cgroup: '/system.slice/tool.service' });
    expect(made.provenance).toMatchObject({
      identity: 'LIVE',
      args: 'MISSING',
      exe: 'MISSING',
      cgroup: 'LIVE',
      user: 'LIVE',
      missing_errno: 2,
    });
  });

  it('takes an empty cmdline for no arguments only of a process that was seen alive', () => {
    const empty = { cmdline: shared('') };
    const of = (pieces: object) => eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...ls, pieces: { ...empty, ...pieces } })));
    expect(of({})).toMatchObject({ process: { args: [], args_bytes: 0 }, provenance: { args: 'LIVE', missing_errno: null } });
    expect(of({ stat: 3 })).toMatchObject({ process: { args: null }, provenance: { args: 'MISSING', missing_errno: 3 } });
    expect(of({ exe: 13 })).toMatchObject({ process: { args: null }, provenance: { args: 'MISSING', missing_errno: 13 } });
  });

  it.each([
    ['exe', { exe: 13 }, 13],
    ['cgroup', { cgroup: 5 }, null],
    ['user', { status: 7 }, null],
  ] as const)('marks only what is missing: %s', (_group, pieces, errno) => {
    const { enricher } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, capture({ ...ls, pieces })));
    expect(made.provenance).toMatchObject({ args: 'LIVE', missing_errno: errno });
  });

  it('gives the errno of the first missing group of an unknown process', () => {
    const of = (pieces: object) => eventOf(newEnricher(), exec(AT, 60, capture({ ...ls, pieces }))).provenance;
    expect(of({ stat: 11, exe: 13 })).toMatchObject({ identity: 'MISSING', missing_errno: 11 });
    expect(of({ cgroup: 5, status: 7 })).toMatchObject({ cgroup: 'MISSING', user: 'MISSING', missing_errno: 5 });
    expect(of({ status: 7 })).toMatchObject({ user: 'MISSING', missing_errno: 7 });
  });
});

describe('EXEC of a special file', () => {
  it('shows a deleted executable and one in memory', () => {
    const of = (exe: string) => eventOf(forked().enricher, exec(AT + 1, 60, capture({ ...ls, exe }))).process;
    expect(of('/tmp/x (deleted)')).toMatchObject({ exe: '/tmp/x', exe_file: { deleted: true, memfd: false } });
    expect(of('/memfd:x (deleted)')).toMatchObject({ exe: '/memfd:x', exe_file: { deleted: true, memfd: true } });
  });
});

describe('parents of an EXEC', () => {
  it('lists ancestors newest first, from the parent’s parent, up to the limit', () => {
    const enricher = newEnricher({ ancestors: 2 });
    for (const [pid, ppid] of [
      [4, 3],
      [3, 2],
      [2, 1],
      [1, 0],
      [5, 4],
    ] as const) {
      eventsOf(enricher, snapshot(100, pid, capture({ pid, ppid, comm: `p${pid}`, exe: `/bin/p${pid}`, startMs: pid * 10 })));
    }
    const made = eventOf(enricher, exec(200, 5, capture({ pid: 5, ppid: 4, startMs: 50 })));
    expect(made.parent).toMatchObject({ pid: 4, name: 'p4', exe: '/bin/p4', args: ['tool', '-v'] });
    expect(made.parent?.ancestors).toMatchObject([
      { pid: 3, name: 'p3', exe: '/bin/p3' },
      { pid: 2, name: 'p2' },
    ]);
  });

  it('keeps the parent of the time of the exec, although a reaper has taken over before the capture', () => {
    const { enricher } = forked();
    eventsOf(enricher, snapshot(1500, 1, capture({ pid: 1, ppid: 0, comm: 'init', startMs: 1 })), exit(AT + 10, 50));
    const made = eventOf(enricher, exec(AT + 5, 60, capture({ ...ls, ppid: 1 })));
    expect(made).toMatchObject({ parent: { pid: 50, name: 'bash' }, provenance: { parent: 'CACHED' } });
  });

  it('keeps a living parent that /proc does not name: the capture came after its end, the message of it did not', () => {
    const { enricher } = forked();
    eventsOf(enricher, snapshot(1500, 1, capture({ pid: 1, ppid: 0, comm: 'init', startMs: 1 })));
    const made = eventOf(enricher, exec(AT + 5, 60, capture({ ...ls, ppid: 1 })));
    expect(made).toMatchObject({ parent: { pid: 50 }, provenance: { parent: 'CACHED' } });
  });

  it('names the reaper of a process that was orphaned before it exec’d', () => {
    const { enricher } = forked();
    eventsOf(enricher, snapshot(1500, 1, capture({ pid: 1, ppid: 0, comm: 'init', startMs: 1 })), exit(AT + 10, 50));
    const made = eventOf(enricher, exec(AT + 20, 60, capture({ ...ls, ppid: 1 })));
    expect(made).toMatchObject({ parent: { pid: 1, name: 'init' }, provenance: { parent: 'LIVE' } });
  });

  it('gives the pid of a parent of which nothing else is known', () => {
    const made = eventOf(newEnricher(), exec(AT, 60, capture({ ...ls, ppid: 49 })));
    expect(made).toMatchObject({ parent: { pid: 49, entity_id: null }, provenance: { parent: 'MISSING' } });
  });

  it('does not take a younger holder of the pid for the parent', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(3000, 1, 49));
    const made = eventOf(enricher, snapshot(4000, 60, capture({ ...ls, ppid: 49, startMs: 2000 })));
    expect(made.parent).toMatchObject({ pid: 49, entity_id: null });
  });
});
