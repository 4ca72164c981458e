import { LinkedList } from './linked-list.ts';

/** One caller who waits: what it asked for, and how it is answered. */
interface Waiter<A, R> {
  readonly asked: A;
  readonly answer: (result: R) => void;
  readonly refuse: (reason: unknown) => void;
}

/** Callers that wait for something, first come first served; each leaves by an answer, a refusal or its own abort signal. */
export class WaitingLine<A, R> {
  readonly #waiters = new LinkedList<Waiter<A, R>>();

  get empty(): boolean {
    return this.#waiters.first === undefined;
  }

  /** What the first in line asked for; meaningful only while the line is not empty. */
  get next(): A | undefined {
    return this.#waiters.first?.value.asked;
  }

  /** `onLeave` runs when the signal took a waiter out of the line: the one behind it may be served now. */
  join(asked: A, signal: AbortSignal, onLeave: () => void): Promise<R> {
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const leave = (): void => {
      this.#waiters.remove(link);
      reject(signal.reason);
      onLeave();
    };
    const stay = (): void => signal.removeEventListener('abort', leave);
    const link = this.#waiters.append({
      asked,
      answer: (result) => {
        stay();
        resolve(result);
      },
      refuse: (reason) => {
        stay();
        reject(reason);
      },
    });
    signal.addEventListener('abort', leave, { once: true });
    return promise;
  }

  answerFirst(result: R): void {
    this.#waiters.shift()?.answer(result);
  }

  answerAll(result: R): void {
    while (!this.empty) this.answerFirst(result);
  }

  refuseAll(reason: unknown): void {
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) waiter.refuse(reason);
  }
}
