import { setTimeout as sleep } from 'node:timers/promises';
import { ProcConnectorSource } from '../../src/ingest/proc-connector/source.ts';
import { startKernelTotal } from '../../test/helpers/kernel-total.ts';
import { waitFor } from '../../test/helpers/wait-for.ts';
import { latencies } from '../measurement.ts';
import type { BenchCase, Measurement } from '../measurement.ts';
import { runStorm } from '../storm/storm.ts';
import type { StormOptions, StormReport } from '../storm/storm.ts';
import { HeardCount } from './heard-count.ts';

type Storm = Omit<StormOptions, 'seconds'>;

const RECEIVE_BUFFER_BYTES = 64 << 20;
const MAX_ARGS_BYTES = 32 << 10;

export const ingestCases: readonly BenchCase[] = [
  { stage: 'ingest', name: 'source, quiet', measure: (seconds) => measureSource(seconds) },
  sourceCase('source, 10,000/s fork+exit', { mode: 'fork', rate: 10_000 }),
  sourceCase('source, 50,000/s fork+exit', { mode: 'fork', rate: 50_000, workers: 2 }),
  sourceCase('source, full speed fork+exit', { mode: 'fork', workers: 2 }),
  sourceCase('source, 3,000/s fork+exec+exit', { mode: 'exec', rate: 3000 }),
  sourceCase('source, full speed fork+exec+exit', { mode: 'exec', workers: 2, inFlight: 4 }),
];

function sourceCase(name: string, storm: Storm): BenchCase {
  return { stage: 'ingest', name, measure: (seconds) => measureSource(seconds, storm) };
}

/** The source alone, in this process, beside a storm; the kernel's own numbering says what there was to hear. */
async function measureSource(seconds: number, storm?: Storm): Promise<Measurement> {
  const source = new ProcConnectorSource({ receiveBufferBytes: RECEIVE_BUFFER_BYTES, maxArgsBytes: MAX_ARGS_BYTES });
  await source.open(AbortSignal.timeout(10_000));
  try {
    const oracle = await startKernelTotal();
    const count = new HeardCount(oracle.pid);
    const reading = readAll(source, count);
    try {
      await source.selfTest();
      await oracle.mark(); // the start of the window in the stream
      const cpu = process.cpuUsage();
      const report = await stormOrSilence(seconds, storm);
      const { total } = await oracle.mark();
      await waitFor(() => count.isComplete, { what: 'the source to hand out the last event', timeoutMs: 20_000 });
      const { user, system } = process.cpuUsage(cpu);
      return toMeasurement(count, { total, cpuUs: user + system, seconds: report?.seconds ?? seconds }, report);
    } finally {
      await oracle.close();
      await source.close();
      await reading;
    }
  } finally {
    await source.close();
  }
}

async function stormOrSilence(seconds: number, storm: Storm | undefined): Promise<StormReport | undefined> {
  if (storm) return runStorm({ ...storm, seconds, tag: 'bench' });
  await sleep(seconds * 1000);
  return undefined;
}

async function readAll(source: ProcConnectorSource, count: HeardCount): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const batch = await source.read(signal);
    if (batch === undefined) return;
    count.take(batch.items, Number(process.hrtime.bigint()));
  }
}

interface Window {
  /** All that the kernel numbered. */
  readonly total: number;
  readonly cpuUs: number;
  readonly seconds: number;
}

function toMeasurement(count: HeardCount, { total, cpuUs, seconds }: Window, report: StormReport | undefined): Measurement {
  const { heard, lost, samplesUs } = count;
  const storm = report ? { 'storm ev/s': report.achievedRate } : { '% of a core': cpuUs / seconds / 1e4 };
  return {
    eventsPerSecond: heard / seconds,
    cpuUsPerEvent: cpuUs / heard,
    rssMiB: process.resourceUsage().maxRSS / 1024,
    ...latencies(samplesUs),
    extra: { ...storm, lost, unaccounted: total - heard - lost },
  };
}
