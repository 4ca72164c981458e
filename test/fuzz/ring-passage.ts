import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FRAME_ALIGN, FRAME_HEADER_BYTES, RingConsumer, createRingMemory } from '../../src/ingest/ring/ring.ts';
import type { Frame } from '../../src/ingest/ring/ring.ts';
import { Random } from './random.ts';
import { RingFrames } from './ring-frames.ts';
import type { PlannedFrame, RingPlan } from './ring-frames.ts';

/** The smallest there is: it wraps every few dozen frames. */
const RING_BYTES = 1 << 16;
const MAX_HELD = 40;

/** Frames of random sizes from one thread to another, which releases them when it likes. Throws at the first that is not what was written. */
export async function runRing(plan: RingPlan): Promise<{ readonly frames: number; readonly bytes: number; readonly waits: number }> {
  const memory = createRingMemory(RING_BYTES);
  begin(memory, plan.seed);
  const worker = new Worker(new URL('./ring-producer-run.ts', import.meta.url), { workerData: { ...plan, memory } });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  const passage = new Passage(memory, plan);
  try {
    await Promise.race([passage.readAll(), failed]);
  } finally {
    await worker.terminate();
  }
  return passage;
}

/** As if the ring had been in use for long: both of its counts stand before one of the two places where an Int32 has a seam, or at 0. */
function begin(memory: SharedArrayBuffer, seed: number): void {
  const random = new Random(seed, -4);
  new Int32Array(memory).fill(random.pick([0, 2 ** 31, 2 ** 32]) - FRAME_ALIGN * random.below(10_000), 0, 2);
}

class Passage {
  frames = 0;
  bytes = 0;
  waits = 0;
  readonly #plan: RingPlan;
  readonly #consumer: RingConsumer;
  readonly #random: Random;
  readonly #planned: RingFrames;
  /** Read and not given back: they must stay as they are. */
  readonly #held: { readonly planned: PlannedFrame; readonly frame: Frame }[] = [];

  constructor(memory: SharedArrayBuffer, plan: RingPlan) {
    this.#plan = plan;
    this.#consumer = new RingConsumer(memory);
    this.#random = new Random(plan.seed, -3);
    this.#planned = new RingFrames(plan.seed);
  }

  async readAll(): Promise<void> {
    while (this.frames < this.#plan.frames) {
      const frame = this.#consumer.next();
      if (frame !== undefined) this.#take(frame);
      if (frame === undefined || this.#held.length === MAX_HELD || this.#random.oneIn(20)) this.#release();
      if (frame === undefined) await this.#wait();
      else if (this.#random.oneIn(500)) await turn();
    }
    this.#release();
    if (this.#consumer.next() !== undefined) throw new Error('there are more frames than were written');
  }

  #take(frame: Frame): void {
    const planned = this.#planned.frame(this.frames++);
    const whole = Math.ceil((FRAME_HEADER_BYTES + planned.length) / FRAME_ALIGN) * FRAME_ALIGN;
    if (frame.type !== planned.type || frame.length !== whole - FRAME_HEADER_BYTES) throw this.#difference(planned, frame);
    this.bytes += planned.length;
    this.#check(planned, frame);
    this.#held.push({ planned, frame });
  }

  #check(planned: PlannedFrame, frame: Frame): void {
    const written = this.#planned.body(planned);
    if (written.compare(this.#consumer.bytes, frame.offset, frame.offset + written.length) !== 0) throw this.#difference(planned, frame);
  }

  #difference(planned: PlannedFrame, frame: Frame): Error {
    return new Error(`${JSON.stringify(planned)}, one of the first ${this.frames}, is not what ${JSON.stringify(frame)} holds`);
  }

  /** Whatever the producer did meanwhile, what was not given back is still there. */
  #release(): void {
    for (const { planned, frame } of this.#held) this.#check(planned, frame);
    this.#held.length = 0;
    this.#consumer.release();
  }

  async #wait(): Promise<void> {
    this.waits += 1;
    await this.#consumer.waitForFrame(1000);
  }
}
