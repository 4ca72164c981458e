import { spawn } from 'node:child_process';
import type { Heard, KernelKind } from '../../core/kernel-event.ts';

const TIMEOUT_MS = 2000;
/** While what was heard has not been read, its time is not over; looked at this often. */
const AGAIN_MS = 100;

/** What the self-test found. `unconfirmed`: events arrive, but the child's own were among those lost. */
export type SelfTestResult = 'passed' | 'unconfirmed' | 'deaf';

/**
 * Kernels without process events accept every call and stay silent, so a child is forked and its FORK and EXIT are awaited. The child is this
 * thread's: the ingest thread must not be busy with it when its exec is to be captured.
 */
export class SelfTest {
  readonly #result = Promise.withResolvers<SelfTestResult>();
  #child: number | undefined;
  /** Kinds of the child's events that have not come yet. */
  readonly #awaited: Set<KernelKind>;
  readonly #isCaughtUp: () => boolean;
  #heardAnything = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param kinds what is awaited of the child; without any, the kernel is believed
   * @param isCaughtUp whether all that was heard has been given to `see`: a reader that is held up is not deaf
   */
  constructor(kinds: readonly KernelKind[], isCaughtUp: () => boolean) {
    this.#awaited = new Set(kinds);
    this.#isCaughtUp = isCaughtUp;
  }

  get result(): Promise<SelfTestResult> {
    return this.#result.promise;
  }

  /** Forks; the events are given to `see` from the next turn on at the earliest. Where nothing can be spawned, hearing anything at all has to do. */
  start(): void {
    if (this.#awaited.size === 0) return this.#settle('passed');
    this.#spawn('/bin/sh', ['-c', ':'], () => this.#spawn(process.execPath, ['--version'], () => undefined));
    this.#timer = setTimeout(() => this.#judge(), TIMEOUT_MS);
  }

  #spawn(program: string, args: readonly string[], otherwise: () => void): void {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', otherwise);
    this.#child = child.pid ?? -1;
  }

  get running(): boolean {
    return this.#timer !== undefined;
  }

  see(items: readonly Heard[]): void {
    for (const heard of items) {
      if (
        heard.kind === 'SNAPSHOT' ||
        heard.kind === 'RECOVERED' ||
        heard.kind === 'MOVED' ||
        heard.kind === 'SCAN' ||
        heard.kind === 'LOSS'
      )
        continue;
      this.#heardAnything = true;
      if (heard.pid === this.#child) this.#awaited.delete(heard.kind);
    }
    if (this.#awaited.size === 0) this.#settle('passed');
  }

  #judge(): void {
    if (this.#heardAnything) this.#settle('unconfirmed');
    else if (this.#isCaughtUp()) this.#settle('deaf');
    else this.#timer = setTimeout(() => this.#judge(), AGAIN_MS).unref();
  }

  #settle(result: SelfTestResult): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#result.resolve(result);
  }

  /** Ends it without a result: the source has failed or closed. */
  abandon(reason: Error): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#result.reject(reason);
  }
}
