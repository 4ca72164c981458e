import { expect, test, vi } from 'vitest';
import { DuplicateLog } from '../../../../src/sink/nats/duplicate-log.ts';

test('duplicates are told at once, then once a minute, and those that are left at the end', () => {
  const info = vi.fn();
  let now = 5;
  const log = new DuplicateLog({ log: { info }, now: () => now });
  const told = () => info.mock.calls.map(([fields]) => (fields as { duplicates: number }).duplicates);
  for (let i = 0; i < 3; i += 1) log.add();
  expect(told()).toEqual([1]);
  now += 60_000;
  log.add();
  expect(told()).toEqual([1, 3]);
  log.add();
  log.end();
  log.end();
  expect(told()).toEqual([1, 3, 1]);
});

test('nothing is told where there are none', () => {
  const info = vi.fn();
  new DuplicateLog({ log: { info } }).end();
  expect(info).not.toHaveBeenCalled();
});
