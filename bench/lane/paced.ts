import { setTimeout as sleep } from 'node:timers/promises';
import type { Sink } from '../../src/core/component.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import type { BatchBounds } from '../../src/pipeline/delivery/policy.ts';
import type { Spool } from '../../src/queue/spool/spool.ts';
import { batchesOf } from '../corpus/record-batches.ts';
import { latencies } from '../measurement.ts';
import type { Measurement, Meter } from '../measurement.ts';
import { SpoolPlace } from '../spool-place.ts';
import { deliver, observed } from './deliver.ts';
import { Numbered } from './numbered.ts';

export const RATE = 1000;
const STEP_MS = 5;
const WARM_UP_SECONDS = 3;

/** Offers events at `RATE`, each with a number of its own, and notes how long each takes. */
class Paced {
  readonly waitsUs: number[] = [];
  readonly #spool: Spool;
  readonly #source = new Numbered(batchesOf({ perBatch: 1 }));
  readonly #offeredMs = new Map<number, number>();

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  acknowledged(items: readonly Encoded[]): void {
    const nowMs = performance.now();
    for (const { sequence } of items) {
      this.waitsUs.push((nowMs - (this.#offeredMs.get(sequence) ?? Number.NaN)) * 1000);
      this.#offeredMs.delete(sequence);
    }
  }

  /** How many were offered. */
  async offer(seconds: number): Promise<number> {
    const [beganMs, before] = [performance.now(), this.#source.given];
    for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - beganMs) {
      this.#offerUpTo(before + Math.floor((elapsedMs * RATE) / 1000));
      await sleep(STEP_MS);
    }
    return this.#source.given - before;
  }

  #offerUpTo(due: number): void {
    const items: Encoded[] = [];
    while (this.#source.given < due) {
      items.push(...this.#source.next().items);
      this.#offeredMs.set(this.#source.given, performance.now());
    }
    if (items.length === 0) return;
    if (!this.#spool.offer({ items, bytes: items.reduce((sum, { bytes }) => sum + bytes.length, 0) })) throw new Error('the spool is full');
  }
}

export interface Pacing {
  /** Not opened yet. */
  readonly sink: Sink;
  readonly bounds: BatchBounds;
  readonly meter: Meter;
}

/** What an event waits from when the disk queue takes it until the other side has it, at `RATE` events a second. */
export async function measurePaced({ sink: inner, bounds, meter }: Pacing, seconds: number): Promise<Measurement> {
  const place = new SpoolPlace();
  try {
    const spool = await place.open();
    const events = new Paced(spool);
    const sink = observed(inner, ({ items }) => events.acknowledged(items));
    await sink.open(new AbortController().signal);
    const delivered = deliver(spool, sink, bounds);
    await events.offer(WARM_UP_SECONDS);
    const warm = events.waitsUs.length;
    meter.start();
    meter.stop(await events.offer(seconds));
    spool.end();
    await delivered;
    await sink.close();
    await spool.close();
    return { ...meter.result(), ...latencies(events.waitsUs.slice(warm)) };
  } finally {
    place.remove();
  }
}
