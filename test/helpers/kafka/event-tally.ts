import { partitionOf } from '../../../src/sink/kafka/protocol/murmur2.ts';
import { identityIn, RunTally } from '../run-tally.ts';
import type { ReadRecord } from './read-topic.ts';

/** How often each event of each run is in topics, by nothing but its header `event-id`. */
export class EventTally extends RunTally {
  /** Records that came again, by partition. */
  readonly again: number[] = [];
  /** Records that have no identity although they need one, or are not in the partition of their key. */
  readonly astray: string[] = [];

  /** `partitions`: how many the topic has. */
  add({ headers, key, partition, offset }: ReadRecord, partitions: number): void {
    const id = headers.find(([name]) => name === 'event-id')?.[1]?.toString();
    const identity = identityIn(id ?? '');
    const isHome = key !== null && partitionOf(key, partitions) === partition;
    // Those of the agent's own topic are no events: checkpoints.
    if (id === undefined && partitions === 1) return;
    if (identity === undefined || !isHome) this.astray.push(`${id} at ${partition}/${offset}`);
    else if (identity.sequence > 0 && this.count(identity.run, identity.sequence)) this.#cameAgain(partition);
  }

  #cameAgain(partition: number): void {
    while (this.again.length <= partition) this.again.push(0);
    this.again[partition] = (this.again[partition] ?? 0) + 1;
  }
}
