import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../wait-for.ts';
import type { KafkaAdmin } from './admin.ts';

const EVERY_MS = 200;
/** A broker that was killed is given up after 9 s, and a busy machine takes its time besides. */
const PATIENCE_MS = 120_000;

/** How a topic grows, looked at several times a second until `end`. */
export class TopicFlow {
  /** How far each partition was replicated when it was last said. */
  readonly ends: number[] = [];
  /** The longest time in which no partition grew. */
  longestStallMs = 0;
  readonly #admin: KafkaAdmin;
  readonly #topic: string;
  #lastGrownMs = performance.now();
  #ended = false;
  readonly #watching: Promise<void>;

  constructor(admin: KafkaAdmin, topic: string) {
    this.#admin = admin;
    this.#topic = topic;
    this.#watching = this.#watch();
  }

  get records(): number {
    return this.ends.reduce((sum, end) => sum + end, 0);
  }

  /** Resolves when the topic has so many records. */
  reaches(records: number): Promise<unknown> {
    const what = (): string => `${this.#topic} to have ${records} records; it has ${this.records}: ${this.ends.join(', ')}`;
    return waitFor(() => this.records >= records, { what, timeoutMs: PATIENCE_MS, everyMs: EVERY_MS / 2 });
  }

  /** Resolves when every partition has grown since the call. */
  async grows(): Promise<void> {
    const before = [...this.ends];
    const grown = (): boolean => this.ends.length > 0 && this.ends.every((end, partition) => end > (before[partition] ?? 0));
    const what = (): string => `${this.#topic} to grow in each partition beyond ${before.join(', ')}; it is at ${this.ends.join(', ')}`;
    await waitFor(grown, { what, timeoutMs: PATIENCE_MS, everyMs: EVERY_MS / 2 });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#watching;
  }

  async #watch(): Promise<void> {
    while (!this.#ended) {
      // While no broker runs nobody says anything.
      const ends = await this.#admin.ends(this.#topic).catch(() => []);
      this.#take(ends);
      await sleep(EVERY_MS);
    }
  }

  #take(ends: readonly (number | undefined)[]): void {
    const before = this.records;
    for (const [partition, end] of ends.entries()) this.ends[partition] = Math.max(this.ends[partition] ?? 0, end ?? 0);
    const now = performance.now();
    if (before > 0) this.longestStallMs = Math.max(this.longestStallMs, now - this.#lastGrownMs);
    if (before === 0 || this.records > before) this.#lastGrownMs = now;
  }
}
