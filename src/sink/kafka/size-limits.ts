/** How long what a broker refused once counts: its settings may be changed. */
const FORGET_MS = 600_000;
/** Batches of single records are cut no smaller. */
const LEAST_BYTES = 1024;

/** How large a batch may be, by topic: a broker says so only by refusing one. */
export class SizeLimits {
  readonly #limits = new Map<string, { readonly bytes: number; readonly untilMs: number }>();

  /** Bytes of a batch as sent; infinite where nothing has been refused. */
  of(topic: string): number {
    const limit = this.#limits.get(topic);
    return limit === undefined || performance.now() > limit.untilMs ? Number.POSITIVE_INFINITY : limit.bytes;
  }

  /** One of `bytes` was too large. */
  learn(topic: string, bytes: number): void {
    // Its half went, or was refused in its turn: then this is called with that.
    const half = Math.max(LEAST_BYTES, Math.floor(bytes / 2));
    if (half < this.of(topic)) this.#limits.set(topic, { bytes: half, untilMs: performance.now() + FORGET_MS });
  }
}
