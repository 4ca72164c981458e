import { uuidText } from '../core/uuid.ts';
import type { Uuid } from '../core/event.ts';
import type { Evidence, Place } from './evidence.ts';
import type { RunStream } from './run-stream.ts';

/** What may be among what was removed. */
export interface Removable {
  /** Only events before this sequence. */
  readonly before: number;
  /** So many at most, of all runs. */
  left: number;
}

/** More than are ever out of their order: a write of a sink at most. */
const MOST_MIXED = 2 ** 17;

/** The beginning of a run in a partition: the highest sequence among its first 1, 2, 4, 8, … events there. */
class Beginning {
  readonly #highest: number[] = [];
  #count = 0;
  #max = 0;

  note(sequence: number): void {
    if (this.#count >= MOST_MIXED) return;
    this.#count += 1;
    if (sequence > this.#max) this.#max = sequence;
    this.#highest[placeOf(this.#count)] = this.#max;
  }

  /** Among so many, or some more. */
  highestOf(records: number): number {
    return this.#highest[placeOf(records)] ?? this.#max;
  }
}

/** 1, 2, 3 to 4, 5 to 8, …. */
const placeOf = (count: number): number => 32 - Math.clz32(count - 1);

/**
 * Partitions from whose beginnings records were removed, by retention or by somebody: nobody can tell what they were. The events of a run are in a partition in
 * their order, so that of a run which is still there only what is before the first of it can have been removed, and of a run before that everything. Where they
 * are mixed, within bounds, it is what is before the last that those bounds let be there.
 */
export class RemovedBeginnings {
  /** Of each partition the beginning of each run, by its id. */
  readonly #firsts = new Map<string, Map<string, Beginning>>();
  /** So many records in a row may be in any order. */
  #mixed = 1;
  #left = 0;
  #beginning: Beginning | undefined;
  #last: { readonly partition: string; readonly agentId: Uuid } | undefined;

  /** Before any of its records; then again where they turn out to have been more. */
  add(partition: string, records: number): void {
    if (!this.#firsts.has(partition)) this.#firsts.set(partition, new Map());
    this.#left += records;
  }

  /** Records of all partitions may be out of their order, as far as such a number of them in a row. */
  mix(records: number): void {
    this.#mixed = Math.min(MOST_MIXED, Math.max(this.#mixed, records));
  }

  note({ stream, agentId, sequence }: Evidence, { partition }: Place): void {
    if (partition === undefined || sequence === null || stream !== 'process') return;
    if (this.#last?.partition !== partition || !this.#last.agentId.equals(agentId)) {
      this.#last = { partition, agentId: Buffer.from(agentId) };
      this.#beginning = this.#beginningOf(partition, uuidText(agentId));
    }
    this.#beginning?.note(sequence);
  }

  #beginningOf(partition: string, run: string): Beginning | undefined {
    const firsts = this.#firsts.get(partition);
    if (firsts === undefined) return undefined;
    const beginning = firsts.get(run) ?? new Beginning();
    firsts.set(run, beginning);
    return beginning;
  }

  /** `group`: the runs of the same host in their order, of which `run` is one. */
  of(run: RunStream, group: readonly RunStream[]): Removable {
    const nothingIsThere = !Number.isFinite(run.lowestProcess);
    const later = group.slice(group.indexOf(run) + 1).map(({ agentId }) => uuidText(agentId));
    let before = 1;
    for (const firsts of this.#firsts.values()) {
      const first = firsts.get(uuidText(run.agentId));
      if (first !== undefined) before = Math.max(before, first.highestOf(this.#mixed));
      else if (nothingIsThere || later.some((id) => firsts.has(id))) before = Infinity;
    }
    return { before, left: this.#left };
  }

  taken(events: number): void {
    this.#left -= events;
  }
}
