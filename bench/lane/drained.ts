import type { Sink } from '../../src/core/component.ts';
import type { BatchBounds } from '../../src/pipeline/delivery/policy.ts';
import type { Spool } from '../../src/queue/spool/spool.ts';
import { batchesOf } from '../corpus/record-batches.ts';
import { latencies } from '../measurement.ts';
import type { Measurement, Meter } from '../measurement.ts';
import { SpoolPlace } from '../spool-place.ts';
import { deliver, observed } from './deliver.ts';
import { Numbered } from './numbered.ts';

/** As the source reads them at full speed. */
const PER_BATCH = 512;
/** Events that are delivered before it counts: code is compiled, connections are there. */
const WARM_EVENTS = 300_000;
/** So many wait at most for the disk while the spool is filled: they would count as memory of whoever delivers them. */
const UNSYNCED_EVENTS = 100_000;

export interface Drain {
  /** Not opened yet. */
  readonly sink: Sink;
  readonly bounds: BatchBounds;
  /** Of a record; undefined: as encoded. */
  readonly bytes: number | undefined;
  /** What is to be delivered while it counts. */
  readonly events: number;
  readonly meter: Meter;
  /** How much of so many events has not arrived. */
  readonly missing: (offered: number) => Promise<number>;
}

/** From the disk spool, which is full, until the other side has it all. */
export async function measureDrain(drain: Drain): Promise<Measurement> {
  const { bytes, events, meter, missing } = drain;
  const place = new SpoolPlace();
  try {
    const spool = await place.open();
    const batches = batchesOf({ perBatch: PER_BATCH, ...(bytes === undefined ? {} : { bytes }) });
    const offered = await fill(spool, new Numbered(batches), WARM_EVENTS + events);
    const writesUs = await empty(spool, drain);
    await spool.close();
    const [size, count] = batches.reduce(([all, of], batch) => [all + batch.bytes, of + batch.items.length], [0, 0]);
    const extra = { 'B/event': size / count, events: meter.events, missing: await missing(offered) };
    return { ...meter.result(extra), ...latencies(writesUs) };
  } finally {
    place.remove();
  }
}

async function fill(spool: Spool, source: Numbered, events: number): Promise<number> {
  for (let synced = 0; source.given < events;) {
    if (!spool.offer(source.next())) throw new Error('the spool is full');
    if (source.given - synced < UNSYNCED_EVENTS) continue;
    await spool.synced();
    synced = source.given;
  }
  await spool.synced();
  return source.given;
}

/** What each write took once all was warm. */
async function empty(spool: Spool, { sink: inner, bounds, meter }: Drain): Promise<number[]> {
  const writesUs: number[] = [];
  let [acknowledged, warm] = [0, 0];
  const sink = observed(inner, ({ items }, tookUs) => {
    acknowledged += items.length;
    if (warm > 0) writesUs.push(tookUs);
    if (warm > 0 || acknowledged < WARM_EVENTS) return;
    warm = acknowledged;
    meter.start();
  });
  await sink.open(new AbortController().signal);
  spool.end();
  await deliver(spool, sink, bounds);
  meter.stop(acknowledged - warm);
  await sink.close();
  return writesUs;
}
