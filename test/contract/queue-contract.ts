import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import type { Delivery, Queue } from '../../src/core/queue.ts';
import { batch, sequences } from './records.ts';
import { stateOf } from './waiting.ts';

/** Makes an empty, opened queue that holds at most `maxBytes`; the suite closes it. */
export type MakeQueue = (bounds: { readonly maxBytes: number; readonly maxEvents: number }) => Promise<Queue<Encoded>>;

const never = new AbortController().signal;
const SIZE = 16;

/** The law of `Queue`, for every implementation of it. Bounds are in bytes of records; `maxEvents` is given so large that it never bites. */
export function queueContract(name: string, make: MakeQueue): void {
  describe(`${name} keeps the law of queues`, () => {
    let queue: Queue<Encoded>;
    const three = { maxBytes: 3 * SIZE, maxEvents: 1000 };
    const push = (from: number, to = from): Promise<void> => queue.push(batch(from, to, SIZE), never);
    const pull = async (): Promise<Delivery<Encoded>> => {
      const delivery = await queue.pull(never);
      if (delivery === undefined) throw new Error('the queue has ended');
      return delivery;
    };

    beforeEach(async () => {
      queue = await make(three);
    });
    afterEach(() => queue.close());

    it('hands over batches in order, once each', async () => {
      await push(1, 2);
      await push(3);
      const first = await pull();
      const second = await pull();
      expect([sequences(first.batch), sequences(second.batch)]).toEqual([[1, 2], [3]]);
      expect(await stateOf(queue.pull(AbortSignal.any([never])))).toBe('pending');
    });

    it('hands a batch to a reader that already waits', async () => {
      const waiting = queue.pull(never);
      await push(1);
      expect(sequences((await waiting)?.batch)).toEqual([1]);
    });

    it('frees capacity at done, not at pull', async () => {
      await push(1, 3);
      const delivery = await pull();
      const full = queue.depth;
      const waiting = push(4);
      expect(await stateOf(waiting)).toBe('pending');
      delivery.done('delivered');
      await waiting;
      expect([full.events, queue.depth.events, queue.depth.bytes < full.bytes]).toEqual([3, 1, true]);
    });

    it('frees capacity of dead-lettered batches', async () => {
      await push(1, 3);
      (await pull()).done('dead_lettered');
      expect(queue.depth).toEqual({ events: 0, bytes: 0 });
    });

    it('lets waiting pushes in first come first served', async () => {
      await push(1, 3);
      const large = push(4, 6);
      const small = push(7);
      const first = await pull();
      expect(await stateOf(Promise.race([large, small]))).toBe('pending');
      first.done('delivered');
      await large;
      expect(await stateOf(small)).toBe('pending');
      (await pull()).done('delivered');
      await small;
      expect(sequences((await pull()).batch)).toEqual([7]);
    });

    it('rejects an aborted push, never delivers it, and serves the next in line', async () => {
      const stop = new AbortController();
      await push(1, 2);
      const aborted = queue.push(batch(10, 12, SIZE), stop.signal);
      const next = push(3);
      expect(await stateOf(next)).toBe('pending');
      stop.abort(new Error('no time left'));
      await expect(aborted).rejects.toThrow('no time left');
      await next;
      expect([sequences((await pull()).batch), sequences((await pull()).batch)]).toEqual([[1, 2], [3]]);
    });

    it('takes nothing under a signal that is aborted already', async () => {
      await expect(queue.push(batch(1, 1), AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
      await push(2);
      await expect(queue.pull(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
      expect(sequences((await pull()).batch)).toEqual([2]);
    });

    it('offers without waiting: false where there is no room', async () => {
      expect(queue.offer(batch(1, 3, SIZE))).toBe(true);
      expect(queue.offer(batch(4, 4, SIZE))).toBe(false);
      (await pull()).done('delivered');
      expect(queue.offer(batch(5, 5, SIZE))).toBe(true);
      expect(sequences((await pull()).batch)).toEqual([5]);
    });
    it('appends past all bounds', async () => {
      await push(1, 3);
      queue.append(batch(4, 4, SIZE));
      expect([sequences((await pull()).batch), sequences((await pull()).batch), queue.depth.events]).toEqual([[1, 2, 3], [4], 4]);
    });

    it('does not let an offer overtake a waiting push', async () => {
      await push(1, 2);
      const waiting = push(3, 5);
      expect(queue.offer(batch(6, 6, SIZE))).toBe(false);
      (await pull()).done('delivered');
      await waiting;
      expect(sequences((await pull()).batch)).toEqual([3, 4, 5]);
    });

    it('takes a batch larger than the whole bound only when it is empty', async () => {
      await push(1);
      const waiting = push(2, 9);
      const first = await pull();
      expect(await stateOf(waiting)).toBe('pending');
      first.done('delivered');
      await waiting;
      expect(queue.offer(batch(10, 10, SIZE))).toBe(false);
      expect(sequences((await pull()).batch)).toHaveLength(8);
    });

    it('puts a returned batch back at the head and keeps its capacity taken', async () => {
      await push(1);
      await push(2);
      await push(3);
      (await pull()).done('returned');
      expect(queue.offer(batch(4, 4, SIZE))).toBe(false);
      expect(sequences((await pull()).batch)).toEqual([1]);
      expect(sequences((await pull()).batch)).toEqual([2]);
    });

    it.each([
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ])('restores the order of batches returned as %i, %i, %i', async (...order) => {
      const four = await make({ maxBytes: 4 * SIZE, maxEvents: 1000 });
      const next = async (): Promise<Delivery<Encoded> | undefined> => four.pull(never);
      for (const sequence of [1, 2, 3, 4]) await four.push(batch(sequence, sequence, SIZE), never);
      const deliveries = [await next(), await next(), await next()];
      for (const index of order) deliveries[index]?.done('returned');
      const again = [await next(), await next(), await next(), await next()];
      expect(again.map((delivery) => sequences(delivery?.batch)[0])).toEqual([1, 2, 3, 4]);
      await four.close();
    });

    it('gives a returned batch to a reader that waits', async () => {
      await push(1);
      const delivery = await pull();
      const waiting = queue.pull(never);
      delivery.done('returned');
      expect(sequences((await waiting)?.batch)).toEqual([1]);
    });

    it('refuses a second done', async () => {
      await push(1);
      const delivery = await pull();
      delivery.done('delivered');
      expect(() => delivery.done('delivered')).toThrow(expect.objectContaining({ code: 'BUG' }));
      expect(queue.depth.events).toBe(0);
    });

    it('keeps a batch for the next reader when the waiting one gives up', async () => {
      const stop = new AbortController();
      const givenUp = queue.pull(stop.signal);
      stop.abort(new Error('changed its mind'));
      await expect(givenUp).rejects.toThrow('changed its mind');
      await push(1);
      expect(sequences((await pull()).batch)).toEqual([1]);
    });

    it('runs empty after end, then says so to every reader', async () => {
      await push(1);
      queue.end();
      (await pull()).done('delivered');
      expect(await queue.pull(never)).toBeUndefined();
      expect(await queue.pull(never)).toBeUndefined();
    });

    it('wakes readers that wait when it ends empty', async () => {
      const waiting = [queue.pull(never), queue.pull(never)];
      queue.end();
      expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
    });

    it('has not ended while a delivery is out that may come back', async () => {
      await push(1);
      const delivery = await pull();
      queue.end();
      const waiting = queue.pull(never);
      expect(await stateOf(waiting)).toBe('pending');
      delivery.done('returned');
      (await waiting)?.done('delivered');
      expect(await queue.pull(never)).toBeUndefined();
    });

    it('takes nothing new after end, but what was waiting already', async () => {
      await push(1, 3);
      const waiting = push(4);
      queue.end();
      expect(queue.offer(batch(5, 5, SIZE))).toBe(false);
      await expect(push(6)).rejects.toMatchObject({ code: 'QUEUE_ENDED' });
      (await pull()).done('delivered');
      await waiting;
      const last = await pull();
      expect(sequences(last.batch)).toEqual([4]);
      last.done('delivered');
      expect(await queue.pull(never)).toBeUndefined();
    });

    it('closes more than once, refuses who waits and takes nothing afterwards', async () => {
      await push(1, 3);
      const waiting = push(4);
      const refused = expect(waiting).rejects.toMatchObject({ code: 'QUEUE_ENDED' });
      await queue.close();
      await refused;
      await queue.close();
      expect(queue.offer(batch(5, 5, SIZE))).toBe(false);
      await expect(push(5)).rejects.toMatchObject({ code: 'QUEUE_ENDED' });
      expect(await queue.pull(never)).toBeUndefined();
    });

    it('wakes readers that wait when it closes', async () => {
      const waiting = queue.pull(never);
      await queue.close();
      expect(await waiting).toBeUndefined();
    });

    it('lets a delivery be reported after close', async () => {
      await push(1);
      const [early, late] = [await pull(), queue];
      await late.close();
      early.done('returned');
      expect(await queue.pull(never)).toBeUndefined();
    });

    it('loses and repeats nothing, whatever its readers do', async () => {
      const outcomes = fc.array(fc.constantFrom('delivered' as const, 'dead_lettered' as const, 'returned' as const), { minLength: 1 });
      const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(sizes, outcomes, fc.integer({ min: 1, max: 4 }), async (batchSizes, answers, readers) => {
          const tested = await make(three);
          const finished = await runThrough(tested, { batches: consecutive(batchSizes), answers, readers });
          await tested.close();
          const total = batchSizes.reduce((sum, size) => sum + size, 0);
          expect(finished.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, index) => index + 1));
        }),
        { numRuns: 60 },
      );
    });
  });
}

function consecutive(sizes: readonly number[]): Batch<Encoded>[] {
  let last = 0;
  return sizes.map((size) => {
    const made = batch(last + 1, last + size, SIZE);
    last += size;
    return made;
  });
}

interface Course {
  readonly batches: readonly Batch<Encoded>[];
  readonly answers: readonly ('delivered' | 'dead_lettered' | 'returned')[];
  readonly readers: number;
}

/** Pushes all batches while readers answer as `answers` says, over and over, but return no batch for ever. Gives back what was finished. */
async function runThrough(queue: Queue<Encoded>, course: Course): Promise<number[]> {
  const finished: number[] = [];
  let answered = 0;
  const read = async (): Promise<void> => {
    for (let delivery = await queue.pull(never); delivery !== undefined; delivery = await queue.pull(never)) {
      await stateOf(new Promise(() => {}), answered % 3);
      const wanted = course.answers[answered % course.answers.length] ?? 'delivered';
      const outcome = wanted === 'returned' && answered > course.batches.length ? 'delivered' : wanted;
      answered += 1;
      if (outcome !== 'returned') finished.push(...sequences(delivery.batch));
      delivery.done(outcome);
    }
  };
  const readers = Array.from({ length: course.readers }, read);
  for (const item of course.batches) await queue.push(item, never);
  queue.end();
  await Promise.all(readers);
  expect(queue.depth).toEqual({ events: 0, bytes: 0 });
  return finished;
}
