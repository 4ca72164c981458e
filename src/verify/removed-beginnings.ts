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

/**
 * Partitions from whose beginnings records were removed, by retention or by somebody: nobody can tell what they were. The events of a run are in a partition in
 * their order, so that of a run which is still there only what is before the first of it can have been removed, and of a run before that everything.
 */
export class RemovedBeginnings {
  /** Of each partition the first event of each run, by its id. */
  readonly #firsts = new Map<string, Map<string, number>>();
  #left = 0;
  #last: { readonly partition: string; readonly agentId: Uuid } | undefined;

  /** Before any of its records; then again where they turn out to have been more. */
  add(partition: string, records: number): void {
    if (!this.#firsts.has(partition)) this.#firsts.set(partition, new Map());
    this.#left += records;
  }

  note({ stream, agentId, sequence }: Evidence, { partition }: Place): void {
    if (partition === undefined || sequence === null || stream !== 'process') return;
    if (this.#last?.partition === partition && this.#last.agentId.equals(agentId)) return;
    this.#last = { partition, agentId: Buffer.from(agentId) };
    const firsts = this.#firsts.get(partition);
    const run = uuidText(agentId);
    if (firsts !== undefined && !firsts.has(run)) firsts.set(run, sequence);
  }

  /** `group`: the runs of the same host in their order, of which `run` is one. */
  of(run: RunStream, group: readonly RunStream[]): Removable {
    const nothingIsThere = !Number.isFinite(run.lowestProcess);
    const later = group.slice(group.indexOf(run) + 1).map(({ agentId }) => uuidText(agentId));
    let before = 1;
    for (const firsts of this.#firsts.values()) {
      const first = firsts.get(uuidText(run.agentId));
      if (first !== undefined) before = Math.max(before, first);
      else if (nothingIsThere || later.some((id) => firsts.has(id))) before = Infinity;
    }
    return { before, left: this.#left };
  }

  taken(events: number): void {
    this.#left -= events;
  }
}
