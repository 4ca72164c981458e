import { expect } from 'vitest';
import type { AgentEvent, AgentGap } from '../../src/core/agent-event.ts';
import type { AgentProcess } from './agent-process.ts';
import type { KernelWindow } from './kernel-total.ts';

/** What an agent that publishes threads wrote of a window, number by number, beside the kernel's own count of it. */
export interface Reckoning {
  /** Messages that the kernel numbered in the window. */
  readonly total: number;
  /** Of these: events in the files, and numbers in the range of a GAP. */
  readonly heard: number;
  readonly lost: number;
  /** Of these: neither; both or more than once. */
  readonly unaccounted: number;
  readonly contradicted: number;
  readonly gaps: readonly AgentGap[];
}

const UNSEEN = 0;
const HEARD = 1;
const LOST = 2;
const CONTRADICTED = 3;

/** The fate of each number of one CPU within a window. */
class CpuTally {
  readonly #fromSeq: number;
  readonly #fates: Uint8Array;

  constructor({ fromSeq, count }: { readonly fromSeq: number; readonly count: number }) {
    this.#fromSeq = fromSeq;
    this.#fates = new Uint8Array(count);
  }

  note(seq: number, fate: number): void {
    // Numbers after `fromSeq`, modulo the kernel's 32 bits.
    const index = ((seq % 2 ** 32) - this.#fromSeq - 1 + 2 ** 33) % 2 ** 32;
    if (index < this.#fates.length) this.#fates[index] = this.#fates[index] === UNSEEN ? fate : CONTRADICTED;
  }

  count(fate: number): number {
    return this.#fates.reduce((sum, one) => sum + (one === fate ? 1 : 0), 0);
  }
}

/** Reads the files of an agent that has ended. It must have run with `source.threads=true`, and with all kinds selected. */
export async function reckon(agent: AgentProcess, window: KernelWindow): Promise<Reckoning> {
  const tallies = new Map(window.cpus.map((one) => [one.cpu, new CpuTally(one)]));
  const gaps: AgentGap[] = [];
  await agent.visit('process', ({ cpu, kernel_seq: seq }) => {
    if (seq !== null && cpu !== null) tallies.get(cpu)?.note(seq, HEARD);
  });
  await agent.visit('agent', ({ gap }: AgentEvent) => {
    if (gap === null) return;
    gaps.push(gap);
    for (let seq = gap.from_seq ?? 0; seq <= (gap.to_seq ?? -1); seq += 1) tallies.get(gap.cpu ?? -1)?.note(seq, LOST);
  });
  const sum = (fate: number): number => [...tallies.values()].reduce((all, tally) => all + tally.count(fate), 0);
  return {
    total: window.total,
    heard: sum(HEARD),
    lost: sum(LOST),
    unaccounted: sum(UNSEEN),
    contradicted: sum(CONTRADICTED),
    gaps,
  };
}

/**
 * heard + lost = what the kernel numbered, each once; and what was declared lost, by GAP and in the closing ledger, is what the ranges show.
 * What is neither must be an acknowledgement: numbered by the kernel, and no event. Two of those in the ledger came before the window, that
 * of the agent and that of the oracle, where they were heard; there are others only where other programs subscribe meanwhile.
 */
export async function expectExact(agent: AgentProcess, reckoning: Reckoning): Promise<void> {
  const { upstream } = await agent.record();
  const declared = reckoning.gaps.reduce((sum, { count }) => sum + count, 0);
  const ranged = reckoning.gaps.reduce(
    (sum, gap) => sum + (gap.cpu === null ? 0 : (gap.to_seq as number) - (gap.from_seq as number) + 1),
    0,
  );
  expect(reckoning.contradicted, 'numbers heard twice, or heard and lost').toBe(0);
  expect(reckoning.unaccounted).toBeLessThanOrEqual(Math.max(0, upstream.own_acks - 2));
  expect({ declared, ranged }).toEqual({ declared: upstream.lost, ranged: upstream.lost });
  expect(reckoning.gaps.filter(({ exact }) => !exact)).toEqual([]);
}
