import { describe, expect, it } from 'vitest';
import type { MovedEvent, Piece, RecoveredEvent } from '../../../../src/core/kernel-event.ts';
import { begin, capture, end, eventOf, eventsOf, exec, exit, fork, newEnricher, shared, sighting, snapshot, wallUs } from '../fixtures.ts';
import { forkRecorded, recorded } from '../recorded-fixtures.ts';

const ID = 'c0ffee'.repeat(11).slice(0, 64);
const INSIDE = `/docker/${ID}`;

function moved(ms: number, tgid: number, to: string | Piece = INSIDE): MovedEvent {
  const cgroup = typeof to === 'string' ? shared(`0::${to}\n`) : to;
  return { kind: 'MOVED', monotonicNs: ms * 1e6, timeUs: wallUs(ms), tgid, cgroup };
}

/** A runtime, and the process that it makes. */
function forked() {
  const enricher = newEnricher();
  eventOf(enricher, snapshot(1500, 50, capture({ pid: 50, comm: 'runc', cgroup: '/system.slice/runc', startMs: 1000 })));
  eventOf(enricher, forkRecorded(2000, 50, 60));
  return enricher;
}

const execed = (ms: number, stampMs = ms) =>
  exec(ms, 60, recorded({ pid: 60, ppid: 50, startMs: 2000, cgroup: '/system.slice/runc' }, { facts: { stampNs: stampMs * 1e6 } }));

describe('a process that is put into another cgroup', () => {
  it('is in that container from then on: what it forks, and its end', () => {
    const enricher = forked();
    expect(eventOf(enricher, execed(2001)).container).toBeNull();
    expect(eventsOf(enricher, moved(2002, 60))).toEqual([]);
    const child = eventOf(enricher, fork(2003, 60, 70));
    expect(child.container).toMatchObject({ id: ID });
    expect(child.provenance.cgroup).toBe('INHERITED');
    expect(eventOf(enricher, exit(2004, 70))).toMatchObject({ process: { cgroup: INSIDE }, container: { id: ID } });
    const ended = eventOf(enricher, exit(2005, 60));
    expect(ended).toMatchObject({ process: { cgroup: INSIDE }, container: { id: ID }, provenance: { cgroup: 'CACHED' } });
  });

  it('leaves what it forked before where that is', () => {
    const enricher = forked();
    eventOf(enricher, fork(2001, 60, 70));
    eventsOf(enricher, moved(2002, 60));
    expect(eventOf(enricher, exit(2004, 70))).toMatchObject({ process: { cgroup: '/system.slice/runc' }, container: null });
  });

  it('is not taken back by what was recorded before, and told after', () => {
    const enricher = forked();
    eventsOf(enricher, moved(2002, 60));
    expect(eventOf(enricher, execed(2003, 2001)).container).toMatchObject({ id: ID });
    expect(eventOf(enricher, execed(2005, 2004)).container).toBeNull();
  });

  it('is not taken back by an exec that is told late', () => {
    const enricher = forked();
    eventsOf(enricher, moved(2002, 60));
    const { capture: of } = execed(2001);
    const late: RecoveredEvent = { kind: 'RECOVERED', monotonicNs: 2001e6, timeUs: wallUs(2001), pid: 60, tgid: 60, capture: of! };
    eventOf(enricher, late);
    expect(eventOf(enricher, exit(2005, 60)).container).toMatchObject({ id: ID });
  });

  it('is nowhere where it is not known where to', () => {
    const enricher = forked();
    eventsOf(enricher, moved(2002, 60, 2));
    expect(eventOf(enricher, exit(2005, 60))).toMatchObject({ process: { cgroup: null }, provenance: { cgroup: 'MISSING' } });
  });

  it('is no message of the kernel, and nobody where it is not known, has ended, or had its pid from somebody else', () => {
    const enricher = forked();
    eventsOf(enricher, moved(2001, 99), moved(1999, 60));
    expect(enricher.counters).toMatchObject({ heard: 1, emitted: 1, snapshots: 1 });
    expect(enricher.table.entries).toBe(2);
    expect(eventOf(enricher, exit(2005, 60)).container).toBeNull();
    eventsOf(enricher, moved(2006, 60));
    expect(enricher.processes.holderOf(60)).toMatchObject({ living: false });
  });

  it('stays where it is when a listing sees it again', () => {
    const enricher = forked();
    eventsOf(enricher, moved(2002, 60));
    const seen = capture({ pid: 60, ppid: 50, startMs: 2000, cgroup: INSIDE });
    eventsOf(enricher, begin(2010, 'interval'), sighting(2011, 60, seen, 'interval'), end(2300, 2010, { purpose: 'interval' }));
    expect(eventOf(enricher, exit(2500, 60)).container).toMatchObject({ id: ID });
  });
});

describe('a process that is born in another cgroup', () => {
  const born = (cgroup: Piece) => ({ ...forkRecorded(2100, 50, 70), cgroup });

  it('is in that container at its fork already', () => {
    const made = eventOf(forked(), born(shared(`0::${INSIDE}\n`)));
    expect(made).toMatchObject({ container: { id: ID }, provenance: { cgroup: 'KERNEL' } });
  });

  it('is nowhere where that one is not known, and not where its parent is', () => {
    const enricher = forked();
    expect(eventOf(enricher, born(2)).provenance.cgroup).toBe('MISSING');
    expect(eventOf(enricher, exit(2105, 70)).process.cgroup).toBeNull();
  });

  it('is where its exec says when that was heard before', () => {
    const enricher = forked();
    const own = recorded({ pid: 70, ppid: 50, startMs: 2100, cgroup: '/elsewhere' }, { facts: { stampNs: 2101e6 } });
    eventOf(enricher, exec(2101, 70, own));
    eventOf(enricher, born(shared(`0::${INSIDE}\n`)));
    expect(eventOf(enricher, exit(2105, 70)).process.cgroup).toBe('/elsewhere');
  });
});
