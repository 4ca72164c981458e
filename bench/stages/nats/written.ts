import type { Sink } from '../../../src/core/component.ts';
import { batchesOf } from '../../corpus/record-batches.ts';
import { Numbered } from '../../lane/numbered.ts';
import { latencies } from '../../measurement.ts';
import type { Measurement, Meter } from '../../measurement.ts';
import { boundsOf } from './create-sink.ts';
import { withDestination } from './destination.ts';
import { RECORD_BYTES, countedSink } from './load.ts';
import type { Load } from './load.ts';
import { ServedMeter } from './server-cpu.ts';

/** Until code is compiled, and the connection is there. */
const WARM_UP_SECONDS = 1.5;
const never = new AbortController().signal;

/** The sink by itself, which is given batches as fast as it takes them; making their events, as new ones come from an encoder, is part of it. */
export function measureWrites(load: Load, seconds: number): Promise<Measurement> {
  return withDestination(load.storage, async (destination) => {
    const { sink, messages } = countedSink(load, destination);
    await sink.open(never);
    const source = new Numbered(batchesOf({ perBatch: boundsOf(load).maxEvents, bytes: RECORD_BYTES }));
    await write(sink, source, WARM_UP_SECONDS);
    const meter: Meter = new ServedMeter();
    const before = source.given;
    meter.start();
    const writesUs = await write(sink, source, seconds);
    meter.stop(source.given - before);
    await sink.close();
    const extra = { events: meter.events, missing: messages() - (await destination.arrived()) };
    return { ...meter.result(extra), ...latencies(writesUs) };
  });
}

/** For so long, as many at once as the sink takes; what each write took. */
async function write(sink: Sink, source: Numbered, seconds: number): Promise<number[]> {
  const untilMs = performance.now() + seconds * 1000;
  const writesUs: number[] = [];
  const one = async (): Promise<void> => {
    for (let beganMs = performance.now(); beganMs < untilMs; beganMs = performance.now()) {
      await sink.write(source.next(), never);
      writesUs.push((performance.now() - beganMs) * 1000);
    }
  };
  await Promise.all(Array.from({ length: sink.maxInFlight }, one));
  return writesUs;
}
