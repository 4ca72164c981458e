/** As long as Java clients believe what they heard. */
const MAX_AGE_MS = 300_000;

interface Asked {
  readonly count: Promise<number>;
  readonly sinceMs: number;
}

/** How many partitions topics have, asked once in a while: kafkajs makes a connection of its own for it. */
export class PartitionCounts {
  readonly #ask: (topic: string) => Promise<number>;
  readonly #nowMs: () => number;
  readonly #asked = new Map<string, Asked>();

  constructor(ask: (topic: string) => Promise<number>, nowMs: () => number = () => performance.now()) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** Rejects with what asking rejects with; then it is asked again the next time. */
  of(topic: string): Promise<number> {
    const known = this.#asked.get(topic);
    if (known !== undefined && this.#nowMs() - known.sinceMs < MAX_AGE_MS) return known.count;
    const asked: Asked = { count: this.#ask(topic), sinceMs: this.#nowMs() };
    this.#asked.set(topic, asked);
    asked.count.catch(() => {
      if (this.#asked.get(topic) === asked) this.#asked.delete(topic);
    });
    return asked.count;
  }

  /** What was heard of a topic is not true any more. */
  forget(topic: string): void {
    this.#asked.delete(topic);
  }
}
