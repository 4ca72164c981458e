import { expect, test } from 'vitest';
import { Line } from '../../../src/core/line.ts';

const never = new AbortController().signal;

/** Names of those that have reached the place, in that order. */
function reaching(line: Line<string>, members: readonly string[], ahead = 0): string[] {
  const there: string[] = [];
  for (const member of members)
    line.reach(member, ahead, never).then(
      () => there.push(member),
      () => undefined,
    );
  return there;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one after the other is first, in the order in which they came', async () => {
  const line = new Line<string>();
  for (const member of ['a', 'b', 'c']) line.enter(member);
  const there = reaching(line, ['c', 'b', 'a']);
  await turn();
  expect(there).toEqual(['a']);
  line.leave('a');
  await turn();
  line.leave('b');
  await turn();
  expect(there).toEqual(['a', 'b', 'c']);
});

test('so many may be before one', async () => {
  const line = new Line<string>();
  for (const member of ['a', 'b', 'c']) line.enter(member);
  const there = reaching(line, ['a', 'b', 'c'], 1);
  await turn();
  expect(there).toEqual(['a', 'b']);
});

test('who is in it stays where it is, and who leaves comes in at the end', () => {
  const line = new Line<string>();
  expect(['a', 'b', 'a'].map((member) => line.enter(member))).toEqual([true, true, false]);
  expect(line.first).toBe('a');
  line.leave('a');
  line.enter('a');
  expect(line.first).toBe('b');
});

test('who waits can be told to stop, and keeps its place', async () => {
  const line = new Line<string>();
  line.enter('a');
  line.enter('b');
  const stop = new AbortController();
  const waits = line.reach('b', 0, stop.signal);
  stop.abort(new Error('no more'));
  await expect(waits).rejects.toThrow('no more');
  await expect(line.reach('a', 0, stop.signal)).rejects.toThrow('no more');
  line.leave('a');
  expect(line.first).toBe('b');
});
