import { describe, expect, it } from 'vitest';
import type { KernelKind } from '../../../../src/core/kernel-event.ts';
import { allOf, begin, capture, end, eventsOf, exec, exit, fork, glance, loss, sighting, uid, wallUs } from '../fixtures.ts';
import { ALL, OF_LOSS, SHELL, started, told, TOOL } from './story.ts';

describe('a process that a listing finds', () => {
  it('is not told of again when its exec was, where forks are left out', () => {
    const enricher = started({ kinds: new Set<KernelKind>(['EXEC', 'EXIT']) });
    const made = allOf(enricher, exec(1000, 60, capture(TOOL)), loss(), ...ALL, sighting(2001, 60, capture(TOOL)), end(2500, 2000));
    expect(told(made)).toEqual(['EXEC 60', 'GAP', ...OF_LOSS]);
  });

  it('is announced at the end, where its fork was lost', () => {
    const enricher = started();
    expect(told(allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL))))).toEqual(['BEGIN']);
    const [found] = eventsOf(enricher, end(2500, 2000));
    expect(found).toMatchObject({
      kind: 'SNAPSHOT',
      time: wallUs(2001),
      recovered: true,
      cpu: null,
      kernel_seq: null,
      process: { pid: 60, exe: '/usr/bin/tool', start_time: wallUs(1000), uid: 1000, cwd: '/srv' },
      parent: { pid: 50, exe: '/bin/sh' },
      provenance: { identity: 'LIVE', args: 'LIVE', parent: 'LIVE' },
    });
    expect(enricher.counters.recovered).toEqual({ found: 1, execs: 0, exits: 0, ids: 0 });
  });

  it('is told by its fork, where that was merely queued', () => {
    const enricher = started();
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, exe: '/bin/sh', envStart: 5000 })), fork(1000, 50, 60));
    expect(told([...made, ...allOf(enricher, end(2500, 2000))])).toEqual(['BEGIN', 'FORK 60', 'END']);
  });

  it('is told by its queued fork and exec, neither of them twice, and the exec is its first', () => {
    const [one, other] = [started(), started()];
    const messages = [fork(1000, 50, 60), exec(1001, 60, capture(TOOL))];
    const made = allOf(one, ...ALL, sighting(2001, 60, capture(TOOL)), ...messages, end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'FORK 60', 'EXEC 60', 'END']);
    const plain = eventsOf(other, ...messages);
    expect(made[2]?.event).toMatchObject({ process: { exec_id: plain[1]?.process.exec_id } });
  });

  it.each([
    ['exit', exit(2100, 60), 'EXIT 60'],
    ['exec', exec(1200, 60, capture(TOOL)), 'EXEC 60'],
    ['fork of a child', fork(1200, 60, 61), 'FORK 61'],
    ['change of ids', uid(1200, 60, [5, 5]), 'UID 60'],
  ])('is announced before its own %s, by when its fork would have been heard', (_what, message, text) => {
    const enricher = started();
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), message, end(2500, 2000));
    expect(told(made).slice(0, 3)).toEqual(['BEGIN', 'SNAPSHOT 60 recovered', text]);
    expect(told(made).filter((line) => line.startsWith('SNAPSHOT'))).toHaveLength(1);
  });

  it('is announced although its exec had been heard: nobody told of the process itself', () => {
    const enricher = started();
    const [run] = eventsOf(enricher, exec(1001, 60, capture(TOOL)));
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), end(2500, 2000));
    expect(told(made)).toEqual(['BEGIN', 'SNAPSHOT 60 recovered', 'END']);
    expect(made[1]?.event).toMatchObject({ process: { exec_id: run?.process.exec_id, entity_id: run?.process.entity_id } });
  });

  it('takes nothing from the former holder of its pid, whose exit was merely queued', () => {
    const enricher = started();
    const [, former] = eventsOf(enricher, fork(900, 50, 70), fork(901, 50, 60), exit(902, 70));
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, startMs: 1950 })), exit(1900, 60), end(2500, 2000));
    expect(made.map(({ kind, recovered }) => [kind, recovered])).toEqual([
      ['EXIT', false],
      ['SNAPSHOT', true],
    ]);
    expect(made[0]?.process.entity_id).toEqual(former?.process.entity_id);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
  });

  it('buries the former holder of its pid, whose exit was lost', () => {
    const enricher = started({}, undefined, { isAlive: () => true, seesExitStatus: true });
    const [former] = eventsOf(enricher, fork(900, 50, 60));
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, startMs: 1950 })), end(2500, 2000));
    expect(made.map(({ kind, recovered }) => [kind, recovered])).toEqual([
      ['EXIT', true],
      ['SNAPSHOT', true],
    ]);
    expect(made[0]?.process.entity_id).toEqual(former?.process.entity_id);
    expect(made[1]?.process.entity_id).not.toEqual(former?.process.entity_id);
  });

  it('is kept when the listing was given up, and announced by the next one', () => {
    const enricher = started({}, undefined, { isAlive: () => true, seesExitStatus: true });
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), begin(3000), end(3500, 3000));
    expect(told(made)).toEqual(['BEGIN', 'BEGIN', 'SNAPSHOT 60 recovered', 'END']);
  });

  it('is kept, too, when the next listing only glances at it', () => {
    const enricher = started();
    const made = allOf(enricher, ...ALL, sighting(2001, 60, capture(TOOL)), begin(3000), sighting(3001, 60, glance(TOOL)));
    expect(told([...made, ...allOf(enricher, sighting(3001, 50, glance(SHELL)), end(3500, 3000))])).toEqual([
      'BEGIN',
      'BEGIN',
      'SNAPSHOT 60 recovered',
      'END',
    ]);
  });

  it('has its parent, also where that is found after it', () => {
    const enricher = started();
    const parent = capture({ ...TOOL, pid: 61, exe: '/bin/parent' });
    const made = eventsOf(
      enricher,
      ...ALL,
      sighting(2001, 60, capture({ ...TOOL, ppid: 61 })),
      sighting(2002, 61, parent),
      end(2500, 2000),
    );
    expect(made[0]).toMatchObject({ process: { pid: 60 }, parent: { pid: 61, exe: '/bin/parent', entity_id: made[1]?.process.entity_id } });
  });

  it('is not the one of which something was heard before it began', () => {
    const enricher = started();
    eventsOf(enricher, uid(1000, 60, [5, 5]));
    const made = eventsOf(enricher, ...ALL, sighting(2001, 60, capture({ ...TOOL, startMs: 1950 })), end(2500, 2000));
    expect(made.map(({ kind }) => kind)).toEqual(['EXIT', 'SNAPSHOT']);
    expect(made.map(({ provenance }) => provenance.identity)).toEqual(['MISSING', 'LIVE']);
  });

  it('is not news where it had been listed before: only the table had forgotten it', () => {
    const enricher = started();
    expect(told(allOf(enricher, ...ALL, sighting(2001, 60, glance(TOOL)), end(2500, 2000)))).not.toContain('SNAPSHOT 60 recovered');
    expect([...enricher.processes.living()]).toContain(60);
  });

  it('is not told to those who want neither forks nor execs', () => {
    const enricher = started({ kinds: new Set<KernelKind>(['EXIT']) });
    expect(eventsOf(enricher, ...ALL, sighting(2001, 50, glance(SHELL)), sighting(2001, 60, capture(TOOL)), end(2500, 2000))).toEqual([]);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
  });
});
