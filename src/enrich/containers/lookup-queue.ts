/** More than a host starts in the time that a few hundred answers take. */
const MAX_WAITING = 1024;

/**
 * Look-ups by id, a few at a time, while it is running. An id that waits is not queued again; one that is being looked up is, once, as what made
 * it interesting again may have come after the answer was written.
 */
export class LookupQueue {
  readonly #maxActive: number;
  readonly #lookUp: (id: string) => Promise<void>;
  readonly #waiting = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  #running = false;

  /** `lookUp` never rejects. */
  constructor(maxActive: number, lookUp: (id: string) => Promise<void>) {
    this.#maxActive = maxActive;
    this.#lookUp = lookUp;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** false: too many are waiting. */
  add(id: string): boolean {
    if (this.#waiting.size >= MAX_WAITING && !this.#waiting.has(id)) return false;
    this.#waiting.add(id);
    this.#next();
    return true;
  }

  /** Its answer came by another way. */
  drop(id: string): void {
    this.#waiting.delete(id);
  }

  clear(): void {
    this.#waiting.clear();
  }

  start(): void {
    this.#running = true;
    this.#next();
  }

  /** What waits goes on waiting. Resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#active.values());
  }

  #next(): void {
    for (const id of this.#waiting) {
      if (!this.#running || this.#active.size >= this.#maxActive) return;
      if (this.#active.has(id)) continue;
      this.#waiting.delete(id);
      this.#active.set(id, this.#run(id));
    }
  }

  async #run(id: string): Promise<void> {
    await this.#lookUp(id);
    this.#active.delete(id);
    this.#next();
  }
}
