import { expect, it } from 'vitest';
import { Boundaries } from '../../../src/pipeline/boundaries.ts';

it('tells which checkpoint covers a sequence, and which is to come', () => {
  const boundaries = new Boundaries();
  expect([boundaries.next, boundaries.numberOf(1)]).toEqual([1, 1]);
  for (const end of [10, 10, 20]) boundaries.add(end);
  expect([1, 10, 11, 20, 21].map((sequence) => boundaries.numberOf(sequence))).toEqual([1, 1, 3, 3, 4]);
});

it('forgets the oldest in the end', () => {
  const boundaries = new Boundaries();
  for (let n = 1; n <= 100_001; n += 1) boundaries.add(n * 10);
  expect(boundaries.next).toBe(100_002);
  expect([1, 500_000, 500_011, 1_000_010].map((sequence) => boundaries.numberOf(sequence))).toEqual([0, 0, 50_002, 100_001]);
});
