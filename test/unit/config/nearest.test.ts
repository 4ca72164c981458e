import { expect, it } from 'vitest';
import { editDistance, nearest } from '../../../src/config/nearest.ts';

const KEYS = ['data_dir', 'labels', 'shutdown_timeout', 'max_size', 'max_events', 'when_full'];

it.each([
  ['data_dri', 'data_dir'],
  ['dataDir', 'data_dir'],
  ['DATA_DIR', 'data_dir'],
  ['label', 'labels'],
  ['max-size', 'max_size'],
  ['maxevents', 'max_events'],
  ['whenfull', 'when_full'],
  ['shutdown_time_out', 'shutdown_timeout'],
])('%s was meant as %s', (word, meant) => expect(nearest(word, KEYS)).toBe(meant));

it.each(['', 'x', 'brokers', 'constructor', '__proto__', 'q'.repeat(100_000)])('%.20s is near nothing', (word) =>
  expect(nearest(word, KEYS)).toBeUndefined(),
);

it('counts insertions, deletions, replacements and swaps', () => {
  expect([
    editDistance('', 'abc'),
    editDistance('abc', 'ab'),
    editDistance('abc', 'axc'),
    editDistance('exce', 'exec'),
    editDistance('abc', 'abc'),
  ]).toEqual([3, 1, 1, 1, 0]);
});
