import { describe, expect, it } from 'vitest';
import { capture, eventOf, eventsOf, exec, exit, fork, newEnricher, snapshot, wallUs } from './fixtures.ts';

const NOW = { monotonicNs: 9_000e6, timeUs: wallUs(9_000) };

/** A shell that was there, its child that execs, and a child of that one that only forked. */
function family() {
  const enricher = newEnricher();
  eventsOf(enricher, snapshot(10, 50, capture({ pid: 50, startMs: 1, comm: 'sh', exe: '/bin/sh', ppid: 0 })), fork(1000, 50, 60));
  const image = capture({ pid: 60, ppid: 50, startMs: 1000, comm: 'tool', exe: '/usr/bin/tool', argv: ['tool', '-v'] });
  const execed = eventOf(enricher, exec(1001, 60, image));
  eventsOf(enricher, fork(1002, 60, 70));
  return { enricher, execed };
}

describe('a recalled process', () => {
  it('is what an event of its own said, as known since', () => {
    const { enricher, execed } = family();
    const recalled = enricher.processes.recall(60, NOW);
    expect(recalled).toMatchObject({ kind: 'SNAPSHOT', time: NOW.timeUs, cpu: null, kernel_seq: null });
    expect(recalled?.process).toEqual({ ...execed.process, exe_file: null, caps_effective: null });
    expect(recalled?.parent).toEqual(execed.parent);
    expect(recalled?.provenance).toMatchObject({ identity: 'CACHED', args: 'CACHED', parent: 'CACHED', enrich_delay_us: null });
  });

  it('has its parent’s image until it execs, and then no image id of its own', () => {
    const { enricher, execed } = family();
    const recalled = enricher.processes.recall(70, NOW);
    expect(recalled?.process).toMatchObject({ pid: 70, exe: '/usr/bin/tool', exec_id: null });
    expect(recalled?.parent).toMatchObject({ pid: 60, entity_id: execed.process.entity_id });
    expect(enricher.processes.exeOf(70)).toBe('/usr/bin/tool');
  });

  it('is none once it has ended, or where nothing was heard', () => {
    const { enricher, execed } = family();
    eventsOf(enricher, exit(2000, 60));
    expect([60, 70, 80].map((pid) => enricher.processes.holderOf(pid)?.living)).toEqual([false, true, undefined]);
    expect(enricher.processes.holderOf(60)?.entityId).toBe(execed.process.entity_id);
    expect([60, 80].map((pid) => enricher.processes.recall(pid, NOW))).toEqual([undefined, undefined]);
    expect([60, 80].map((pid) => enricher.processes.exeOf(pid))).toEqual([null, null]);
    expect([...enricher.processes.living()]).toEqual([50, 70]);
  });
});
