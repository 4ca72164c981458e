import { describe, expect, it } from 'vitest';
import { latencies, percentile } from '../../../bench/measurement.ts';
import type { Measurement } from '../../../bench/measurement.ts';
import { spreadOf, table } from '../../../bench/report.ts';

const run = (eventsPerSecond: number, p99Us?: number): Measurement => ({
  eventsPerSecond,
  cpuUsPerEvent: 1,
  rssMiB: 100,
  extra: { 'B/event': 2 * eventsPerSecond },
  ...(p99Us === undefined ? {} : { p99Us }),
});
const rate = ({ eventsPerSecond }: Measurement): number | undefined => eventsPerSecond;

describe('a spread', () => {
  it('is the median with the extremes, whatever the order of the runs', () => {
    expect(spreadOf([run(30), run(100), run(20)], rate)).toEqual({ median: 30, min: 20, max: 100 });
    expect(spreadOf([run(10), run(20)], rate)).toEqual({ median: 15, min: 10, max: 20 });
  });

  it('is absent where no run has the figure', () => {
    expect(spreadOf([run(1)], ({ p99Us }) => p99Us)).toBeUndefined();
    expect(spreadOf([], rate)).toBeUndefined();
  });
});

describe('percentiles', () => {
  it('are samples by nearest rank', () => {
    const samples = Array.from({ length: 200 }, (_, i) => i + 1);
    expect([1, 50, 99, 100].map((p) => percentile(samples, p))).toEqual([2, 100, 198, 200]);
    expect(percentile([7], 99)).toBe(7);
  });

  it('sort latencies by value and are absent without samples', () => {
    expect(latencies([100, 9, 20])).toEqual({ p50Us: 20, p99Us: 100 });
    expect(latencies([])).toEqual({});
  });
});

describe('the table', () => {
  it('has a line for every case, failed ones with the reason', () => {
    const lines = table([
      { stage: 'encode', name: 'avro', runs: [run(123_456), run(100_000), run(200_000)] },
      { stage: 'ingest', name: 'source', runs: [], error: 'Error: no such thing' },
    ]).split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^encode {2}avro .*123,456 \[100,000–200,000\].* 1 \[1–1\] .*B\/event 246,912$/);
    expect(lines[2]).toMatch(/^ingest {2}source .*failed: Error: no such thing$/);
  });

  it('compares a case with that of another client, where both have figures', () => {
    const peer = { stage: 'nats', name: 'Go', runs: [{ ...run(100_000), cpuUsPerEvent: 4 }] } as const;
    const ours = { stage: 'nats', name: 'ours', peer: 'Go', runs: [run(150_000)] } as const;
    expect(table([ours, peer])).toContain('B/event 300,000, events/s 1.5 times and CPU 0.25 times that of Go');
    expect(table([ours, { ...peer, runs: [], error: 'no Go' }])).not.toContain('times');
    expect(table([ours, { ...peer, stage: 'kafka' }])).not.toContain('times');
  });
});
