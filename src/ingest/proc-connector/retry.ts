/** What a subscription that failed waits before the next attempt: doubling, with up to half of it at random, so that a fleet does not try in step. */
const FIRST_MS = 1000;
const LAST_MS = 30_000;

export class Retry {
  #attempts = 0;
  #dueNs = 0;

  get dueNs(): number {
    return this.#dueNs;
  }

  failed(nowNs: number): void {
    const longest = Math.min(FIRST_MS * 2 ** this.#attempts, LAST_MS);
    this.#attempts += 1;
    this.#dueNs = nowNs + longest * (0.5 + Math.random() / 2) * 1e6;
  }

  succeeded(): void {
    this.#attempts = 0;
    this.#dueNs = 0;
  }
}
