import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeliveryTime } from '../../../../src/pipeline/delivery/time.ts';

interface Timer {
  readonly dueMs: number;
  readonly due: () => void;
}

const START_MS = 1_700_000_000_000;

/** Time that stands still until it is told to pass. */
export class FakeTime implements DeliveryTime {
  #ms = 0;
  readonly #timers = new Set<Timer>();

  get ms(): number {
    return this.#ms;
  }

  get timers(): number {
    return this.#timers.size;
  }

  nowUs(): number {
    return (START_MS + this.#ms) * 1000;
  }

  monotonicNs(): number {
    return this.#ms * 1e6;
  }

  after(ms: number, due: () => void): () => void {
    const timer = { dueMs: this.#ms + ms, due };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets the next timer fall due; false when there is none. */
  step(): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#ms = Math.max(this.#ms, next.dueMs);
    next.due();
    return true;
  }

  pass(ms: number): void {
    const end = this.#ms + ms;
    const isDue = ({ dueMs }: Timer): boolean => dueMs <= end;
    while ([...this.#timers].some(isDue)) this.step();
    this.#ms = end;
  }
}

/** Turns of the event loop after which work that waits for no timer is taken to wait for nothing at all; those on files need many. */
const PATIENCE = 20_000;

/** Lets time pass, timer by timer, whenever nothing else moves, until `work` is done. Rejects when it never will be. */
export async function throughTime<T>(time: FakeTime, work: Promise<T>): Promise<T> {
  const progress = { done: false, idle: 0 };
  const end = (): void => void (progress.done = true);
  work.then(end, end);
  for (await nextTurn(); !progress.done; await nextTurn()) {
    progress.idle = time.step() ? 0 : progress.idle + 1;
    if (progress.idle > PATIENCE) throw new Error('nothing moves any more');
  }
  return work;
}
