import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import type { Outcome, Queue } from '../../../../src/core/queue.ts';
import { Batcher } from '../../../../src/pipeline/delivery/batcher.ts';
import { settleParcel } from '../../../../src/pipeline/delivery/parcel.ts';
import type { Parcel } from '../../../../src/pipeline/delivery/parcel.ts';
import type { BatchBounds } from '../../../../src/pipeline/delivery/policy.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memory-queue.ts';
import { batch, sequences } from '../../../contract/records.ts';
import { stateOf } from '../../../contract/waiting.ts';
import { FakeTime, throughTime } from './fake-time.ts';

const never = new AbortController().signal;
const SIZE = 16;

/** Deliveries of these sizes, numbered on; a real queue that notes what becomes of each. */
function queueOf(...sizes: number[]): { queue: Queue<Encoded>; outcomes: Outcome[]; offer: (size: number) => void } {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 1e6, maxBytes: 1e9 });
  const outcomes: Outcome[] = [];
  const pull = queue.pull.bind(queue);
  queue.pull = async (signal) => {
    const delivery = await pull(signal);
    if (delivery === undefined) return undefined;
    const done = (outcome: Outcome): void => {
      outcomes.push(outcome);
      delivery.done(outcome);
    };
    return { batch: delivery.batch, done };
  };
  let last = 0;
  const offer = (size: number): void => {
    expect(queue.offer(batch(last + 1, last + size, SIZE))).toBe(true);
    last += size;
  };
  for (const size of sizes) offer(size);
  return { queue, outcomes, offer };
}

function bounds(of: Partial<BatchBounds> = {}): BatchBounds {
  return { maxEvents: 10, maxBytes: 1e6, lingerMs: 5, ...of };
}

const content = (parcel: Parcel | undefined): number[] => sequences(parcel?.batch);

/** All parcels, each settled as it comes. */
async function drained(batcher: Batcher): Promise<number[][]> {
  const parcels: number[][] = [];
  for (let parcel = await batcher.next(never); parcel !== undefined; parcel = await batcher.next(never)) {
    parcels.push(content(parcel));
    settleParcel(parcel, 'delivered');
  }
  return parcels;
}

describe('what a parcel holds', () => {
  test('deliveries that wait already go together, whole, as long as they fit', async () => {
    const { queue } = queueOf(3, 4, 3, 1, 9, 2);
    queue.end();
    const time = new FakeTime();
    const parcels = await throughTime(time, drained(new Batcher(queue, bounds(), time)));
    expect(parcels.map((parcel) => parcel.length)).toEqual([10, 10, 2]);
    expect(parcels.flat()).toEqual(sequences(batch(1, 22)));
  });

  test('a delivery that does not fit begins the next parcel', async () => {
    const { queue } = queueOf(6, 5);
    queue.end();
    const time = new FakeTime();
    expect(await throughTime(time, drained(new Batcher(queue, bounds(), time)))).toEqual([
      [1, 2, 3, 4, 5, 6],
      [7, 8, 9, 10, 11],
    ]);
  });

  test.each([
    ['by number', { maxEvents: 10 }, [10, 10, 5]],
    ['by bytes', { maxEvents: 1000, maxBytes: 7 * SIZE }, [7, 7, 7, 4]],
  ])('a delivery larger than a parcel is divided, %s', async (_, of, sizes) => {
    const { queue, outcomes } = queueOf(25);
    queue.end();
    const time = new FakeTime();
    const parcels = await throughTime(time, drained(new Batcher(queue, bounds(of), time)));
    expect(parcels.map((parcel) => parcel.length)).toEqual(sizes);
    expect(parcels.flat()).toEqual(sequences(batch(1, 25)));
    expect(outcomes).toEqual(['delivered']);
  });

  test('a record larger than a parcel goes by itself', async () => {
    const { queue } = queueOf(2);
    queue.end();
    const time = new FakeTime();
    expect(await throughTime(time, drained(new Batcher(queue, bounds({ maxBytes: SIZE - 1 }), time)))).toEqual([[1], [2]]);
  });

  test('without bounds every delivery goes as it is, at once', async () => {
    const { queue } = queueOf(3, 1, 2);
    queue.end();
    expect(await drained(new Batcher(queue, null, new FakeTime()))).toEqual([[1, 2, 3], [4], [5, 6]]);
  });

  test('an empty delivery is done and makes no parcel', async () => {
    const { queue, outcomes } = queueOf(0, 2);
    queue.end();
    expect(await drained(new Batcher(queue, null, new FakeTime()))).toEqual([[1, 2]]);
    expect(outcomes).toEqual(['delivered', 'delivered']);
  });
});

describe('how long it waits', () => {
  test('so long as its first record may, and not a millisecond longer', async () => {
    const { queue, offer } = queueOf(1);
    const time = new FakeTime();
    const next = new Batcher(queue, bounds({ lingerMs: 5 }), time).next(never);
    expect(await stateOf(next)).toBe('pending');
    time.pass(4);
    offer(2);
    expect(await stateOf(next)).toBe('pending');
    time.pass(1);
    expect(content(await next)).toEqual([1, 2, 3]);
    expect(time.timers).toBe(0);
  });

  test('not at all when it is full', async () => {
    const { queue } = queueOf(10);
    const time = new FakeTime();
    expect(content(await new Batcher(queue, bounds(), time).next(never))).toHaveLength(10);
    expect(time.timers).toBe(0);
  });

  test('what comes after the wait belongs to the next parcel', async () => {
    const { queue, offer } = queueOf(1);
    const time = new FakeTime();
    const batcher = new Batcher(queue, bounds(), time);
    const first = batcher.next(never);
    await stateOf(first);
    time.pass(5);
    expect(content(await first)).toEqual([1]);
    offer(1);
    const second = batcher.next(never);
    await stateOf(second);
    time.pass(5);
    expect(content(await second)).toEqual([2]);
  });

  test('no longer when it is drained, then and later', async () => {
    const { queue, offer } = queueOf(1);
    const time = new FakeTime();
    const batcher = new Batcher(queue, bounds({ lingerMs: 60_000 }), time);
    const next = batcher.next(never);
    expect(await stateOf(next)).toBe('pending');
    batcher.drain();
    expect(content(await next)).toEqual([1]);
    offer(1);
    expect(content(await throughTime(time, batcher.next(never)))).toEqual([2]);
    expect(time.ms).toBe(0);
  });

  test('no longer when all is aborted', async () => {
    const { queue } = queueOf(1);
    const hard = new AbortController();
    const time = new FakeTime();
    const batcher = new Batcher(queue, bounds(), time);
    const next = batcher.next(hard.signal);
    await stateOf(next);
    hard.abort();
    expect(content(await next)).toEqual([1]);
    expect(await batcher.next(hard.signal)).toBeUndefined();
    expect(time.timers).toBe(0);
  });
});

test('a queue that fails is not silent, and what it gave before is passed on', async () => {
  const { queue } = queueOf(1);
  const time = new FakeTime();
  const pull = queue.pull.bind(queue);
  const pulls = [pull, () => Promise.reject(new AgentError('FILE_IO', 'spool gone'))];
  queue.pull = (signal) => (pulls.shift() ?? pull)(signal);
  const batcher = new Batcher(queue, bounds(), time);
  expect(content(await batcher.next(never))).toEqual([1]);
  await expect(batcher.next(never)).rejects.toThrow('spool gone');
});

test('what is in no parcel goes back to the queue, the rest of a divided delivery with all of it', async () => {
  const { queue, outcomes } = queueOf(25);
  const time = new FakeTime();
  const batcher = new Batcher(queue, bounds(), time);
  const first = await batcher.next(never);
  for (const delivery of await batcher.release()) delivery.done('returned');
  expect(outcomes).toEqual([]);
  settleParcel(first as Parcel, 'delivered');
  expect(outcomes).toEqual(['returned']);
  expect(sequences((await queue.pull(never))?.batch)).toEqual(sequences(batch(1, 25)));
});

test.each([
  [['returned', 'delivered', 'delivered'], 'returned'],
  [['delivered', 'returned', 'dead_lettered'], 'returned'],
  [['delivered', 'dead_lettered', 'delivered'], 'dead_lettered'],
] as const)('a divided delivery whose parts end as %j is %s', async (ends, outcome) => {
  const { queue, outcomes } = queueOf(25);
  const time = new FakeTime();
  const batcher = new Batcher(queue, bounds(), time);
  const parcels: (Parcel | undefined)[] = [];
  for (let i = 0; i < ends.length; i += 1) parcels.push(await throughTime(time, batcher.next(never)));
  for (const [i, end] of ends.entries()) settleParcel(parcels[i] as Parcel, end);
  expect(outcomes).toEqual([outcome]);
});

test('whatever comes when: nothing is lost, doubled or reordered, bounds hold, and every delivery is done once', async () => {
  const schedule = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 12 }), size: fc.integer({ min: 0, max: 30 }) }), {
    maxLength: 20,
  });
  const of = fc.record({
    maxEvents: fc.integer({ min: 1, max: 25 }),
    maxBytes: fc.integer({ min: 1, max: 40 * SIZE }),
    lingerMs: fc.integer({ min: 0, max: 10 }),
  });
  await fc.assert(
    fc.asyncProperty(schedule, of, async (arrivals, limits) => {
      const time = new FakeTime();
      const { queue, outcomes, offer } = queueOf();
      const batcher = new Batcher(queue, limits, time);
      let atMs = 0;
      for (const { afterMs, size } of arrivals) time.after((atMs += afterMs), () => offer(size));
      time.after(atMs, () => {
        queue.end();
        batcher.drain();
      });
      const parcels = await throughTime(time, drained(batcher));
      expect(parcels.flat()).toEqual(Array.from({ length: parcels.flat().length }, (_, i) => i + 1));
      expect(parcels.flat()).toHaveLength(arrivals.reduce((sum, { size }) => sum + size, 0));
      const most = Math.max(1, Math.min(limits.maxEvents, Math.floor(limits.maxBytes / SIZE)));
      for (const parcel of parcels) expect(parcel.length).toBeLessThanOrEqual(most);
      expect(outcomes).toEqual(arrivals.map(() => 'delivered'));
      expect(queue.depth).toEqual({ events: 0, bytes: 0 });
    }),
    { numRuns: 200 },
  );
});
