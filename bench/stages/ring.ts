import { Worker } from 'node:worker_threads';
import type { Heard } from '../../src/core/kernel-event.ts';
import { FrameReader } from '../../src/ingest/proc-connector/frame-reader.ts';
import { SLOT_BYTES } from '../../src/ingest/proc-connector/frame.ts';
import { RingConsumer, createRingMemory } from '../../src/ingest/ring/ring.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';
import type { RingProducerData } from './ring-producer.ts';

// As in proc-connector/source.ts.
const RING_BYTES = 4 << 20;
const MAX_BATCH = 512;

const WARM_UP_EVENTS = 200_000;

/** A FORK and an EXIT as a live kernel sent them. */
const FORK =
  '4c0000000300000070dc130000000000010000000100000070dc130000000000280000000100000001000000788d3086d5000000ab5d0000ab5d0000d45d0000d45d00000000000000000000';
const EXIT =
  '4c0000000300000072dc130000000000010000000100000072dc130000000000280000000000008001000000b0013b86d5000000d45d0000d45d00000000000011000000ab5d0000ab5d0000';

export const ringCases: readonly BenchCase[] = [1, 16, 256].map((events) => ({
  stage: 'ring',
  name: `thread to thread, ${events === 1 ? 'an event' : `${events} events`} a frame`,
  measure: (seconds) => measureRing(seconds, events),
}));

/** A thread writes frames as fast as the ring takes them, this one decodes every event of them as the source does. */
async function measureRing(seconds: number, events: number): Promise<Measurement> {
  const memory = createRingMemory(RING_BYTES);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const data: RingProducerData = { ring: memory, stop: stop.buffer, slots: slotsOf(events) };
  const worker = new Worker(new URL('./ring-producer.ts', import.meta.url), { workerData: data });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  try {
    const passage = new Passage(memory);
    await Promise.race([passage.read(() => passage.events >= WARM_UP_EVENTS), failed]);
    const meter = new Meter();
    const [before, until] = [passage.events, performance.now() + seconds * 1000];
    meter.start();
    await Promise.race([passage.read(() => performance.now() >= until), failed]);
    meter.stop(passage.events - before);
    return meter.result();
  } finally {
    Atomics.store(stop, 0, 1);
    await worker.terminate();
  }
}

function slotsOf(events: number): Uint8Array {
  const slots = Buffer.alloc(events * SLOT_BYTES);
  for (let i = 0; i < events; i += 1) slots.write(i % 2 === 0 ? FORK : EXIT, i * SLOT_BYTES, 'hex');
  return slots;
}

/** The consuming end, in batches like those of the source. */
class Passage {
  events = 0;
  readonly #consumer: RingConsumer;
  readonly #reader: FrameReader;

  constructor(memory: SharedArrayBuffer) {
    this.#consumer = new RingConsumer(memory);
    this.#reader = new FrameReader(this.#consumer);
  }

  async read(done: () => boolean): Promise<void> {
    while (!done()) {
      const batch = this.#batch();
      this.#check(batch);
      this.#consumer.release();
      if (batch.length === 0) await this.#consumer.waitForFrame(1000);
    }
  }

  #batch(): Heard[] {
    const batch: Heard[] = [];
    while (batch.length < MAX_BATCH) {
      const frame = this.#consumer.next();
      if (frame === undefined) break;
      this.#reader.read(frame.offset, batch);
    }
    return batch;
  }

  #check(batch: readonly Heard[]): void {
    for (const heard of batch) {
      const seq = 'kernelSeq' in heard ? heard.kernelSeq : undefined;
      if (seq !== this.events % 2 ** 32) throw new Error(`event ${this.events} arrived as ${heard.kind} ${seq}`);
      this.events += 1;
    }
  }
}
