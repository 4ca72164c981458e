import { describe, expect, it } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memory-queue.ts';
import { batch, batchOf, sequences } from '../../../contract/records.ts';
import { stateOf } from '../../../contract/waiting.ts';

const never = new AbortController().signal;

describe('MemoryQueue', () => {
  it('is bounded in events as well as in bytes', async () => {
    const queue = new MemoryQueue<Encoded>({ maxEvents: 2, maxBytes: 1_000_000 });
    expect(queue.offer(batch(1, 2))).toBe(true);
    expect(queue.offer(batch(3, 3))).toBe(false);
    expect(await stateOf(queue.push(batch(3, 3), AbortSignal.any([never])))).toBe('pending');
  });

  it('passes batches without items through', async () => {
    const queue = new MemoryQueue<Encoded>({ maxEvents: 1, maxBytes: 1 });
    await queue.push(batchOf(), never);
    expect((await queue.pull(never))?.batch.items).toEqual([]);
  });

  it('drops what it holds at close, and counts what is out until it is done', async () => {
    const queue = new MemoryQueue<Encoded>({ maxEvents: 10, maxBytes: 1000 });
    await queue.push(batch(1, 2), never);
    await queue.push(batch(3, 5), never);
    const out = await queue.pull(never);
    await queue.close();
    expect(queue.depth.events).toBe(2);
    out?.done('returned');
    expect(queue.depth).toEqual({ events: 0, bytes: 0 });
  });

  it('keeps its order through a million batches without slowing down by their number', async () => {
    const queue = new MemoryQueue<never>({ maxEvents: 1, maxBytes: 2_000_000 });
    const one = { items: [], bytes: 1 };
    for (let index = 0; index < 1_000_000; index += 1) queue.offer(one);
    expect(queue.depth.bytes).toBe(1_000_000);
    for (let index = 0; index < 1_000_000; index += 1) (await queue.pull(never))?.done('delivered');
    expect(queue.depth.bytes).toBe(0);
  });

  describe('making room', () => {
    it('evicts the oldest waiting batches, no more than needed', async () => {
      const queue = new MemoryQueue<Encoded>({ maxEvents: 6, maxBytes: 1_000_000 });
      for (const from of [1, 3, 5]) await queue.push(batch(from, from + 1), never);
      expect(queue.makeRoom(batch(7, 9)).map(sequences)).toEqual([
        [1, 2],
        [3, 4],
      ]);
      expect(queue.offer(batch(7, 9))).toBe(true);
      expect(sequences((await queue.pull(never))?.batch)).toEqual([5, 6]);
    });

    it('evicts nothing that is pulled, and nothing at all where that would not be enough', async () => {
      const queue = new MemoryQueue<Encoded>({ maxEvents: 6, maxBytes: 1_000_000 });
      await queue.push(batch(1, 4), never);
      await queue.push(batch(5, 6), never);
      await queue.pull(never);
      expect(queue.makeRoom(batch(7, 9))).toEqual([]);
      expect(queue.depth.events).toBe(6);
    });

    it('evicts nothing while there is room', () => {
      const queue = new MemoryQueue<Encoded>({ maxEvents: 6, maxBytes: 1_000_000 });
      queue.offer(batch(1, 2));
      expect(queue.makeRoom(batch(3, 4))).toEqual([]);
    });
  });
});
