/** One-shot timer that can be set again. */
export class Alarm {
  readonly #ring: () => void;
  readonly #background: boolean;
  #timer: NodeJS.Timeout | undefined;

  /** `background`: does not keep the process alive, because closing does what it is set for anyway. */
  constructor(ring: () => void, background: boolean) {
    this.#ring = ring;
    this.#background = background;
  }

  /** No effect while it is set already: the earlier time counts. */
  set(delayMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#ring();
    }, delayMs);
    if (this.#background) this.#timer.unref();
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
