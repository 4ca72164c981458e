import type { Heard, KernelKind } from '../../core/kernel-event.ts';
import type { SelfTestResult } from './self-test.ts';
import { SelfTest } from './self-test.ts';

/** What a process that starts and ends causes. */
const OF_A_CHILD: readonly KernelKind[] = ['FORK', 'EXEC', 'EXIT'];

/**
 * When it is tested whether the kernel delivers what it promised: after each subscription, once the processes that run already are listed (their reading
 * would make the test's own events late), and after a long silence. Its owner hears of each result that is news.
 */
export class HearingTest {
  readonly #kinds: readonly KernelKind[];
  readonly #onResult: (result: SelfTestResult) => void;
  readonly #isCaughtUp: () => boolean;
  readonly #first = Promise.withResolvers<SelfTestResult>();
  #test: SelfTest | undefined;
  #subscribed = false;
  #scanned = false;
  #last: SelfTestResult | undefined;

  /** @param filter kinds that the kernel lets through, null: all */
  constructor(
    filter: readonly KernelKind[] | null,
    { onResult, isCaughtUp }: { onResult: (result: SelfTestResult) => void; isCaughtUp: () => boolean },
  ) {
    this.#kinds = OF_A_CHILD.filter((kind) => filter?.includes(kind) !== false);
    this.#onResult = onResult;
    this.#isCaughtUp = isCaughtUp;
    this.#first.promise.catch(() => undefined);
  }

  /** The result of the first test. */
  get first(): Promise<SelfTestResult> {
    return this.#first.promise;
  }

  subscribed(): void {
    this.#subscribed = true;
    this.#last = undefined;
    if (this.#scanned) this.#begin();
  }

  scanned(): void {
    this.#scanned = true;
    if (this.#subscribed) this.#begin();
  }

  silent(): void {
    if (this.#subscribed) this.#begin();
  }

  lost(): void {
    this.#subscribed = false;
    this.#test?.abandon(new Error('the subscription was lost'));
    this.#test = undefined;
  }

  see(items: readonly Heard[]): void {
    if (this.#test?.running === true) this.#test.see(items);
  }

  /** The source has failed or closed. */
  end(reason: Error): void {
    this.lost();
    this.#first.reject(reason);
  }

  #begin(): void {
    if (this.#test?.running === true) return;
    const test = new SelfTest(this.#kinds, this.#isCaughtUp);
    this.#test = test;
    test.result.then(
      (result) => this.#settled(test, result),
      // Abandoned: whoever did that tells why.
      () => undefined,
    );
    test.start();
  }

  #settled(test: SelfTest, result: SelfTestResult): void {
    if (this.#test !== test) return;
    this.#first.resolve(result);
    if (result === this.#last && result !== 'deaf') return;
    this.#last = result;
    this.#onResult(result);
  }
}
