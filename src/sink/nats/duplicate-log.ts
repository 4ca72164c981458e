export interface DuplicateLogDeps {
  readonly log: { info(fields: object, message: string): void };
  /** Milliseconds; replaced in tests. */
  readonly now?: () => number;
}

/** While they go on it is told so often. */
const AGAIN_MS = 60_000;

/** Tells of messages that came to a stream again and were recognised: nothing is wrong with it, but it explains what a counter of the server says. */
export class DuplicateLog {
  readonly #log: DuplicateLogDeps['log'];
  readonly #now: () => number;
  #untold = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor({ log, now = () => performance.now() }: DuplicateLogDeps) {
    this.#log = log;
    this.#now = now;
  }

  add(): void {
    this.#untold += 1;
    if (this.#now() - this.#toldMs >= AGAIN_MS) this.#tell();
  }

  end(): void {
    if (this.#untold > 0) this.#tell();
  }

  #tell(): void {
    this.#log.info({ duplicates: this.#untold }, 'messages were sent again, and the stream had them: it keeps one of each');
    this.#untold = 0;
    this.#toldMs = this.#now();
  }
}
