import { describe, expect, it } from 'vitest';
import type { Encoded } from '../../../src/core/encoded.ts';
import type { DroppedBatch } from '../../../src/core/queue.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { enqueue } from '../../../src/queue/when-full.ts';
import type { Intake, WhenFull } from '../../../src/queue/when-full.ts';
import { batch, batchOf, record, sequences } from '../../contract/records.ts';
import { stateOf } from '../../contract/waiting.ts';

const never = new AbortController().signal;

function intakeOf(whenFull: WhenFull, maxEvents = 4): Intake & { drops: [string, DroppedBatch][] } {
  const drops: [string, DroppedBatch][] = [];
  const queue = new MemoryQueue<Encoded>({ maxEvents, maxBytes: 1_000_000 });
  return { queue, whenFull, drops, onDrop: (dropped, reason) => drops.push([reason, dropped]) };
}

describe('enqueue', () => {
  it('takes whatever fits under every policy, and drops nothing', async () => {
    for (const policy of ['block', 'drop_newest', 'drop_oldest'] as const) {
      const intake = intakeOf(policy);
      expect(await enqueue(intake, batch(1, 4), never)).toBe(true);
      expect(intake.drops).toEqual([]);
    }
  });

  it('drop_newest: drops what comes in and says which', async () => {
    const intake = intakeOf('drop_newest');
    await enqueue(intake, batch(1, 3), never);
    expect(await enqueue(intake, batch(4, 6), never)).toBe(false);
    expect(intake.drops).toEqual([['queue_full', { fromSequence: 4, toSequence: 6, count: 3, items: batch(4, 6).items, checkpoints: [] }]]);
    expect(sequences((await intake.queue.pull(never))?.batch)).toEqual([1, 2, 3]);
  });

  it('drop_oldest: drops what waits longest and takes the new', async () => {
    const intake = intakeOf('drop_oldest');
    await enqueue(intake, batch(1, 2), never);
    await enqueue(intake, batch(3, 4), never);
    expect(await enqueue(intake, batch(5, 6), never)).toBe(true);
    expect(intake.drops).toEqual([['evicted', { fromSequence: 1, toSequence: 2, count: 2, items: batch(1, 2).items, checkpoints: [] }]]);
    expect(sequences((await intake.queue.pull(never))?.batch)).toEqual([3, 4]);
  });

  it('drop_oldest: drops the new where everything old is on its way already', async () => {
    const intake = intakeOf('drop_oldest');
    await enqueue(intake, batch(1, 3), never);
    await intake.queue.pull(never);
    expect(await enqueue(intake, batch(4, 5), never)).toBe(false);
    expect(intake.drops.map(([reason, dropped]) => [reason, dropped.fromSequence])).toEqual([['queue_full', 4]]);
  });

  it('block: waits for room and drops nothing', async () => {
    const intake = intakeOf('block');
    await enqueue(intake, batch(1, 4), never);
    const waiting = enqueue(intake, batch(5, 5), never);
    expect(await stateOf(waiting)).toBe('pending');
    (await intake.queue.pull(never))?.done('delivered');
    expect(await waiting).toBe(true);
    expect(intake.drops).toEqual([]);
  });

  it('block: passes an abort on', async () => {
    const intake = intakeOf('block');
    await enqueue(intake, batch(1, 4), never);
    const stop = new AbortController();
    const waiting = enqueue(intake, batch(5, 5), stop.signal);
    stop.abort(new Error('stop now'));
    await expect(waiting).rejects.toThrow('stop now');
    expect(intake.drops).toEqual([]);
  });

  it('keeps checkpoints apart, which have no sequence, and counts gaps in the range as they are', async () => {
    const intake = intakeOf('drop_newest', 1);
    const checkpoint = { ...record(0, 8, 'agent'), kind: 'CHECKPOINT' };
    await enqueue(intake, batch(1, 1), never);
    await enqueue(intake, batchOf(record(9), checkpoint, record(4)), never);
    await enqueue(intake, batchOf(checkpoint), never);
    expect(intake.drops.map(([, dropped]) => dropped)).toMatchObject([
      { fromSequence: 4, toSequence: 9, count: 2, checkpoints: [checkpoint] },
      { fromSequence: 0, toSequence: 0, count: 0, checkpoints: [checkpoint] },
    ]);
  });
});
