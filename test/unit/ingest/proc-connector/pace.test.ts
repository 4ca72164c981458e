import { expect, test } from 'vitest';
import { Pace, gatherMs } from '../../../../src/ingest/proc-connector/pace.ts';

/** A second of receives of `events` every `everyMs`, with one exec in `oneIn`. */
function after(everyMs: number, events: number, oneIn: number): Pace {
  const pace = new Pace();
  let seen = 0;
  for (let ms = 0; ms < 1000; ms += everyMs) {
    const before = Math.floor(seen / oneIn);
    seen += events;
    pace.note(events, Math.floor(seen / oneIn) - before, ms * 1e6);
  }
  return pace;
}

test('a quiet host is read at once', () => expect(after(5, 3, 1e9).relaxed).toBe(false));
test('a storm of processes that exec is read at once', () => expect(after(1, 30, 3).relaxed).toBe(false));
test('a storm of forks and exits is read in batches', () => expect(after(1, 30, 100).relaxed).toBe(true));

test('a single exec after a relaxed while does not change the pace, a run of them does', () => {
  const pace = after(1, 30, 1e9);
  pace.note(30, 1, 1_010e6);
  pace.note(30, 0, 1_011e6);
  expect(pace.relaxed).toBe(true);
  for (let ms = 1012; ms < 1040; ms += 1) pace.note(30, 10, ms * 1e6);
  expect(pace.relaxed).toBe(false);
});

test('a pause makes it ready for the next exec', () => {
  const pace = after(1, 30, 1e9);
  pace.note(1, 0, 3_000e6);
  expect(pace.relaxed).toBe(false);
});

test.each([
  [128 << 20, 5],
  [5000 * 832, 5],
  [2500 * 832, 2.5],
  [425_984, 0],
])('events come together as long as a receive buffer of %d bytes has room for more', (bytes, ms) => {
  expect(gatherMs(bytes)).toBeCloseTo(ms, 6);
});
