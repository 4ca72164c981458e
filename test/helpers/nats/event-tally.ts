import type { ReadMessage } from './admin.ts';

interface Stray {
  readonly count: number;
  readonly first: readonly number[];
}

const strayOf = (sequences: readonly number[]): Stray => ({ count: sequences.length, first: sequences.slice(0, 5) });

export const NOTHING_ASTRAY = { lost: strayOf([]), invented: strayOf([]) };

/** How often each event of each run was read, by nothing but the header `event-id` of messages with one event each. */
export class EventTally {
  /** By run, then by sequence. */
  readonly runs = new Map<string, Map<number, number>>();
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
    const [, run, sequence] = /^([0-9a-f-]{36}):(\d+)$/.exec(id) ?? [];
    if (run === undefined) this.astray.push(id);
    else this.#count(run, Number(sequence));
  }

  /** Of the sequences 1 to `last` of a run: how many are not there, and how many are there beside them, with the first of each. */
  compare(run: string, last: number): { lost: Stray; invented: Stray } {
    const there = this.runs.get(run) ?? new Map<number, number>();
    const lost = Array.from({ length: last }, (_, i) => i + 1).filter((sequence) => !there.has(sequence));
    return { lost: strayOf(lost), invented: strayOf([...there.keys()].filter((sequence) => sequence > last)) };
  }

  #count(run: string, sequence: number): void {
    const times = this.runs.get(run) ?? new Map<number, number>();
    this.runs.set(run, times);
    const former = times.get(sequence) ?? 0;
    times.set(sequence, former + 1);
    if (former > 0) this.again += 1;
  }
}
