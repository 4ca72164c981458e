import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_PLACES, PendingRecords } from '../../../../../src/ingest/capture/bpf/pending.ts';

interface Waiting {
  readonly number: number;
  readonly type: number;
  readonly tgid: number;
  readonly stampNs: number;
}

const CAPACITY = 32;
const type = fc.integer({ min: 1, max: 4 });
const tgid = fc.constantFrom(1, 2, 3, 4_194_303);
const stamp = fc.integer({ min: 0, max: 20 });
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), type, tgid, stamp }),
  fc.record({ do: fc.constant('newest' as const), type, tgid, stamp }),
  fc.record({ do: fc.constant('oldest' as const), type, tgid, stamp }),
);

describe('records that wait', () => {
  it('are found as a list of them would find them, however many come and go', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const pending = new PendingRecords(CAPACITY);
        let list: Waiting[] = [];
        for (const { do: what, type: ofType, tgid: of, stamp: stampNs } of steps) {
          if (what === 'add') {
            expect(pending.oldest()).toBe(list[0]?.number ?? pending.end);
            if (pending.isFull) continue;
            list.push({ number: pending.end, type: ofType, tgid: of, stampNs });
            pending.add(ofType, of, stampNs, pending.end * 8);
            continue;
          }
          const same = list.filter((one) => one.type === ofType && one.tgid === of);
          const expected = what === 'newest' ? same.findLast((one) => one.stampNs <= stampNs) : same.find((one) => one.stampNs >= stampNs);
          const number = what === 'newest' ? pending.newestUntil(ofType, of, stampNs) : pending.oldestSince(ofType, of, stampNs);
          expect(number).toBe(expected?.number ?? -1);
          if (expected === undefined) continue;
          expect([pending.positionOf(number), pending.typeOf(number), pending.stampNsOf(number)]).toEqual([
            number * 8,
            ofType,
            expected.stampNs,
          ]);
          pending.settle(number);
          list = list.filter((one) => one !== expected);
        }
      }),
    );
  });

  it('are as many as there are places', () => {
    const pending = new PendingRecords(MIN_PLACES);
    for (let i = 0; i < MIN_PLACES; i += 1) pending.add(2, i, i, i);
    expect(pending.isFull).toBe(true);
    pending.settle(3);
    pending.oldest();
    expect(pending.isFull).toBe(true);
    pending.settle(0);
    pending.oldest();
    expect(pending.isFull).toBe(false);
  });
});
