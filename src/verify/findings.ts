import { MAX_FINDINGS } from './finding.ts';
import type { Fault, Finding } from './finding.ts';

export interface About {
  readonly from?: number;
  readonly to?: number;
  readonly sequences?: readonly number[];
  /** Events that nobody accounts for by this. */
  readonly count?: number;
}

/** What is wrong with one run, each kind up to a bound. */
export class Findings {
  readonly kept: Finding[] = [];
  readonly counts = new Map<Fault, number>();
  unaccounted = 0;

  get isEmpty(): boolean {
    return this.counts.size === 0;
  }

  add(fault: Fault, text: string, { from, to, sequences = [], count = 0 }: About = {}): void {
    const before = this.counts.get(fault) ?? 0;
    this.counts.set(fault, before + 1);
    this.unaccounted += count;
    if (before < MAX_FINDINGS) this.kept.push({ fault, text, from: from ?? null, to: to ?? null, sequences });
  }
}
