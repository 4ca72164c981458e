import { createEnrichBench } from '../corpus/enricher.ts';
import type { EnrichBench } from '../corpus/enricher.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import type { Heard } from '../../src/core/kernel-event.ts';
import { Meter } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';

const CYCLES_PER_BATCH = 700; // a ring batch of about 2,000 events
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
  for (let i = 0; i < WARM_UP_BATCHES; i++) enrichAll(bench, bench.host.next(CYCLES_PER_BATCH), take);
  const meter = new Meter();
  while (meter.seconds < seconds) {
    const heard = bench.host.next(CYCLES_PER_BATCH);
    meter.start();
    enrichAll(bench, heard, take);
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

function enrichAll({ enricher, sequencer }: EnrichBench, heard: readonly Heard[], take: Take): void {
  for (const one of heard) {
    const event = enricher.enrich(one);
    if (event !== undefined) take(sequencer.stamp(event));
  }
  const last = heard.at(-1);
  if (last && last.kind !== 'LOSS') enricher.sweep(last.monotonicNs);
}
