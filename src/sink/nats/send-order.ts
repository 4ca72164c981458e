import { Waiters } from '../../core/waiters.ts';
import type { Consignment } from './consignment.ts';

/**
 * The batches that are not done with, in the order of their first writes. What was sent over a connection that lives is on its way; everything else waits for its
 * turn, so that what has to be sent again goes in the order in which it went first.
 */
export class SendOrder {
  readonly #members = new Set<Consignment>();
  readonly #waiters = new Waiters();
  #end: Error | undefined;

  enter(consignment: Consignment): void {
    this.#members.add(consignment);
  }

  leave(consignment: Consignment): void {
    if (this.#members.delete(consignment)) this.changed();
  }

  /** Whether all before it are on their way, or done with. */
  isTurnOf(consignment: Consignment): boolean {
    for (const one of this.#members) {
      if (one === consignment) return true;
      if (one.sentOver?.isAlive !== true) return false;
    }
    return true;
  }

  /** Whoever waits looks again. */
  changed(): void {
    this.#waiters.wake();
  }

  /** Nobody waits any longer. */
  end(reason: Error): void {
    this.#end = reason;
    this.changed();
  }

  /** Resolves when it is its turn. Rejects with the signal's reason when that is aborted, and with that of the end. */
  async turnOf(consignment: Consignment, signal: AbortSignal): Promise<void> {
    while (this.#end === undefined && !this.isTurnOf(consignment)) await this.#waiters.change(signal);
    signal.throwIfAborted();
    if (this.#end !== undefined) throw this.#end;
  }
}
