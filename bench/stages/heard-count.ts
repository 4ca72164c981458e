import { availableParallelism } from 'node:os';
import type { Heard, KernelEvent } from '../../src/core/kernel-event.ts';

const SAMPLE_EVERY = 16;
/** The oracle marks once when it starts. */
const OPENING_MARK = 2;
const CLOSING_MARK = 3;

/**
 * Counts what a source hands out between the oracle's first and second `mark()`. The marks are events too (COMM of the oracle's pid, one on each CPU), so
 * each CPU's window begins and ends in the stream itself, at exactly the events between which the oracle counted.
 */
export class HeardCount {
  heard = 0;
  lost = 0;
  /** Kernel's stamp to hand-out, of every sixteenth event in the window. */
  readonly samplesUs: number[] = [];
  readonly #oraclePid: number;
  /** Marks seen, by CPU. */
  readonly #marks = new Uint8Array(1024);
  #closed = 0;

  constructor(oraclePid: number) {
    this.#oraclePid = oraclePid;
  }

  /** Every CPU's closing mark has come. */
  get isComplete(): boolean {
    return this.#closed === availableParallelism();
  }

  take(items: readonly Heard[], nowNs: number): void {
    for (const item of items) {
      if (item.kind === 'SNAPSHOT' || item.kind === 'RECOVERED' || item.kind === 'MOVED' || item.kind === 'SCAN') continue;
      if (item.kind === 'LOSS') this.#lose(item.cpu, item.count);
      else this.#hear(item, nowNs);
    }
  }

  #hear(event: KernelEvent, nowNs: number): void {
    if (this.#marks[event.cpu] === OPENING_MARK) {
      this.heard++;
      if (this.heard % SAMPLE_EVERY === 0) this.samplesUs.push((nowNs - event.monotonicNs) / 1000);
    }
    if (event.kind === 'COMM' && event.tgid === this.#oraclePid) this.#mark(event.cpu);
  }

  #mark(cpu: number): void {
    const marks = (this.#marks[cpu] ?? 0) + 1;
    this.#marks[cpu] = marks;
    if (marks === CLOSING_MARK) this.#closed++;
  }

  #lose(cpu: number | null, count: number): void {
    if (cpu === null || this.#marks[cpu] === OPENING_MARK) this.lost += count;
  }
}
