import { describe, expect, it } from 'vitest';
import {
  begin,
  capture,
  end,
  eventOf,
  eventsOf,
  exec,
  exit,
  gid,
  loss,
  newEnricher,
  shared,
  sighting,
  snapshot,
  ticksAtMs,
  uid,
  wallUs,
} from './fixtures.ts';
import { startTicksOf } from '../../../src/core/start-ticks.ts';
import { USAGE, exitUsed, forkRecorded, recorded } from './recorded-fixtures.ts';

const AT = 2000;
const ls = { pid: 60, comm: 'ls', ppid: 50, argv: ['ls', '-l'], exe: '/bin/ls', startMs: AT };

function forked() {
  const enricher = newEnricher();
  eventOf(enricher, snapshot(1500, 50, capture({ pid: 50, comm: 'bash', ppid: 40, argv: ['bash'], exe: '/bin/bash', startMs: 1000 })));
  const child = eventOf(enricher, forkRecorded(AT, 50, 60));
  return { enricher, child };
}

describe('an EXEC that the kernel recorded', () => {
  it('says so of all groups', () => {
    const { enricher } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, recorded(ls)));
    expect(made.provenance).toEqual({
      identity: 'KERNEL',
      args: 'KERNEL',
      exe: 'KERNEL',
      cgroup: 'KERNEL',
      user: 'KERNEL',
      parent: 'KERNEL',
      missing_errno: null,
      enrich_delay_us: 0,
    });
  });

  it('carries all that was recorded', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, exec(AT + 1, 60, recorded({ ...ls, uid: 1000, euid: 0 })));
    expect(made.process).toMatchObject({
      entity_id: child.process.entity_id,
      name: 'ls',
      exe: '/bin/ls',
      args: ['ls', '-l'],
      args_bytes: 6,
      args_truncated: false,
      cwd: '/srv',
      start_time: wallUs(AT),
      uid: 1000,
      gid: 100,
      euid: 0,
      egid: 101,
      user: 'alice',
      login_uid: 1000,
      audit_session: 3,
      sid: 66,
      pgid: 77,
      tty: 'pts/3',
      cgroup: '/system.slice/tool.service',
      ns_pid: 12,
      pid_ns: 4_026_532_199,
      caps_effective: 2 ** 41 - 1,
      script: null,
      exe_file: { inode: 1442, device: 0x803, mtime: 1_700_000_000_000_001, deleted: false, memfd: false, setuid: false, setgid: false },
    });
    expect(made.exec).toEqual({ filename: '/bin/ls', from_thread: null, before: null });
  });

  it('says of each piece that had to be read that it was', () => {
    const { enricher } = forked();
    const { provenance } = eventOf(enricher, exec(AT + 1, 60, recorded(ls, { facts: { args: false, cgroup: false } })));
    expect(provenance).toMatchObject({ args: 'LIVE', exe: 'KERNEL', cgroup: 'LIVE', identity: 'KERNEL' });
  });

  it('has what is missing marked with the reason', () => {
    const { enricher } = forked();
    const parts = { facts: { exe: false }, pieces: { exe: 36 } };
    expect(eventOf(enricher, exec(AT + 1, 60, recorded(ls, parts))).provenance).toMatchObject({
      exe: 'MISSING',
      missing_errno: 36,
      args: 'KERNEL',
    });
  });

  it('is not taken for another process’s, however its stamp and its start lie', () => {
    const { enricher } = forked();
    const made = eventOf(enricher, exec(AT - 500, 60, recorded(ls)));
    expect(made.process.args).toEqual(['ls', '-l']);
    expect(enricher.counters.foreignCaptures).toBe(0);
  });

  it('tells a session, a login and a namespace that are none from those that are', () => {
    const { enricher } = forked();
    const facts = { auditSession: 0xffff_ffff, pidNs: 0xefff_fffc, ttyNr: 0 };
    expect(eventOf(enricher, exec(AT + 1, 60, recorded(ls, { facts }))).process).toMatchObject({
      audit_session: null,
      pid_ns: null,
      ns_pid: null,
      tty: null,
    });
  });

  it('names the interpreter of a script, and the thread that called execve', () => {
    const { enricher } = forked();
    const facts = { filename: shared('/opt/run.py'), interpreter: shared('/usr/bin/env'), fromTid: 77 };
    const made = eventOf(enricher, exec(AT + 1, 60, recorded(ls, { facts })));
    expect(made.process.script).toEqual({ interpreter: '/usr/bin/env', path: '/opt/run.py' });
    expect(made.exec).toMatchObject({ filename: '/opt/run.py', from_thread: 77 });
  });

  it('marks arguments that lack their middle, with their original size', () => {
    const { enricher } = forked();
    const parts = { facts: { cutAt: 6 }, cmdlineBytes: 9000 };
    expect(eventOf(enricher, exec(AT + 1, 60, recorded(ls, parts))).process).toMatchObject({
      args: ['ls', '-l'],
      args_truncated: true,
      args_bytes: 9000,
    });
  });

  it('does not take arguments for cut that just fill what is kept', () => {
    const enricher = newEnricher({ maxArgsBytes: 6 });
    expect(eventOf(enricher, exec(AT, 60, recorded(ls))).process).toMatchObject({
      args: ['ls', '-l'],
      args_truncated: false,
      args_bytes: 6,
    });
  });

  it('has a parent that is known by its pid only where nothing else is, and the one that it had then', () => {
    const enricher = newEnricher();
    const made = eventOf(enricher, exec(AT, 60, recorded(ls)));
    expect(made.parent).toMatchObject({ pid: 50, entity_id: null });
    expect(made.provenance.parent).toBe('MISSING');
    const { enricher: other } = forked();
    const adopted = eventOf(other, exec(AT + 1, 60, recorded({ ...ls, ppid: 1 })));
    expect(adopted.parent?.pid).toBe(1);
  });

  it('has the start that the kernel keeps where its fork was not heard', () => {
    const enricher = newEnricher();
    const made = eventOf(enricher, exec(AT, 60, recorded({ ...ls, startMs: 1234.567 })));
    expect(startTicksOf(made.process.entity_id)).toBe(ticksAtMs(1234.567));
    expect(made.process.start_time).toBe(Math.floor(wallUs(1234.567)));
    expect(made.provenance.identity).toBe('KERNEL');
  });

  it('makes nothing of what no kernel records', () => {
    const enricher = newEnricher();
    const facts = {
      ppid: 2 ** 31,
      startBootNs: 2 ** 63,
      capsEffective: 2 ** 63,
      exeInode: 2 ** 60,
      exeMtimeUs: 2 ** 60,
      nsPid: 2 ** 32 - 1,
    };
    const { process } = eventOf(enricher, exec(AT, 60, recorded(ls, { facts })));
    expect(process.caps_effective).toBeNull();
    expect(process.exe_file).toMatchObject({ inode: null, mtime: null });
    expect(process.ns_pid).toBeLessThan(2 ** 31);
    expect(process.args).toEqual(['ls', '-l']);
  });
});

describe('ids before a set-id image', () => {
  const su = { ...ls, uid: 1000, euid: 0 };
  const facts = { exeMode: 0o104755 };

  it('are those before the messages that come ahead of its EXEC', () => {
    const { enricher } = forked();
    eventOf(enricher, exec(AT + 1, 60, recorded({ ...ls, uid: 1000 })));
    eventsOf(enricher, uid(AT + 9, 60, [1000, 0]), gid(AT + 9.01, 60, [100, 101]));
    expect(eventOf(enricher, exec(AT + 10, 60, recorded(su, { facts }))).exec?.before).toEqual({
      uid: 1000,
      gid: 100,
      euid: 1000,
      egid: 101,
    });
  });

  it('are those of the table where there was no message', () => {
    const { enricher } = forked();
    eventOf(enricher, exec(AT + 1, 60, recorded({ ...ls, uid: 1000 })));
    expect(eventOf(enricher, exec(AT + 10, 60, recorded(su, { facts }))).exec?.before).toMatchObject({ uid: 1000, euid: 1000 });
  });

  it('are none where nothing changed, long ago, or by the process itself, and of an ordinary file', () => {
    const { enricher } = forked();
    eventOf(enricher, exec(AT + 1, 60, recorded(su)));
    expect(eventOf(enricher, exec(AT + 2, 60, recorded(su, { facts }))).exec?.before).toBeNull();
    eventsOf(enricher, uid(AT + 3, 60, [0, 0]));
    expect(eventOf(enricher, exec(AT + 4, 60, recorded({ ...ls, uid: 0, euid: 0 }, { facts }))).exec?.before).toBeNull();
    eventsOf(enricher, uid(AT + 5, 60, [0, 1000]));
    expect(eventOf(enricher, exec(AT + 900, 60, recorded({ ...ls, uid: 0, euid: 1000 }, { facts }))).exec?.before).toBeNull();
    eventsOf(enricher, uid(AT + 901, 60, [0, 0]));
    expect(eventOf(enricher, exec(AT + 902, 60, recorded({ ...ls, uid: 0, euid: 0 }))).exec?.before).toBeNull();
  });
});

describe('marks of an EXEC that the kernel recorded', () => {
  const marksAfter = (parts: Parameters<typeof recorded>[1], seen = {}) => {
    const { enricher } = forked();
    eventOf(enricher, exec(AT + 1, 60, recorded({ ...ls, uid: 1000 })));
    return eventOf(enricher, exec(AT + 10, 60, recorded({ ...ls, uid: 1000, ...seen }, parts))).process.marks;
  };

  it('are none as a rule', () => {
    expect(marksAfter({})).toBeNull();
  });

  it('tell of a set-user-id file that made root of an ordinary user, and of no other file or user', () => {
    const facts = { exeMode: 0o104755 };
    expect(marksAfter({ facts }, { euid: 0 })).toEqual(['ESCALATION']);
    expect(marksAfter({ facts }, { euid: 33 })).toBeNull();
    expect(marksAfter({}, { euid: 0 })).toBeNull();
  });

  it('tell of a program that goes by another name than its file, unless that is a script', () => {
    const facts = { filename: shared('/tmp/x') };
    expect(marksAfter({ facts }, { argv: ['[kworker/0:1]'] })).toEqual(['NAME_MISMATCH']);
    expect(marksAfter({ facts: { ...facts, interpreter: shared('/bin/sh') } }, { argv: ['/bin/sh', '/tmp/x'] })).toBeNull();
  });
});

describe('a FORK whose start the kernel recorded', () => {
  it('has the id that /proc gives, and says so', () => {
    const enricher = newEnricher();
    // The stamp is in the next tick.
    const made = eventOf(enricher, forkRecorded(2010.001, 50, 60, 2009.999));
    expect(startTicksOf(made.process.entity_id)).toBe(ticksAtMs(2009.999));
    expect(made.provenance.identity).toBe('KERNEL');
    const snap = eventOf(enricher, exec(2011, 60, capture({ ...ls, startMs: 2009.999 })));
    expect(snap.process.entity_id).toEqual(made.process.entity_id);
    expect(snap.provenance.identity).toBe('LIVE');
  });

  it('of which the EXEC was heard before keeps the id that was given', () => {
    const enricher = newEnricher();
    const early = eventOf(enricher, exec(AT + 1, 60, recorded(ls)));
    const made = eventOf(enricher, forkRecorded(AT, 50, 60));
    expect(made.process.entity_id).toEqual(early.process.entity_id);
    expect(made.provenance.identity).toBe('KERNEL');
  });

  it('keeps the first id where the fork had no record and the exec has one', () => {
    const enricher = newEnricher();
    const { startBootNs: _, ...unrecorded } = forkRecorded(2010.001, 50, 60);
    const made = eventOf(enricher, unrecorded);
    const execed = eventOf(enricher, exec(2011, 60, recorded({ ...ls, startMs: 2009.999 })));
    expect(execed.process.entity_id).toEqual(made.process.entity_id);
    expect(execed.provenance.identity).toBe('DERIVED');
  });
});

describe('what a process used', () => {
  it('is on its EXIT', () => {
    const { enricher } = forked();
    expect(eventOf(enricher, exitUsed(AT + 5, 60)).exit).toMatchObject({ code: 0, usage: USAGE });
  });

  it('is kept when a thread brings it that is not the last to be heard', () => {
    const enricher = newEnricher({ threads: true });
    eventsOf(enricher, forkRecorded(AT, 50, 60), forkRecorded(AT + 1, 50, { pid: 60, tid: 61 }));
    const thread = eventOf(enricher, exitUsed(AT + 2, { pid: 60, tid: 61 }));
    expect(thread.exit?.usage).toBeNull();
    expect(eventOf(enricher, exit(AT + 3, 60)).exit?.usage).toEqual(USAGE);
  });
});

describe('an exec that was lost', () => {
  it('is noticed after a recorded one by where the environment begins, not by the name of a file', () => {
    const { enricher } = forked();
    const seen = { ...ls, envStart: 0x7ffc_0000_1000 };
    eventOf(enricher, exec(AT + 1, 60, recorded(seen)));
    const renamed = { ...seen, exe: '/bin/ls.old' };
    expect(eventsOf(enricher, loss(), begin(AT + 10), sighting(AT + 11, 60, capture(renamed)), end(AT + 300, AT + 10))).not.toContainEqual(
      expect.objectContaining({ kind: 'EXEC' }),
    );
    const again = { ...seen, envStart: 0x7ffd_0000_2000 };
    expect(eventsOf(enricher, loss(), begin(AT + 400), sighting(AT + 411, 60, capture(again)), end(AT + 700, AT + 400))).toContainEqual(
      expect.objectContaining({ kind: 'EXEC', recovered: true }),
    );
  });
});
