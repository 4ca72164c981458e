import type { Clock } from '../core/clock.ts';
import type { Emit, EnrichContext } from './context.ts';
import { recall } from './process-view.ts';
import { ANNOUNCED, START_UNKNOWN, type Entry } from './table/entry.ts';

/** Processes of one container that are told of again; those that start later say themselves who it is. */
const MAX_A_CONTAINER = 400;
/** At once. A host with many containers whose engine answers late has its own events to deliver meanwhile. */
const MAX_A_ROUND = 512;

/**
 * An engine says who a container is when events with its id have gone out already. Those stay as they are; the processes of it that still run are told of again,
 * as SNAPSHOTs, so that whoever has the earlier events can join what is known now, by the ids of process and container.
 */
export class ContainerNews {
  readonly #ctx: EnrichContext;
  readonly #clock: Clock;
  readonly #named = new Set<string>();
  #waiting: Entry[] = [];

  constructor(ctx: EnrichContext, clock: Clock) {
    this.#ctx = ctx;
    this.#clock = clock;
  }

  /** There is something to tell, or it may turn out that there is nothing. */
  get isPending(): boolean {
    return this.#named.size > 0 || this.#waiting.length > 0;
  }

  /** That container has a name now, or another one. */
  note(id: string): void {
    this.#named.add(id);
  }

  /** Emits a bounded number of what waits. */
  tell(emit: Emit): void {
    if (this.#waiting.length === 0) this.#waiting = this.#concerned();
    for (const entry of this.#waiting.splice(0, MAX_A_ROUND)) if (entry.whereabouts === 'living') this.#announce(entry, emit);
  }

  /** One pass over the table, however many containers were named since the last one. */
  #concerned(): Entry[] {
    const found: Entry[] = [];
    const room = new Map<string, number>();
    for (const id of this.#named) room.set(id, MAX_A_CONTAINER);
    this.#named.clear();
    if (room.size === 0) return found;
    for (const entry of this.#ctx.table.runs()) {
      const id = this.#ctx.containers.idOf(entry.cgroup);
      const left = id === null ? 0 : (room.get(id) ?? 0);
      // Without a start it is a mere pid, which the next listing will know more of, and tell.
      if (id === null || left === 0 || entry.startSource === START_UNKNOWN) continue;
      room.set(id, left - 1);
      found.push(entry);
    }
    return found;
  }

  #announce(entry: Entry, emit: Emit): void {
    const stamp = { monotonicNs: this.#clock.monotonicNs(), timeUs: this.#clock.nowUs() };
    entry.marks |= ANNOUNCED;
    this.#ctx.counters.snapshots++;
    emit({ stream: 'process', event: recall(this.#ctx, entry, stamp) });
  }
}
