import type { Enricher } from '../enrich/enricher.ts';
import type { IntakeParts } from '../pipeline/intake.ts';
import { EventClock } from './event-clock.ts';
import type { LossLog } from './loss-log.ts';
import type { Origin } from './origin.ts';

/** What is done with each thing heard. Losses of a recording were told when it was made. */
export function enrichment(enricher: Enricher, { clock, losses }: { clock: Origin['clock']; losses: LossLog }): IntakeParts['enrich'] {
  if (!(clock instanceof EventClock))
    return (heard, emit) => {
      if (heard.kind === 'LOSS') losses.note(heard);
      enricher.enrich(heard, emit);
    };
  return (heard, emit) => {
    clock.heed(heard);
    enricher.enrich(heard, emit);
  };
}
