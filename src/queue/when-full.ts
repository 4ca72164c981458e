import type { Batch } from '../core/batch.ts';
import type { Encoded } from '../core/encoded.ts';
import type { DropReason, DroppedBatch, Queue } from '../core/queue.ts';

/**
 * What gives way when a queue is full. `block`: the producer waits. `drop_newest`: what comes in is dropped.
 * `drop_oldest`: what waits longest is dropped to make room; what is pulled already is not touched.
 */
export const WHEN_FULL = ['drop_newest', 'drop_oldest', 'block'] as const;
export type WhenFull = (typeof WHEN_FULL)[number];

/** A queue that can let go of its oldest batches. */
export interface EvictingQueue<T> extends Queue<T> {
  /**
   * Removes the oldest waiting batches until `batch` fits, and gives them back or says what they were; removes none where even that would
   * not be enough. What is said of records in one segment is one `DroppedBatch` for each batch that was accepted.
   */
  makeRoom(batch: Batch<T>): readonly (Batch<T> | DroppedBatch)[] | Promise<readonly (Batch<T> | DroppedBatch)[]>;
}

/** A queue together with its policy. `onDrop` runs before `enqueue` settles, once per dropped batch. */
export interface Intake {
  readonly queue: EvictingQueue<Encoded>;
  readonly whenFull: WhenFull;
  readonly onDrop: (dropped: DroppedBatch, reason: DropReason) => void;
}

/**
 * Puts a batch into the queue as the policy says; resolves whether it was taken. Only `block` ever waits,
 * and rejects when `signal` aborts or the queue has ended: then nothing was taken and nothing counted.
 */
export async function enqueue(intake: Intake, batch: Batch<Encoded>, signal: AbortSignal): Promise<boolean> {
  const { queue, whenFull, onDrop } = intake;
  if (whenFull === 'block') {
    await queue.push(batch, signal);
    return true;
  }
  if (queue.offer(batch)) return true;
  if (whenFull === 'drop_oldest') {
    for (const evicted of await queue.makeRoom(batch)) onDrop('checkpoints' in evicted ? evicted : describeDrop(evicted), 'evicted');
    if (queue.offer(batch)) return true;
  }
  onDrop(describeDrop(batch), 'queue_full');
  return false;
}

function describeDrop(batch: Batch<Encoded>): DroppedBatch {
  const checkpoints: Encoded[] = [];
  let fromSequence = 0;
  let toSequence = 0;
  for (const item of batch.items) {
    if (item.sequence === 0) checkpoints.push(item);
    else {
      if (fromSequence === 0 || item.sequence < fromSequence) fromSequence = item.sequence;
      if (item.sequence > toSequence) toSequence = item.sequence;
    }
  }
  return { fromSequence, toSequence, count: batch.items.length - checkpoints.length, items: batch.items, checkpoints };
}
