import { setTimeout as sleep } from 'node:timers/promises';
import type { Encoded } from '../../../src/core/encoded.ts';
import type { Spool } from '../../../src/queue/spool/spool.ts';
import type { DriverName } from '../../../test/helpers/kafka/driver-settings.ts';
import { batchesOf } from '../../corpus/record-batches.ts';
import { brokerAddresses } from '../../kafka-broker.ts';
import { Meter, latencies } from '../../measurement.ts';
import type { Measurement } from '../../measurement.ts';
import { SpoolPlace } from '../../spool-place.ts';
import { createSink, deliver } from './lane.ts';
import { withTopic } from './topic.ts';

export const RATE = 1000;
export const LINGER_MS = 10;
const STEP_MS = 5;
const WARM_UP_SECONDS = 3;
const BOUNDS = { maxEvents: 5000, maxBytes: 4 * 2 ** 20, lingerMs: LINGER_MS };

/** Offers events at `RATE`, each with a number of its own, and notes how long each takes. */
class Paced {
  readonly waitsUs: number[] = [];
  readonly #spool: Spool;
  readonly #records = batchesOf({ perBatch: 1 }).flatMap(({ items }) => items);
  readonly #offeredMs = new Map<number, number>();
  #given = 0;

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
    const [beganMs, before] = [performance.now(), this.#given];
    for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - beganMs) {
      this.#offerUpTo(before + Math.floor((elapsedMs * RATE) / 1000));
      await sleep(STEP_MS);
    }
    return this.#given - before;
  }

  #offerUpTo(due: number): void {
    const items: Encoded[] = [];
    for (; this.#given < due; this.#given += 1) {
      const sequence = this.#given + 1;
      items.push({ ...(this.#records[this.#given % this.#records.length] as Encoded), sequence });
      this.#offeredMs.set(sequence, performance.now());
    }
    if (items.length === 0) return;
    if (!this.#spool.offer({ items, bytes: items.reduce((sum, { bytes }) => sum + bytes.length, 0) })) throw new Error('the spool is full');
  }
}

/** What an event waits from when the disk queue takes it until all replicas have it, at `RATE` events a second. */
export function measureLatency(driver: DriverName, seconds: number): Promise<Measurement> {
  return withTopic(1, async (topic) => {
    const place = new SpoolPlace();
    try {
      const spool = await place.open();
      const events = new Paced(spool);
      const shape = { driver, compression: 'zstd', bootstrap: brokerAddresses().near, topic, spread: false } as const;
      const sink = createSink(shape, ({ items }) => events.acknowledged(items));
      await sink.open(new AbortController().signal);
      const delivered = deliver(spool, sink, BOUNDS);
      await events.offer(WARM_UP_SECONDS);
      const warm = events.waitsUs.length;
      const meter = new Meter();
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
  });
}
