import { describe, expect, it } from 'vitest';
import { allOf, capture, eventOf, eventsOf, exec, exit, fork, GONE, kindsOf, loss, newEnricher, snapshot, wallUs } from '../fixtures.ts';

const TOOL = { pid: 60, ppid: 50, argv: ['tool', '-x'], exe: '/bin/tool', startMs: 1000 };
const thread = (tid: number) => ({ pid: 60, tid });

describe('EXIT', () => {
  it('carries what ended, how and after how long', () => {
    const enricher = newEnricher();
    const [, execd, made] = eventsOf(
      enricher,
      fork(1000.25, 50, 60),
      exec(1001, 60, capture(TOOL)),
      exit(1500, 60, { code: 3 << 8, parent: 50 }),
    );
    expect(made).toMatchObject({
      kind: 'EXIT',
      time: wallUs(1500),
      process: {
        pid: 60,
        tid: null,
        entity_id: execd?.process.entity_id,
        exec_id: execd?.process.exec_id,
        name: 'tool',
        exe: '/bin/tool',
        args: ['tool', '-x'],
        args_bytes: 8,
        cgroup: '/system.slice/tool.service',
        start_time: wallUs(1000.25),
        uid: 1000,
        user: 'alice',
        cwd: null,
        sid: null,
        tty: null,
        caps_effective: null,
      },
      exit: { code: 3, signal: null, signal_name: null, core_dumped: false, duration_us: 499_750, usage: null },
      provenance: {
        identity: 'CACHED',
        args: 'CACHED',
        exe: 'CACHED',
        cgroup: 'CACHED',
        user: 'CACHED',
        parent: 'MISSING',
        missing_errno: null,
      },
    });
  });

  it('shows the inherited image of a process that only forked, without an id of its own', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(1400, 50, capture({ pid: 50, startMs: 900 })), fork(1500, 50, 60));
    const made = eventOf(enricher, exit(1501, 60, { code: 134 }));
    expect(made.process).toMatchObject({ exe: '/usr/bin/tool', args: ['tool', '-v'], exec_id: null });
    expect(made.provenance).toMatchObject({
      identity: 'DERIVED',
      args: 'INHERITED',
      exe: 'INHERITED',
      cgroup: 'INHERITED',
      user: 'INHERITED',
      parent: 'CACHED',
    });
    expect(made).toMatchObject({ exit: { signal: 6, signal_name: 'SIGABRT', core_dumped: true }, parent: { pid: 50 } });
  });

  it('names the current parent when the kernel gives it, else the one that forked', () => {
    const enricher = newEnricher();
    const init = eventOf(enricher, snapshot(10, 1, capture({ pid: 1, ppid: 0, startMs: 1 })));
    eventsOf(enricher, fork(1000, 1, 50), fork(1001, 50, 60), fork(1002, 50, 61), fork(1003, 50, 62));
    const orphan = eventOf(enricher, exit(1100, 60, { parent: 1 }));
    expect(orphan).toMatchObject({ parent: { pid: 1, entity_id: init.process.entity_id }, provenance: { parent: 'KERNEL' } });
    expect(eventOf(enricher, exit(1101, 61))).toMatchObject({ parent: { pid: 50 }, provenance: { parent: 'CACHED' } });
  });

  it('names a parent that is not in the table by its pid alone, and not the former one', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 1, 50), fork(1001, 50, 60));
    const orphan = eventOf(enricher, exit(1100, 60, { parent: 999 }));
    expect(orphan).toMatchObject({ parent: { pid: 999, entity_id: null, exec_id: null }, provenance: { parent: 'MISSING' } });
  });

  it('still knows a parent that the kernel names after the table has forgotten it', () => {
    const enricher = newEnricher();
    const [parent] = eventsOf(enricher, fork(1000, 1, 50), fork(1001, 50, 60), exit(1002, 50));
    enricher.sweep(20_000e6);
    const made = eventOf(enricher, exit(20_001, 60, { parent: 50 }));
    expect(made).toMatchObject({ parent: { pid: 50, entity_id: parent?.process.entity_id }, provenance: { parent: 'CACHED' } });
  });

  it('says what little is known of a process never heard of', () => {
    const enricher = newEnricher();
    const made = eventOf(enricher, exit(1000, 60, { code: 9, parent: 999 }));
    expect(made).toMatchObject({
      process: { pid: 60, name: null, exe: null, args: null, start_time: null },
      parent: { pid: 999, entity_id: null },
      exit: { signal: 9, duration_us: null },
      provenance: { identity: 'MISSING', args: 'MISSING', exe: 'MISSING', cgroup: 'MISSING', user: 'MISSING', parent: 'MISSING' },
    });
    expect(enricher.table.entries).toBe(0);
  });

  it('still knows the process shortly after, for its children', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(999, 50, 59), exec(1000, 59, capture({ ...TOOL, pid: 59, startMs: 999 })), fork(1001, 59, 60), exit(1002, 59));
    expect(eventOf(enricher, exec(1003, 60, GONE)).parent).toMatchObject({ pid: 59, exe: '/bin/tool' });
    enricher.sweep(20_000e6);
    const made = eventOf(enricher, exec(20_001, 60, GONE));
    expect(made.parent).toMatchObject({ pid: 59, exe: null, args: null, ancestors: [] });
    expect(made.parent?.entity_id).toBeInstanceOf(Buffer);
  });
});

describe('the end of a threaded process', () => {
  const started = (threads = false) => {
    const enricher = newEnricher({ threads });
    eventsOf(enricher, fork(1000, 50, 60), exec(1001, 60, capture(TOOL)), fork(1002, 50, thread(61)), fork(1003, 50, thread(62)));
    return enricher;
  };
  const heardAll = (enricher: ReturnType<typeof newEnricher>) => {
    const { heard, deselected, threadEvents, emitted } = enricher.counters;
    expect(deselected + threadEvents + emitted).toBe(heard);
  };

  it('is the last EXIT where the leader goes first', () => {
    const enricher = started();
    expect(eventsOf(enricher, exit(2000, 60), exit(2001, thread(61)))).toEqual([]);
    const made = eventOf(enricher, exit(3000, thread(62), { code: 256 }));
    expect(made).toMatchObject({
      time: wallUs(3000),
      process: { pid: 60, tid: null, exe: '/bin/tool' },
      exit: { code: 1, duration_us: 2_000_000 },
    });
    expect(enricher.counters.threadEvents).toBe(4);
    heardAll(enricher);
  });

  it('is the leader’s EXIT where it goes last', () => {
    const enricher = started();
    const made = eventsOf(enricher, exit(2000, thread(61)), exit(2001, thread(62)), exit(2002, 60));
    expect(made).toMatchObject([{ kind: 'EXIT', time: wallUs(2002), process: { tid: null } }]);
    heardAll(enricher);
  });

  it('is not the EXIT of a leader whose place is taken by another thread’s exec', () => {
    const enricher = started();
    const made = eventsOf(
      enricher,
      exit(2000, thread(61)),
      exit(2001, 60),
      exec(2002, 60, capture({ ...TOOL, exe: '/bin/next' })),
      exit(2500, 60, { code: 512 }),
    );
    expect(kindsOf(made)).toEqual(['EXEC', 'EXIT']);
    expect(made[1]).toMatchObject({ time: wallUs(2500), process: { exe: '/bin/next' }, exit: { code: 2 } });
    heardAll(enricher);
  });

  it('waits for the new image’s threads, too, after another thread’s exec', () => {
    const enricher = started();
    const heard = [exit(2000, 60), exec(2002, 60, capture(TOOL)), fork(2003, 50, thread(70)), exit(2400, 60), exit(2500, thread(70))];
    expect(eventsOf(enricher, ...heard).map((event) => [event.kind, event.time])).toEqual([
      ['EXEC', wallUs(2002)],
      ['EXIT', wallUs(2500)],
    ]);
  });

  it('is not the straggling EXIT of a thread that an exec has killed', () => {
    const enricher = started();
    const made = eventsOf(enricher, exec(2000, 60, capture(TOOL)), exit(2000.01, thread(61)), exit(2000.02, thread(62)), exit(2500, 60));
    expect(kindsOf(made)).toEqual(['EXEC', 'EXIT']);
    expect(made[1]?.time).toBe(wallUs(2500));
  });

  it('counts threads of the new image afresh after an exec', () => {
    const enricher = started();
    const made = eventsOf(enricher, exec(2000, 60, capture(TOOL)), fork(2001, 50, thread(70)), exit(2002, 60), exit(2003, thread(70)));
    expect(made.map((event) => [event.kind, event.time])).toEqual([
      ['EXEC', wallUs(2000)],
      ['EXIT', wallUs(2003)],
    ]);
  });

  it.each([
    ['has its id still, and a stamp from before the exec', exit(1999.99, 60)],
    ['has swapped ids with the thread that exec’d', exit(2000.01, thread(62))],
    ['ends as a thread does, on kernels that leave its id', exit(2000.01, 60, { signal: 0xffff_ffff })],
  ])('is not the EXIT of a replaced leader that the exec has overtaken: it %s', (_how, late) => {
    const enricher = started();
    const made = eventsOf(enricher, exit(1999, thread(61)), exec(2000, 60, capture(TOOL)), late, exit(2500, 60));
    expect(made.map((event) => [event.kind, event.time])).toEqual([
      ['EXEC', wallUs(2000)],
      ['EXIT', wallUs(2500)],
    ]);
    heardAll(enricher);
  });

  it('is not told of a former holder of the pid whose EXIT was late', () => {
    const enricher = newEnricher();
    const [, , , holder] = eventsOf(enricher, fork(1000, 50, 60), exit(1500, 60), fork(2000, 50, 60), exit(1999.99, 60));
    expect(holder).toMatchObject({ kind: 'EXIT', provenance: { identity: 'MISSING' } });
    expect([...enricher.processes.living()]).toContain(60);
  });

  it('brings a process back that exec’s after its end was told', () => {
    const enricher = newEnricher();
    const made = eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60), exec(1002, 60), exit(1003, 60));
    expect(kindsOf(made)).toEqual(['FORK', 'EXIT', 'EXEC', 'EXIT']);
    expect(new Set(made.map((event) => event.process.entity_id.toString('hex'))).size).toBe(1);
  });

  it('does not let a process that came back expire', () => {
    const enricher = newEnricher();
    eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60), exec(1002, 60, capture(TOOL)));
    enricher.sweep(60_000e6);
    expect(eventOf(enricher, exit(60_000, 60)).process.exe).toBe('/bin/tool');
  });

  it('keeps an exec apart from the process that had ended before events were lost', () => {
    const enricher = newEnricher();
    const [first] = eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60));
    allOf(enricher, loss());
    const made = eventOf(enricher, exec(1500, 60));
    expect(made.process.entity_id).not.toEqual(first?.process.entity_id);
    expect(made.provenance.identity).toBe('MISSING');
  });

  it('goes by the threads of /proc for a process that was there before', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(2000, 60, capture({ ...TOOL, threads: 3 })));
    // Heard after the snapshot but older: in the count already.
    eventsOf(enricher, fork(1999, 50, thread(62)));
    expect(eventsOf(enricher, exit(2001, 60), exit(2002, thread(61)))).toEqual([]);
    expect(kindsOf(eventsOf(enricher, exit(2003, thread(62))))).toEqual(['EXIT']);
  });

  it('counts a thread that was forked right after its /proc was read, and not one right before', () => {
    const justBefore = newEnricher();
    eventsOf(justBefore, snapshot(2000, 60, capture({ ...TOOL, threads: 2 })), fork(1999.999, 50, thread(61)), exit(2001, 60));
    expect(kindsOf(eventsOf(justBefore, exit(2002, thread(61))))).toEqual(['EXIT']);

    const justAfter = newEnricher();
    eventsOf(justAfter, snapshot(2000, 60, capture({ ...TOOL, threads: 2 })), fork(2000.001, 50, thread(62)));
    expect(eventsOf(justAfter, exit(2001, 60), exit(2002, thread(61)))).toEqual([]);
    expect(kindsOf(eventsOf(justAfter, exit(2003, thread(62))))).toEqual(['EXIT']);
  });

  it('is not the EXIT, heard late, of a leader that /proc showed dead', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(2000, 60, capture({ ...TOOL, state: 'Z', threads: 3 })));
    expect(eventsOf(enricher, exit(1999, 60), exit(2001, thread(61)))).toEqual([]);
    expect(kindsOf(eventsOf(enricher, exit(2002, thread(62))))).toEqual(['EXIT']);
  });

  it('does not subtract a thread from the count of /proc that had exited before', () => {
    const enricher = newEnricher();
    eventsOf(enricher, snapshot(2000, 60, capture({ ...TOOL, threads: 2 })), exit(1999, thread(61)));
    expect(eventsOf(enricher, exit(2001, 60))).toEqual([]);
    expect(kindsOf(eventsOf(enricher, exit(2002, thread(62))))).toEqual(['EXIT']);
  });

  it('goes by the threads that remain where the leader had left before', () => {
    const enricher = newEnricher();
    const found = eventsOf(enricher, snapshot(2000, 60, capture({ ...TOOL, state: 'Z', threads: 3 })));
    expect(kindsOf(found)).toEqual(['SNAPSHOT']);
    expect(eventsOf(enricher, exit(2001, thread(61)))).toEqual([]);
    expect(kindsOf(eventsOf(enricher, exit(2002, thread(62))))).toEqual(['EXIT']);
  });

  it('is the leader’s EXIT once events were lost: nobody knows how many threads are left', () => {
    const enricher = started();
    allOf(enricher, loss());
    const made = eventsOf(enricher, exit(2000, 60), exit(2001, thread(61)), exit(2002, thread(62)));
    expect(made).toMatchObject([{ kind: 'EXIT', time: wallUs(2000), process: { exe: '/bin/tool' } }]);
  });

  it('is counted anew after a loss by the scan that follows', () => {
    const enricher = started();
    allOf(enricher, loss());
    expect(eventsOf(enricher, snapshot(1500, 60, capture({ ...TOOL, threads: 2 })), exit(2000, 60))).toEqual([]);
    expect(kindsOf(eventsOf(enricher, exit(2001, thread(62))))).toEqual(['EXIT']);
  });

  it('is not told of the old process when a successor’s FORK was lost', () => {
    const enricher = newEnricher();
    const [, first] = eventsOf(enricher, fork(1000, 50, 60), exit(1001, 60));
    allOf(enricher, loss());
    const made = eventOf(enricher, exit(2000, 60));
    expect(made.process.entity_id).not.toEqual(first?.process.entity_id);
    expect(made.provenance.identity).toBe('MISSING');
  });

  it('publishes thread exits with their thread where threads are wanted, and the end without', () => {
    const enricher = started(true);
    const made = eventsOf(enricher, exit(2000, 60), exit(2001, thread(61)), exit(2002, thread(62)));
    expect(made.map((event) => event.process.tid)).toEqual([60, 61, null]);
    expect(made.map((event) => event.exit?.duration_us)).toEqual([null, null, 1_002_000]);
    expect(enricher.counters.threadEvents).toBe(0);
    heardAll(enricher);
  });
});
