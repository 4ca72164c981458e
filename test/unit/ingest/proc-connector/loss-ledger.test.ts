import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LossLedger } from '../../../../src/ingest/proc-connector/loss-ledger.ts';

const gap = (count: number, fromSeq = 100) => ({ cpu: 1, fromSeq, toSeq: fromSeq + count - 1, count, fromNs: 1, toNs: 2 });
const TIMES = { fromNs: 5, toNs: 6 };

describe('what was lost', () => {
  test('a gap is declared with its CPU and range', () => {
    expect(new LossLedger({ filtered: false }).gap(gap(3))).toMatchObject({
      reason: 'receive_buffer',
      cpu: 1,
      fromSeq: 100,
      toSeq: 102,
      count: 3,
    });
  });

  test('drops that no gap shows are declared without a CPU: gaps miss the tail', () => {
    const ledger = new LossLedger({ filtered: false });
    ledger.gap(gap(59_135));
    expect(ledger.reconcile(59_263, TIMES)).toMatchObject({ reason: 'tail', cpu: -1, count: 128, ...TIMES });
    expect(ledger.reconcile(59_263, TIMES)).toBeUndefined();
  });

  test('a gap that shows later what was declared as tail counts nothing again, and still names the range', () => {
    const ledger = new LossLedger({ filtered: false });
    ledger.reconcile(128, TIMES);
    expect(ledger.gap(gap(100))).toMatchObject({ count: 0, fromSeq: 100, toSeq: 199 });
    expect(ledger.gap(gap(40))).toMatchObject({ count: 12 });
    expect(ledger.declared).toBe(140);
  });

  test('what never reached the socket is counted besides its drops', () => {
    const ledger = new LossLedger({ filtered: false });
    ledger.gap(gap(5));
    expect(ledger.reconcile(0, TIMES)).toBeUndefined();
    // Ten more by the socket, of which no gap tells.
    expect(ledger.reconcile(10, TIMES)).toMatchObject({ count: 10 });
    expect(ledger.declared).toBe(15);
  });

  test('gaps mean nothing behind a filter; the drops alone count', () => {
    const ledger = new LossLedger({ filtered: true });
    expect(ledger.gap(gap(1000))).toBeUndefined();
    expect(ledger.reconcile(7, TIMES)).toMatchObject({ count: 7 });
    expect(ledger.declared).toBe(7);
  });

  test('is never more than was lost, and exactly that once the sequences and the counter have shown it', () => {
    // Each step loses n events in the socket or elsewhere; they show as a gap at once, later, or never (the CPU's stream ended).
    const step = fc.record({
      n: fc.integer({ min: 1, max: 50 }),
      elsewhere: fc.boolean(),
      shows: fc.constantFrom('now', 'later', 'never'),
      look: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ledger = new LossLedger({ filtered: false });
        let [truth, drops, hidden, declared] = [0, 0, 0, 0];
        const late: number[] = [];
        for (const { n, elsewhere, shows, look } of steps) {
          truth += n;
          if (!elsewhere) drops += n;
          if (shows === 'now') declared += ledger.gap(gap(n))?.count ?? 0;
          else if (shows === 'later') late.push(n);
          else if (elsewhere) hidden += n;
          if (look) declared += ledger.reconcile(drops, TIMES)?.count ?? 0;
          expect(declared).toBeLessThanOrEqual(truth);
        }
        const [unseenLate] = [late];
        for (const n of unseenLate) declared += ledger.gap(gap(n))?.count ?? 0;
        declared += ledger.reconcile(drops, TIMES)?.count ?? 0;
        expect(declared).toBe(ledger.declared);
        // What reached no socket and no sequence is beyond knowing; all else that one of the two witnesses shows at a look is in.
        expect(declared).toBeLessThanOrEqual(truth);
        expect(declared).toBeGreaterThanOrEqual(drops);
        if (steps.every(({ elsewhere }) => !elsewhere)) expect(declared).toBe(truth - hidden);
      }),
    );
  });
});
