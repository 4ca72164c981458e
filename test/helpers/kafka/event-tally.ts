import { partitionOf } from '../../../src/sink/kafka/protocol/murmur2.ts';
import type { ReadRecord } from './read-topic.ts';

interface Stray {
  readonly count: number;
  readonly first: readonly number[];
}

const strayOf = (sequences: readonly number[]): Stray => ({ count: sequences.length, first: sequences.slice(0, 5) });

export const NOTHING_ASTRAY = { lost: strayOf([]), invented: strayOf([]) };

/** How often each event of each run is in topics, by nothing but its header `event-id`. */
export class EventTally {
  /** By run, then by sequence. */
  readonly runs = new Map<string, Map<number, number>>();
  /** Records that came again, by partition. */
  readonly again: number[] = [];
  /** Records that have no identity although they need one, or are not in the partition of their key. */
  readonly astray: string[] = [];

  /** `partitions`: how many the topic has. */
  add({ headers, key, partition, offset }: ReadRecord, partitions: number): void {
    const id = headers.find(([name]) => name === 'event-id')?.[1]?.toString();
    const [, run, sequence] = /^([0-9a-f-]{36}):(\d+)$/.exec(id ?? '') ?? [];
    const isHome = key !== null && partitionOf(key, partitions) === partition;
    // Those of the agent's own topic are no events: checkpoints.
    if (id === undefined && partitions === 1) return;
    if (run === undefined || !isHome) this.astray.push(`${id} at ${partition}/${offset}`);
    else if (Number(sequence) > 0) this.#count(run, Number(sequence), partition);
  }

  /** Of the sequences 1 to `last` of a run: how many are not there, and how many are there beside them, with the first of each. */
  compare(run: string, last: number): { lost: Stray; invented: Stray } {
    const there = this.runs.get(run) ?? new Map<number, number>();
    const lost = Array.from({ length: last }, (_, i) => i + 1).filter((sequence) => !there.has(sequence));
    return { lost: strayOf(lost), invented: strayOf([...there.keys()].filter((sequence) => sequence > last)) };
  }

  #count(run: string, sequence: number, partition: number): void {
    const times = this.runs.get(run) ?? new Map<number, number>();
    this.runs.set(run, times);
    const former = times.get(sequence) ?? 0;
    times.set(sequence, former + 1);
    if (former === 0) return;
    while (this.again.length <= partition) this.again.push(0);
    this.again[partition] = (this.again[partition] ?? 0) + 1;
  }
}
