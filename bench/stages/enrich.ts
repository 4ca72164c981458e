import { createEnrichBench, nextEvents } from '../corpus/enricher.ts';
import type { EnrichBench } from '../corpus/enricher.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { Heard } from '../../src/core/kernel-event.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';

/** As of a full batch of the ring. */
const BATCH = 2000;
const WARM_UP_BATCHES = 40;

type Take = (event: AnyEvent) => void;

export const enrichCases: readonly BenchCase[] = [
  { stage: 'enrich', name: 'fork+exec+exit', measure: (seconds) => Promise.resolve(measure(seconds, () => undefined)) },
  { stage: 'enrich', name: 'fork+exec+exit, encoded as avro', measure: (seconds) => Promise.resolve(measure(seconds, encoding())) },
];

function encoding(): Take {
  const encoder = createAvroEncoder();
  return (event) => {
    encoder.encode(event);
  };
}

/** Making the input is not measured, its garbage in part is: the collector runs when it runs. */
function measure(seconds: number, take: Take): Measurement {
  const bench = createEnrichBench();
  const stamped: Take = (event) => take(bench.sequencer.stamp(event));
  for (let i = 0; i < WARM_UP_BATCHES; i++) enrichAll(bench, nextEvents(bench.host, BATCH), stamped);
  const meter = new Meter();
  while (meter.seconds < seconds) {
    const heard = nextEvents(bench.host, BATCH);
    meter.start();
    enrichAll(bench, heard, stamped);
    meter.stop(heard.length);
  }
  return meter.result(memoryOf(bench));
}

/** What remains when the collector has done all it can is the table, as the process really pays for it. */
function memoryOf({ enricher }: EnrichBench): Record<string, number> {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const { entries, bytes } = enricher.table;
  return { entries, 'table MiB, estimated': bytes / 2 ** 20, 'heap MiB after GC': (heapUsed + external) / 2 ** 20 };
}

function enrichAll({ enricher }: EnrichBench, heard: readonly Heard[], take: Take): void {
  for (const one of heard) enricher.enrich(one, take);
}
