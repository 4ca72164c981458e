import type { After } from '../../../../src/queue/spool/timers.ts';

/** Timers that are due when the test says so. */
export class ManualTimers {
  #nowMs = 0;
  #next = 0;
  readonly #timers = new Map<number, { readonly atMs: number; readonly due: () => void }>();

  readonly after: After = (ms, due) => {
    this.#next += 1;
    const id = this.#next;
    this.#timers.set(id, { atMs: this.#nowMs + ms, due });
    return () => void this.#timers.delete(id);
  };

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const [id, { atMs, due }] of this.#timers) {
      if (atMs > this.#nowMs || !this.#timers.delete(id)) continue;
      due();
    }
  }
}
