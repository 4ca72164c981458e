import { spawnSync } from 'node:child_process';
import { What, firstOf, secondOf, whatOf } from './wire.ts';

const TIMEOUT_NS = 2e9;

/** What the self-test found. `unconfirmed`: events arrive, but the child's own were among those lost. */
export type SelfTestResult = 'passed' | 'unconfirmed' | 'deaf';

/**
 * Kernels without process events accept everything and stay silent, so a child is forked and its FORK and EXIT are awaited.
 * `see` is given each event of the kernel until there is a result.
 */
export class SelfTest {
  #child = -1;
  #sawFork = false;
  #sawExit = false;
  #heardAnything = false;
  #deadlineNs = 0;

  get started(): boolean {
    return this.#deadlineNs > 0;
  }

  start(nowNs: number): void {
    this.#deadlineNs = nowNs + TIMEOUT_NS;
    const child = spawnSync('/bin/sh', ['-c', ':'], { stdio: 'ignore' });
    if (child.pid !== undefined && child.pid > 0) this.#child = child.pid;
  }

  see(words: Uint32Array, at: number): void {
    const what = whatOf(words, at);
    if (what !== What.NONE) this.#heardAnything = true;
    if (what === What.FORK && (words[(at + 64) >>> 2] as number) === this.#child) this.#sawFork = true;
    if (what === What.EXIT && secondOf(words, at) === this.#child && firstOf(words, at) === this.#child) this.#sawExit = true;
  }

  result(nowNs: number): SelfTestResult | undefined {
    if (this.#sawFork && this.#sawExit) return 'passed';
    if (nowNs < this.#deadlineNs) return undefined;
    return this.#heardAnything ? 'unconfirmed' : 'deaf';
  }
}
