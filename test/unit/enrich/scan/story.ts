import type { AnyEvent } from '../../../../src/core/any-event.ts';
import type { Enricher } from '../../../../src/enrich/enricher.ts';
import { begin, capture, eventsOf, glance, newEnricher, sighting, snapshot } from '../fixtures.ts';

export const SHELL = { pid: 50, ppid: 1, comm: 'sh', exe: '/bin/sh', startMs: 100, envStart: 5000 };
export const TOOL = { pid: 60, ppid: 50, comm: 'tool', startMs: 1000, envStart: 6000 };

/** A shell that was there at the start. */
export function started(...more: Parameters<typeof newEnricher>): Enricher {
  const enricher = newEnricher(...more);
  eventsOf(enricher, snapshot(500, 50, capture(SHELL)));
  return enricher;
}

/** What is published, in short. */
export const told = (made: readonly AnyEvent[]): string[] =>
  made.map(({ stream, event }) => {
    if (stream === 'agent') return event.snapshot === null ? event.kind : event.snapshot.phase;
    return `${event.kind} ${event.process.pid}${event.recovered ? ' recovered' : ''}`;
  });

export const OF_LOSS = ['BEGIN', 'END'];
/** The begin of a listing that shows the shell as it was. */
export const ALL = [begin(2000), sighting(2000, 50, glance(SHELL))] as const;
