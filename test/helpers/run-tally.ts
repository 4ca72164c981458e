interface Stray {
  readonly count: number;
  readonly first: readonly number[];
}

const strayOf = (sequences: readonly number[]): Stray => ({ count: sequences.length, first: sequences.slice(0, 5) });

export const NOTHING_ASTRAY = { lost: strayOf([]), invented: strayOf([]) };

const IDENTITY = /^([0-9a-f-]{36}):(\d+)$/;

/** Run and sequence of a header `event-id` that names one event. */
export function identityIn(id: string): { readonly run: string; readonly sequence: number } | undefined {
  const [, run, sequence] = IDENTITY.exec(id) ?? [];
  return run === undefined ? undefined : { run, sequence: Number(sequence) };
}

/** How often each event of each run was read. */
export class RunTally {
  /** By run, then by sequence. */
  readonly runs = new Map<string, Map<number, number>>();

  /** Of the sequences 1 to `last` of a run: how many are not there, and how many are there beside them, with the first of each. */
  compare(run: string, last: number): { lost: Stray; invented: Stray } {
    const there = this.runs.get(run) ?? new Map<number, number>();
    const lost = Array.from({ length: last }, (_, i) => i + 1).filter((sequence) => !there.has(sequence));
    return { lost: strayOf(lost), invented: strayOf([...there.keys()].filter((sequence) => sequence > last)) };
  }

  /** Whether it was there before. */
  protected count(run: string, sequence: number): boolean {
    const times = this.runs.get(run) ?? new Map<number, number>();
    this.runs.set(run, times);
    const former = times.get(sequence) ?? 0;
    times.set(sequence, former + 1);
    return former > 0;
  }
}
