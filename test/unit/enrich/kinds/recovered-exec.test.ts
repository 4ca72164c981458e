import { describe, expect, it } from 'vitest';
import type { Capture, RecoveredEvent } from '../../../../src/core/kernel-event.ts';
import { begin, capture, end, eventOf, eventsOf, exec, exit, loss, newEnricher, sighting, snapshot, uid, wallUs } from '../fixtures.ts';
import { forkRecorded, recorded } from '../recorded-fixtures.ts';

const AT = 2000;
const ls = { pid: 60, comm: 'ls', ppid: 50, argv: ['ls', '-l'], exe: '/bin/ls', startMs: AT, envStart: 0x7ffc_0000_1000 };

function lost(ms: number, of: Capture = recorded(ls)): RecoveredEvent {
  return { kind: 'RECOVERED', monotonicNs: ms * 1e6, timeUs: wallUs(ms), pid: 60, tgid: 60, capture: of };
}

function forked() {
  const enricher = newEnricher();
  eventOf(enricher, snapshot(1500, 50, capture({ pid: 50, comm: 'bash', ppid: 40, argv: ['bash'], exe: '/bin/bash', startMs: 1000 })));
  const child = eventOf(enricher, forkRecorded(AT, 50, 60));
  return { enricher, child };
}

describe('an exec whose message was lost', () => {
  it('is an EXEC that says so, without a number of the kernel', () => {
    const { enricher, child } = forked();
    const made = eventOf(enricher, lost(AT + 1));
    expect(made).toMatchObject({ kind: 'EXEC', recovered: true, cpu: null, kernel_seq: null, time: wallUs(AT + 1) });
    expect(made.process).toMatchObject({ entity_id: child.process.entity_id, args: ['ls', '-l'], exe: '/bin/ls', name: 'ls' });
    expect(made.exec).toMatchObject({ filename: '/bin/ls' });
    expect(made.parent).toMatchObject({ pid: 50, name: 'bash' });
    expect(made.provenance).toMatchObject({ identity: 'KERNEL', args: 'KERNEL', parent: 'KERNEL' });
    expect(enricher.counters).toMatchObject({ recovered: { execs: 1 }, heard: 1, emitted: 1 });
    expect(eventOf(enricher, exit(AT + 5, 60)).process).toMatchObject({ args: ['ls', '-l'], exec_id: made.process.exec_id });
  });

  it('does not bring back to life what has ended meanwhile', () => {
    const { enricher, child } = forked();
    eventOf(enricher, exit(AT + 5, 60));
    expect(eventOf(enricher, lost(AT + 1)).process).toMatchObject({ entity_id: child.process.entity_id, args: ['ls', '-l'] });
    expect(
      eventsOf(enricher, loss(), begin(AT + 10), end(AT + 300, AT + 10)).filter(
        ({ kind, process }) => kind === 'EXIT' && process.pid === 60,
      ),
    ).toEqual([]);
  });

  it('leaves a later image as it is', () => {
    const { enricher } = forked();
    const later = eventOf(enricher, exec(AT + 3, 60, recorded({ ...ls, argv: ['vi'], exe: '/bin/vi', envStart: 0x7ffd_0000_1000 })));
    const made = eventOf(enricher, lost(AT + 1));
    expect(made.process).toMatchObject({ args: ['ls', '-l'], entity_id: later.process.entity_id });
    expect(made.process.exec_id).not.toEqual(later.process.exec_id);
    expect(eventOf(enricher, exit(AT + 5, 60)).process).toMatchObject({ args: ['vi'], exec_id: later.process.exec_id });
  });

  it('leaves later ids as they are', () => {
    const { enricher } = forked();
    eventsOf(enricher, uid(AT + 3, 60, [33, 33]), lost(AT + 1));
    expect(eventOf(enricher, exit(AT + 5, 60)).process).toMatchObject({ uid: 33, euid: 33, args: ['ls', '-l'] });
  });

  it('of a process of which nothing else was heard is told, and not remembered', () => {
    const enricher = newEnricher();
    expect(eventOf(enricher, lost(AT + 1))).toMatchObject({
      kind: 'EXEC',
      recovered: true,
      process: { args: ['ls', '-l'] },
      parent: { pid: 50 },
    });
    expect(enricher.table.entries).toBe(0);
  });

  it('is told once where a listing has found it, or finds it then', () => {
    const { enricher } = forked();
    const found = [loss(), begin(AT + 10), sighting(AT + 11, 60, capture(ls)), end(AT + 300, AT + 10)];
    expect(eventsOf(enricher, ...found).map(({ kind }) => kind)).toContain('EXEC');
    expect(eventsOf(enricher, lost(AT + 1))).toEqual([]);
    const { enricher: other } = forked();
    eventOf(other, lost(AT + 1));
    expect(eventsOf(other, ...found).filter(({ process }) => process.pid === 60)).toEqual([]);
  });

  it('is none where no execs are wanted, but teaches the table', () => {
    const enricher = newEnricher({ kinds: new Set(['FORK', 'EXIT']) });
    eventsOf(enricher, forkRecorded(AT, 50, 60));
    expect(eventsOf(enricher, lost(AT + 1))).toEqual([]);
    expect(eventOf(enricher, exit(AT + 5, 60)).process).toMatchObject({ args: ['ls', '-l'] });
  });
});
