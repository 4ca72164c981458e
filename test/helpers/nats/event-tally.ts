import { identityIn, RunTally } from '../run-tally.ts';
import type { ReadMessage } from './admin.ts';

/** How often each event of each run was read, by nothing but the header `event-id` of messages with one event each. */
export class EventTally extends RunTally {
  /** Messages whose event was read before. */
  again = 0;
  /** Messages that have an identity which is none of one event. */
  readonly astray: string[] = [];

  static of(messages: Iterable<ReadMessage>): EventTally {
    const tally = new EventTally();
    for (const message of messages) tally.add(message);
    return tally;
  }

  add({ headers }: ReadMessage): void {
    const id = headers.get('event-id');
    // Checkpoints are no events.
    if (id === '') return;
    const identity = identityIn(id);
    if (identity === undefined) this.astray.push(id);
    else if (this.count(identity.run, identity.sequence)) this.again += 1;
  }
}
