import type { AnyEvent } from '../core/any-event.ts';
import type { Uuid } from '../core/event.ts';

/** Gives events their identity (`agent_id`, `sequence`): after all that may hold events back, before the first that stores them. */
export interface Sequencer {
  /** Stamps the event itself and returns it. A CHECKPOINT has no number of its own. */
  stamp(event: AnyEvent): AnyEvent;
  /** Number of the last stamped event; 0 before the first. */
  readonly last: number;
}

export function createSequencer(agentId: Uuid): Sequencer {
  let last = 0;
  return {
    stamp(item) {
      item.event.agent_id = agentId;
      item.event.sequence = item.event.kind === 'CHECKPOINT' ? null : ++last;
      return item;
    },
    get last() {
      return last;
    },
  };
}
