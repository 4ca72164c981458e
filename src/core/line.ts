import { Waiters } from './waiters.ts';

/** Those that wait for the same thing, in the order in which they came. Whoever is in it stays where it is until it leaves. */
export class Line<T> {
  readonly #members = new Set<T>();
  readonly #waiters = new Waiters();

  get first(): T | undefined {
    return this.#members.values().next().value;
  }

  /** At its end; false where it is in it already and stays where it is. */
  enter(member: T): boolean {
    if (this.#members.has(member)) return false;
    this.#members.add(member);
    return true;
  }

  leave(member: T): void {
    if (this.#members.delete(member)) this.#waiters.wake();
  }

  /** Resolves when no more than `ahead` are before it, at once where that is so. Rejects with the signal's reason when that is aborted. */
  async reach(member: T, ahead: number, signal: AbortSignal): Promise<void> {
    while (this.#before(member) > ahead) await this.#waiters.change(signal);
    signal.throwIfAborted();
  }

  #before(member: T): number {
    let before = 0;
    for (const one of this.#members) {
      if (one === member) break;
      before += 1;
    }
    return before;
  }
}
