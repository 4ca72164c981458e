/** Thread that fills a ring until it is told to stop; see ring.ts. */
import { workerData } from 'node:worker_threads';
import { FrameWriter } from '../../src/ingest/proc-connector/frame-writer.ts';
import { SLOT_BYTES } from '../../src/ingest/proc-connector/frame.ts';
import { RingProducer } from '../../src/ingest/ring/ring.ts';

export interface RingProducerData {
  readonly ring: SharedArrayBuffer;
  /** Int32: not 0 ends it. */
  readonly stop: SharedArrayBuffer;
  /** One frame's slots as they are in the ring, without a sequence. */
  readonly slots: Uint8Array;
}

const MAX_ARGS_BYTES = 32 << 10;
const SEQ_AT = 24;
const RING_FULL_WAIT_MS = 50;

const { ring: memory, stop: stopMemory, slots } = workerData as RingProducerData;
const stop = new Int32Array(stopMemory);
const ring = new RingProducer(memory);
const frame = new FrameWriter(ring, MAX_ARGS_BYTES);
const count = slots.length / SLOT_BYTES;
const offsets = { wallUs: 1.7e15, bootNs: 0 };

for (let seq = 0; Atomics.load(stop, 0) === 0;) {
  const { tail } = ring;
  if (!frame.begin()) {
    ring.waitForRoom(tail, RING_FULL_WAIT_MS);
    continue;
  }
  // Stands for the kernel, which copies each event to its place, and for the look that the ingest thread takes at it.
  ring.bytes.set(slots, frame.slotAt(0));
  for (let i = 0; i < count; i += 1) ring.words[(frame.slotAt(i) + SEQ_AT) >>> 2] = seq++;
  frame.received(count);
  frame.commit(count, offsets, 2e9);
}
