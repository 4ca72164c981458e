import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { nodeFs } from '../../src/queue/spool/node-fs.ts';
import type { Spool } from '../../src/queue/spool/spool.ts';
import { batchesOf } from '../corpus/record-batches.ts';
import type { RecordShape } from '../corpus/record-batches.ts';
import { SpoolPlace } from '../spool-place.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';

const never = new AbortController().signal;
/** As the source reads them at full speed, and at 5,000 events/s each 5 ms. */
const FULL_BATCH = 512;
const SMALL_BATCH = 25;
const ROOM_BYTES = 2 ** 30;
const RECORD_BYTES = 215;
/** Events/s of the outage for which a GiB of spool is said to be enough. */
const OUTAGE_RATE = 5000;

interface Shape extends RecordShape {
  readonly name: string;
}

const SHAPES: readonly Shape[] = [
  { name: `${RECORD_BYTES} B, ${FULL_BATCH} a batch`, perBatch: FULL_BATCH, bytes: RECORD_BYTES },
  { name: `live size, ${FULL_BATCH} a batch`, perBatch: FULL_BATCH },
  { name: `${RECORD_BYTES} B, ${SMALL_BATCH} a batch`, perBatch: SMALL_BATCH, bytes: RECORD_BYTES },
  { name: `live size, ${SMALL_BATCH} a batch`, perBatch: SMALL_BATCH },
];

export const spoolCases: readonly BenchCase[] = [
  ...SHAPES.map((shape) => spoolCase(`append ${shape.name}`, (seconds) => measureAppend(shape, seconds))),
  ...SHAPES.map((shape) => spoolCase(`read ${shape.name}`, (seconds) => measureRead(shape, seconds))),
  ...SHAPES.map((shape) => spoolCase(`pass ${shape.name}`, (seconds) => measurePass(shape, seconds))),
  spoolCase('recover 1 GiB', () => measureRecovery()),
];

function spoolCase(name: string, measure: (seconds: number) => Promise<Measurement>): BenchCase {
  return { stage: 'spool', name, measure };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Appends until the time or the room is over; the queue is read by nobody, as in an outage. */
async function fill(spool: Spool, batches: readonly Batch<Encoded>[], seconds: number): Promise<Meter> {
  const meter = new Meter();
  meter.start();
  let events = 0;
  const until = performance.now() + seconds * 1000;
  for (let i = 0; performance.now() < until && spool.depth.bytes < ROOM_BYTES; i += 1) {
    const batch = batches[i % batches.length] as Batch<Encoded>;
    if (!spool.offer(batch)) throw new Error('the spool is full');
    events += batch.items.length;
    if (i % 8 === 0) await turn();
  }
  await spool.synced();
  meter.stop(events);
  return meter;
}

async function empty(spool: Spool, meter: Meter): Promise<void> {
  meter.start();
  let events = 0;
  spool.end();
  for (let next = await spool.pull(never); next !== undefined; next = await spool.pull(never)) {
    events += next.batch.items.length;
    next.done('delivered');
  }
  meter.stop(events);
}

async function measureAppend(shape: Shape, seconds: number): Promise<Measurement> {
  const place = new SpoolPlace();
  try {
    const batches = batchesOf(shape);
    const spool = await place.open();
    await fill(spool, batches, 0.5);
    const before = spool.depth.bytes;
    const meter = await fill(spool, batches, seconds);
    const stored = spool.depth.bytes - before;
    await spool.close();
    return meter.result(figures(batches, meter, stored));
  } finally {
    place.remove();
  }
}

function figures(batches: readonly Batch<Encoded>[], meter: Meter, stored?: number): Record<string, number> {
  let [bytes, events] = [0, 0];
  for (const batch of batches) {
    bytes += batch.bytes;
    events += batch.items.length;
  }
  const perEvent = bytes / events;
  const megabytes = (meter.events * perEvent) / meter.seconds / 1e6;
  if (stored === undefined) return { 'MB/s': megabytes, 'B/event': perEvent };
  const storedPerEvent = stored / meter.events;
  return {
    'MB/s': megabytes,
    'B/event': perEvent,
    'stored B/event': storedPerEvent,
    'min/GiB': 2 ** 30 / storedPerEvent / OUTAGE_RATE / 60,
  };
}

async function measureRead(shape: Shape, seconds: number): Promise<Measurement> {
  const place = new SpoolPlace();
  try {
    const batches = batchesOf(shape);
    const writing = await place.open();
    await fill(writing, batches, seconds);
    await writing.close();
    const spool = await place.open();
    const meter = new Meter();
    await empty(spool, meter);
    await spool.close();
    return meter.result(figures(batches, meter));
  } finally {
    place.remove();
  }
}

/** Appended and delivered right behind, as with a sink that is well. */
async function measurePass(shape: Shape, seconds: number): Promise<Measurement> {
  const place = new SpoolPlace();
  try {
    const batches = batchesOf(shape);
    const spool = await place.open();
    const meter = new Meter();
    const until = performance.now() + seconds * 1000;
    meter.start();
    let events = 0;
    for (let i = 0; performance.now() < until; i += 1) {
      const batch = batches[i % batches.length] as Batch<Encoded>;
      spool.offer(batch);
      (await spool.pull(never))?.done('delivered');
      events += batch.items.length;
    }
    meter.stop(events);
    await spool.close();
    return meter.result(figures(batches, meter));
  } finally {
    place.remove();
  }
}

/** Opens 1 GiB whose every segment lacks its seal: what a start can find at worst. Events/s are those that were found again. */
async function measureRecovery(): Promise<Measurement> {
  const place = new SpoolPlace();
  try {
    const batches = batchesOf(SHAPES[0] as Shape);
    const writing = await place.open();
    await fill(writing, batches, 600);
    await writing.close();
    const folder = place.folder;
    for (const name of await readdir(folder)) if (name.endsWith('.seg')) cutSeal(join(folder, name));
    const meter = new Meter();
    meter.start();
    const spool = await place.open();
    meter.stop(spool.depth.events);
    const bytes = spool.depth.bytes;
    await spool.close();
    return meter.result({ MiB: bytes / 2 ** 20, seconds: meter.seconds });
  } finally {
    place.remove();
  }
}

function cutSeal(path: string): void {
  const file = nodeFs.open(path, 'update');
  nodeFs.truncate(file, statSync(path).size - 1);
  nodeFs.close(file);
}
