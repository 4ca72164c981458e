import { PROCESS_KINDS } from '../../core/event.ts';
import type { ProcessEvent, ProcessKind } from '../../core/event.ts';

const INDEX_OF: Readonly<Record<ProcessKind, number>> = Object.fromEntries(PROCESS_KINDS.map((kind, index) => [kind, index])) as Record<
  ProcessKind,
  number
>;

/** What is remembered of one key: until when it has used up its rate, and what of it was suppressed since the last report. */
export class Bucket {
  readonly key: string;
  /** CLOCK_MONOTONIC, microseconds; see rate-limit.ts. */
  paidUntilUs = Number.NEGATIVE_INFINITY;
  count = 0;
  /** By index of PROCESS_KINDS; none before the first is suppressed. */
  #byKind: number[] | null = null;
  /** Wall clock of the first and the last that was suppressed, microseconds. */
  fromTime = 0;
  toTime = 0;
  /** CLOCK_MONOTONIC of the last that was suppressed. */
  lastUs = 0;
  /** When its report is due. */
  dueUs = 0;
  /** Neighbours by last use: one that is used moves to the end. */
  older: Bucket | null = null;
  newer: Bucket | null = null;

  constructor(key: string) {
    this.key = key;
  }

  suppress(event: ProcessEvent): void {
    this.#byKind ??= PROCESS_KINDS.map(() => 0);
    const index = INDEX_OF[event.kind];
    this.#byKind[index] = (this.#byKind[index] as number) + 1;
    this.fromTime = this.count === 0 ? event.time : Math.min(this.fromTime, event.time);
    this.toTime = this.count === 0 ? event.time : Math.max(this.toTime, event.time);
    this.lastUs = event.monotonic_us;
    this.count += 1;
  }

  /** The exact numbers since the last time, which begin anew. */
  takeByKind(): Record<string, number> {
    const byKind: Record<string, number> = {};
    const counts = this.#byKind ?? [];
    for (let i = 0; i < counts.length; i++) if ((counts[i] as number) > 0) byKind[PROCESS_KINDS[i] as ProcessKind] = counts[i] as number;
    this.#byKind = null;
    this.count = 0;
    return byKind;
  }
}
