/** The writing thread of ring-passage.ts. */
import { workerData } from 'node:worker_threads';
import { FRAME_HEADER_BYTES, RingProducer } from '../../src/ingest/ring/ring.ts';
import { Random } from './random.ts';
import { RingFrames } from './ring-frames.ts';
import type { RingPlan } from './ring-frames.ts';

const ROOM_WAIT_MS = 100;

const { memory, seed, frames } = workerData as RingPlan & { readonly memory: SharedArrayBuffer };
const planned = new RingFrames(seed);
const ring = new RingProducer(memory);
/** Of what only this end decides. */
const random = new Random(seed, -1);
const nap = new Int32Array(new SharedArrayBuffer(4));

/** Like ingest: asks for more than it will need, waits when there is no room, and now and then asks in vain. */
function reserve(length: number): number {
  const wanted = Math.min(ring.capacity / 2, length + random.below(2 * length));
  for (;;) {
    const { tail } = ring;
    const offset = ring.reserve(random.oneIn(8) ? length : wanted);
    if (offset >= 0) return offset;
    ring.waitForRoom(tail, ROOM_WAIT_MS);
  }
}

for (let index = 0; index < frames; index += 1) {
  const frame = planned.frame(index);
  const whole = FRAME_HEADER_BYTES + frame.length;
  let offset = reserve(whole);
  if (random.oneIn(20)) offset = reserve(whole);
  if (ring.reserved < whole) throw new Error(`${ring.reserved} bytes reserved for a frame of ${whole}`);
  ring.bytes.set(planned.body(frame), offset + FRAME_HEADER_BYTES);
  ring.commit(offset, frame.type, whole);
  if (random.oneIn(50)) ring.wake();
  if (random.oneIn(2000)) Atomics.wait(nap, 0, 0, 1);
}
