import { describe, expect, it } from 'vitest';
import { allOf, begin, capture, end, eventsOf, exit, fork, glance, loss, newEnricher, sighting, snapshot, wallUs } from '../fixtures.ts';
import { SHELL, TOOL, started, told, ALL } from './story.ts';

describe('listings', () => {
  const found = (ms: number, pid: number, purpose: 'interval' | 'fallback' | 'loss') => [
    begin(ms, purpose),
    sighting(ms, 50, glance(SHELL), purpose),
    sighting(ms + 1, pid, capture({ ...TOOL, pid, startMs: ms - 500 }), purpose),
  ];

  it('are told of with what they are for, what was known, and what they listed', () => {
    const enricher = newEnricher();
    const made = allOf(enricher, begin(400, 'start'), snapshot(500, 50, capture(SHELL)), end(600, 400, { purpose: 'start', processes: 1 }));
    made.push(...allOf(enricher, ...ALL, end(2500, 2000, { processes: 1 })));
    const listings = made.flatMap(({ event }) => (event.kind === 'SNAPSHOT' && 'snapshot' in event ? [event.snapshot] : []));
    expect(listings).toEqual([
      { phase: 'BEGIN', processes: 0, purpose: 'start' },
      { phase: 'END', processes: 1, purpose: 'start' },
      { phase: 'BEGIN', processes: 1, purpose: 'loss' },
      { phase: 'END', processes: 1, purpose: 'loss' },
    ]);
    expect(made[0]?.event).toMatchObject({ time: wallUs(400), sequence: 0, gap: null });
  });

  it('at the start are not told of where nobody wants to see what was there before', () => {
    const enricher = newEnricher({ snapshot: false });
    expect(allOf(enricher, begin(400, 'start'), snapshot(500, 50, capture(SHELL)), end(600, 400, { purpose: 'start' }))).toEqual([]);
    expect([...enricher.processes.living()]).toEqual([50]);
  });

  it('at intervals refill the table without a word', () => {
    const enricher = started();
    expect(allOf(enricher, ...found(2000, 60, 'interval'), end(2500, 2000, { purpose: 'interval' }))).toEqual([]);
    expect([...enricher.processes.living()]).toEqual([50, 60]);
    expect(enricher.processes.exeOf(60)).toBe('/usr/bin/tool');
  });

  it('at intervals tell of what they find after a loss, and are then told of', () => {
    const enricher = started();
    allOf(enricher, loss());
    const made = allOf(enricher, ...found(2000, 60, 'interval'), end(2500, 2000, { purpose: 'interval', processes: 2 }));
    expect(told(made)).toEqual(['BEGIN', 'SNAPSHOT 60 recovered', 'END']);
    expect(made[0]?.event).toMatchObject({ time: wallUs(2000) });
    expect(
      allOf(
        enricher,
        ...found(3000, 61, 'interval'),
        sighting(3000, 60, glance({ ...TOOL, startMs: 1500 })),
        end(3500, 3000, { purpose: 'interval' }),
      ),
    ).toEqual([]);
  });

  it('at intervals tell of ends nobody heard of', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60));
    const made = allOf(enricher, begin(2000, 'interval'), sighting(2000, 50, glance(SHELL)), end(2500, 2000, { purpose: 'interval' }));
    expect(told(made)).toEqual(['BEGIN', 'EXIT 60 recovered', 'END']);
  });

  it('for want of events tell of everything, and of themselves once', () => {
    const enricher = started();
    const made = [
      ...allOf(enricher, ...found(2000, 60, 'fallback'), end(2001, 2000, { purpose: 'fallback' })),
      ...allOf(enricher, begin(3000, 'fallback'), sighting(3000, 50, glance(SHELL), 'fallback')),
      ...allOf(enricher, sighting(3000, 60, capture({ ...TOOL, startMs: 1500, exe: '/bin/other', envStart: 9 }), 'fallback')),
      ...allOf(enricher, end(3001, 3000, { purpose: 'fallback' })),
      ...allOf(enricher, begin(4000, 'fallback'), sighting(4000, 50, glance(SHELL), 'fallback'), end(4001, 4000, { purpose: 'fallback' })),
    ];
    expect(told(made)).toEqual(['BEGIN', 'SNAPSHOT 60 recovered', 'END', 'EXEC 60 recovered', 'EXIT 60 recovered']);
  });

  it('for want of events are told of again after hearing', () => {
    const enricher = started();
    const row = (ms: number) => [
      begin(ms, 'fallback'),
      sighting(ms, 50, glance(SHELL), 'fallback'),
      end(ms + 1, ms, { purpose: 'fallback' }),
    ];
    const made = allOf(enricher, ...row(2000), ...row(3000), begin(4000), sighting(4000, 50, glance(SHELL)), end(4500, 4000), ...row(5000));
    expect(told(made)).toEqual(['BEGIN', 'END', 'BEGIN', 'END', 'BEGIN', 'END']);
  });

  it('for want of events are told of again after one that was made for another reason was given up', () => {
    const enricher = started();
    const made = allOf(enricher, begin(2000, 'fallback'), sighting(2000, 50, glance(SHELL)), end(2001, 2000, { purpose: 'fallback' }));
    expect(told([...made, ...allOf(enricher, begin(3000), begin(4000, 'fallback'))])).toEqual(['BEGIN', 'END', 'BEGIN', 'BEGIN']);
  });

  it('make counts of threads exact again', () => {
    const enricher = started();
    eventsOf(enricher, fork(1000, 50, 60), loss());
    eventsOf(
      enricher,
      begin(2000),
      sighting(2000, 50, glance(SHELL)),
      sighting(2001, 60, capture({ ...TOOL, exe: '/bin/sh', envStart: 5000, threads: 2 })),
      end(2500, 2000),
    );
    expect(eventsOf(enricher, exit(3000, 60))).toEqual([]);
    expect(eventsOf(enricher, exit(3001, { pid: 60, tid: 61 }))).toMatchObject([{ kind: 'EXIT', process: { tid: null } }]);
  });
});
