import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { HeardCount } from '../../../bench/stages/heard-count.ts';
import type { Heard } from '../../../src/core/kernel-event.ts';

const ORACLE = 77;
const at = (cpu: number) => ({ monotonicNs: 1000, timeUs: 1, delayUs: 0, cpu, kernelSeq: 0 });
const fork = (cpu: number): Heard => ({ kind: 'FORK', ...at(cpu), pid: 2, tgid: 2, parentPid: 1, parentTgid: 1 });
const mark = (cpu: number, tgid = ORACLE): Heard => ({ kind: 'COMM', ...at(cpu), pid: tgid, tgid, comm: 'mark1' });
const loss = (cpu: number | null, count: number): Heard => ({
  kind: 'LOSS',
  reason: cpu === null ? 'tail' : 'receive_buffer',
  monotonicNs: 1000,
  exact: true,
  cpu,
  fromSeq: null,
  toSeq: null,
  count,
  fromTimeUs: 1,
  toTimeUs: 1,
});

const counted = (...items: Heard[]): HeardCount => {
  const count = new HeardCount(ORACLE);
  count.take(items, 5000);
  return count;
};

describe("counting between the oracle's marks", () => {
  it('begins after the opening mark of a CPU and ends with its closing one', () => {
    expect(counted(fork(0), mark(0), fork(0), mark(0), fork(0), fork(0), mark(0), fork(0)).heard).toBe(3);
  });

  it('keeps the CPUs apart', () => {
    expect(counted(mark(0), mark(0), fork(1), fork(0), mark(1), mark(1), fork(1), fork(1)).heard).toBe(3);
  });

  it("takes nobody else's COMM for a mark", () => {
    expect(counted(mark(0, 5), mark(0, 5), fork(0)).heard).toBe(0);
  });

  it('counts losses of CPUs whose window is open, and those of no known CPU', () => {
    expect(counted(loss(0, 1), mark(0), mark(0), loss(0, 10), loss(1, 100), loss(null, 1000)).lost).toBe(1010);
  });

  it('is complete when every CPU had its closing mark', () => {
    const cpus = Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
    const count = counted(...cpus.flatMap((cpu) => [mark(cpu), mark(cpu)]));
    expect(count.isComplete).toBe(false);
    count.take(
      cpus.map((cpu) => mark(cpu)),
      1,
    );
    expect(count.isComplete).toBe(true);
  });

  it('samples the time from stamp to hand-out', () => {
    expect(counted(mark(0), mark(0), ...Array.from({ length: 40 }, () => fork(0))).samplesUs).toEqual([4, 4]);
  });
});
