/** How long what only waits for its turn may keep the rest of a batch from being tried again. */
const PATIENCE_MS = 1000;

/**
 * One write of a batch. Where a part of it has failed, the batch has to be written again for that; so what waits behind other batches in another partition, which may
 * be for as long as somebody is needed there, does not wait on: it keeps its place, and comes again with the rest.
 */
export class Trip {
  readonly signal: AbortSignal;
  readonly #wait = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** For waits that may be long: aborted with the write, and soon after a part of it has failed. */
  get waiting(): AbortSignal {
    return this.#wait.signal;
  }

  failed(error: unknown): void {
    if (!this.waiting.aborted) this.#timer ??= setTimeout(() => this.stop(error), PATIENCE_MS);
  }

  stop(reason: unknown): void {
    this.#wait.abort(reason);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
