import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ENV_START,
  EXIT_STATUS,
  isDead,
  isKernelThread,
  laterField,
  parseStat,
  runningThreads,
} from '../../../../src/enrich/procfs/stat.ts';
import { shared, statLine, ticksAtMs } from '../fixtures.ts';

describe('parseStat', () => {
  it('reads a line of a real kernel', () => {
    const line = '5678 (cat) R 5676 5675 3314 34819 -1 4194304 102 0 0 0 0 0 0 0 20 0 3 0 86568 3133440 417 18446744073709551615 1 1 0\n';
    expect(parseStat(shared(line))).toEqual({
      comm: 'cat',
      state: 0x52,
      ppid: 5676,
      pgid: 5675,
      sid: 3314,
      ttyNr: 34819,
      flags: 4194304,
      numThreads: 3,
      startTicks: 86568,
    });
  });

  it.each([
    'a) S 1 2',
    '(sd-pam)',
    ') R 0 0 0 (',
    ' ',
    'zwölf',
    'new\nline',
    ')'.repeat(15),
    'kworker/R-kvfree_rcu_reclaim-with-a-long-name',
  ])('takes the name %j up to the last parenthesis', (comm) => {
    expect(parseStat(shared(statLine({ comm, ppid: 42, startMs: 5000 })))).toMatchObject({ comm, ppid: 42, startTicks: ticksAtMs(5000) });
  });

  it('keeps an errno, an empty and a cut line out', () => {
    const line = statLine({});
    expect(parseStat(2)).toBeUndefined();
    expect(parseStat(shared(''))).toBeUndefined();
    expect(parseStat(shared(line.slice(0, line.indexOf('20 0 1'))))).toBeUndefined();
  });

  it('keeps values out that an id has no room for', () => {
    expect(parseStat(shared(statLine({ ppid: 2 ** 22 })))).toBeUndefined();
    expect(parseStat(shared(statLine({ startMs: 1e18 })))).toBeUndefined();
  });

  it('accepts a plain Uint8Array', () => {
    expect(parseStat(new Uint8Array(shared(statLine({ comm: 'x' }))))?.comm).toBe('x');
  });

  it('tells zombies, remaining threads and kernel threads', () => {
    const leaderGone = parseStat(shared(statLine({ state: 'Z', threads: 3 })));
    const reaped = parseStat(shared(statLine({ state: 'Z', threads: 1 })));
    const kernel = parseStat(shared(statLine({ flags: 0x0020_8040 })));
    if (!leaderGone || !reaped || !kernel) throw new Error('not parsed');
    expect([isDead(leaderGone), runningThreads(leaderGone), runningThreads(reaped)]).toEqual([true, 2, 0]);
    expect([isDead(kernel), isKernelThread(kernel), isKernelThread(reaped)]).toEqual([false, true, false]);
  });

  it('never throws on garbage', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parseStat(shared(bytes))));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('(', ')', ' ', '-', '1', '9', 'S', '\n'), maxLength: 200 }),
        (text) => void parseStat(shared(text)),
      ),
    );
  });
});

describe('fields further down', () => {
  const line = (d: Parameters<typeof statLine>[0]) => Buffer.from(statLine(d));

  it('are found behind any name', () => {
    const stat = line({ comm: ') S 1 (', envStart: 140_737_488_347_136, status: 256 });
    expect([laterField(stat, ENV_START), laterField(stat, EXIT_STATUS)]).toEqual([140_737_488_347_136, 256]);
  });

  it.each([
    ['a line that ends before them', line({}).subarray(0, 60)],
    ['no line at all', Buffer.from('')],
    ['an error', 3],
  ])('are 0 in %s', (_what, piece) => {
    expect([laterField(piece, ENV_START), laterField(piece, EXIT_STATUS)]).toEqual([0, 0]);
  });
});
