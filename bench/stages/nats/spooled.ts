import { measureDrain } from '../../lane/drained.ts';
import { measurePaced } from '../../lane/paced.ts';
import type { Measurement } from '../../measurement.ts';
import { boundsOf } from './create-sink.ts';
import { withDestination } from './destination.ts';
import { RECORD_BYTES, countedSink, expectedRate } from './load.ts';
import type { Load } from './load.ts';
import { ServedMeter } from './server-cpu.ts';

/** From the disk spool, which is full, until the server has it all. */
export function measureSpooled(load: Load, seconds: number): Promise<Measurement> {
  return withDestination(load.storage, (destination) => {
    const { sink, messages } = countedSink(load, destination);
    return measureDrain({
      sink,
      bounds: boundsOf(load),
      bytes: RECORD_BYTES,
      events: seconds * expectedRate(load),
      meter: new ServedMeter(),
      missing: async () => messages() - (await destination.arrived()),
    });
  });
}

/** What an event waits at a quiet pace. */
export function measureWaits(load: Load, seconds: number): Promise<Measurement> {
  return withDestination(load.storage, (destination) =>
    measurePaced({ sink: countedSink(load, destination).sink, bounds: boundsOf(load), meter: new ServedMeter() }, seconds),
  );
}
