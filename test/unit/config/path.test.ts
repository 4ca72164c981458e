import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { parsePath, pathText, within } from '../../../src/config/path.ts';

it('writes keys, indices and odd keys as people would', () => {
  expect(pathText(['sinks', 'disk', 'rotate', 'max_size'])).toBe('sinks.disk.rotate.max_size');
  expect(pathText(['source', 'events', 2])).toBe('source.events[2]');
  expect(pathText(['agent', 'labels', 'app.name'])).toBe('agent.labels."app.name"');
  expect(pathText([])).toBe('');
});

it('shows hostile keys instead of printing them', () => {
  expect(pathText(['a\u001b[31m\u202e'])).toBe('"a\\u001b[31m\\u202e"');
});

it.each(['', '.', 'a.', '.a', 'a..b', 'a b', '"a', 'a"b"', '"a"b', 'a[0]', '"\\x"'])('%j is no path', (text) =>
  expect(parsePath(text)).toBeUndefined(),
);

it('reads back what it wrote', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (keys) => {
      expect(parsePath(pathText(keys))).toEqual(keys);
    }),
  );
});

it('knows what stands within what', () => {
  expect(within(['a', 'b'], ['a'])).toBe(true);
  expect(within(['a'], ['a', 'b'])).toBe(false);
  expect(within(['ab'], ['a'])).toBe(false);
});
