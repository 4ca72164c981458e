/** As large as brokers take a batch where nobody has told them otherwise: their `message.max.bytes` is 12 more. */
export const USUAL_BYTES = 2 ** 20;
/** How long what a broker refused once counts: its settings may be changed. */
const FORGET_MS = 600_000;
/** Batches of single records are cut no smaller. */
const LEAST_BYTES = 1024;

interface Topic {
  bytesEach: number;
  maxBytes: number;
  untilMs: number;
}

/** How large a batch may be, by topic, which a broker says only by refusing one; and how large records of it are, as sent. */
export class SizeLimits {
  readonly #topics = new Map<string, Topic>();

  /** Bytes of a batch as sent. */
  of(topic: string): number {
    const { maxBytes = USUAL_BYTES, untilMs = 0 } = this.#topics.get(topic) ?? {};
    return performance.now() > untilMs ? USUAL_BYTES : maxBytes;
  }

  /** Bytes of a record as sent, compressed with others, by what was sent last; 0: nothing was. */
  bytesEach(topic: string): number {
    return this.#topics.get(topic)?.bytesEach ?? 0;
  }

  sent(topic: string, bytesEach: number): void {
    this.#topicOf(topic).bytesEach = bytesEach;
  }

  /** One of `bytes` was too large. */
  learn(topic: string, bytes: number): void {
    // Its half went, or was refused in its turn: then this is called with that.
    const half = Math.max(LEAST_BYTES, Math.floor(bytes / 2));
    if (half < this.of(topic)) Object.assign(this.#topicOf(topic), { maxBytes: half, untilMs: performance.now() + FORGET_MS });
  }

  #topicOf(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = { bytesEach: 0, maxBytes: USUAL_BYTES, untilMs: 0 };
      this.#topics.set(name, topic);
    }
    return topic;
  }
}
