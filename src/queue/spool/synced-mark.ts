interface Waiter {
  readonly serial: number;
  readonly resolve: () => void;
}

/** Up to where everything that was accepted is forced to the disk, and who waits for it to get further. */
export class SyncedMark {
  #serial = 0;
  readonly #waiters: Waiter[] = [];

  has(serial: number): boolean {
    return serial <= this.#serial;
  }

  reached(serial: number): Promise<void> {
    if (this.has(serial)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ serial, resolve }));
  }

  advance(serial: number): void {
    this.#serial = Math.max(this.#serial, serial);
    while ((this.#waiters[0]?.serial ?? Infinity) <= this.#serial) this.#waiters.shift()?.resolve();
  }
}
