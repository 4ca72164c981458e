import type { Encoded } from '../core/encoded.ts';
import { AgentError } from '../core/errors.ts';
import type { Delivery, Depth, Outcome, Queue } from '../core/queue.ts';

/** Gives records one by one, each once, and remembers what became of each: for a delivery whose end somebody waits for. */
export class OutcomeQueue implements Queue<Encoded> {
  /** By index of the record; undefined while nothing is known. */
  readonly outcomes: (Outcome | undefined)[];
  readonly #records: readonly Encoded[];
  #next = 0;

  constructor(records: readonly Encoded[]) {
    this.#records = records;
    this.outcomes = records.map(() => undefined);
  }

  get depth(): Depth {
    const left = this.#records.slice(this.#next);
    return { events: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes.length, 0) };
  }

  async pull(signal: AbortSignal): Promise<Delivery<Encoded> | undefined> {
    signal.throwIfAborted();
    const index = this.#next;
    const record = this.#records[index];
    if (record === undefined) return undefined;
    this.#next += 1;
    return { batch: { items: [record], bytes: record.bytes.length }, done: (outcome) => void (this.outcomes[index] = outcome) };
  }

  push(): Promise<void> {
    return Promise.reject(full());
  }

  offer(): boolean {
    return false;
  }

  append(): void {
    throw full();
  }

  end(): void {
    // It takes nothing from its beginning.
  }

  async close(): Promise<void> {
    this.#next = this.#records.length;
  }
}

function full(): AgentError {
  return new AgentError('QUEUE_ENDED', 'the queue holds what it was made with and takes nothing else');
}
