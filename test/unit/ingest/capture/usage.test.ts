import { describe, expect, it } from 'vitest';
import { RecordView } from '../../../../src/ingest/capture/bpf/record.ts';
import { ticksPerSecond } from '../../../../src/ingest/capture/kernel-units.ts';
import { readUsage, USAGE_BYTES, writeUsage } from '../../../../src/ingest/capture/usage.ts';
import type { ExitNumbers } from '../../../helpers/bpf-records.ts';
import { exitRecord } from '../../../helpers/bpf-records.ts';

function usageOf(numbers: ExitNumbers): number[] {
  const bytes = new Uint8Array(exitRecord({ tgid: 1, stampNs: 1, numbers }));
  const exit = new RecordView();
  exit.bytes = Buffer.from(bytes.buffer);
  exit.words = new Uint32Array(bytes.buffer);
  const floats = new Float64Array(2 + USAGE_BYTES / 8);
  writeUsage(floats, 8, { exit, units: { pageBytes: 16_384, tickNs: 4e6 } });
  expect([floats[0], floats.at(-1)]).toEqual([0, 0]);
  return [...floats.subarray(1, 1 + USAGE_BYTES / 8)];
}

describe('what a process used', () => {
  it('is in the units of the event', () => {
    const counts = { MAX_PAGES: 10, READ_BYTES: 2 ** 40, WRITE_BYTES: 7, VOLUNTARY: 3, INVOLUNTARY: 4 };
    expect(usageOf({ TOTAL: 12_000_999, USER: 8e6, SYSTEM: 4e6, ...counts })).toEqual([8000, 4000, 4000, 160, 2 ** 40, 7, 3, 4]);
  });

  it('is divided by ticks, as exactly as it was measured as a whole', () => {
    const [user, system] = usageOf({ TOTAL: 10_000_000, USER: 4e6, SYSTEM: 12e6 });
    expect([user, system]).toEqual([2500, 7500]);
  });

  it('is not nothing for who lived between two ticks', () => {
    expect(usageOf({ TOTAL: 350_000 }).slice(0, 2)).toEqual([350, 0]);
    expect(usageOf({ TOTAL: 350_000, SYSTEM: 4e6 }).slice(0, 2)).toEqual([0, 350]);
  });
});

it('more bytes than a number counts exactly are the most that it does', () => {
  const floats = Float64Array.of(1, 2, 3, 4, 2 ** 60, 2 ** 53, 7, 8);
  expect(readUsage(floats, 0)).toMatchObject({ read_bytes: 2 ** 53 - 1, write_bytes: 2 ** 53 - 1, voluntary_switches: 7 });
});

describe('the tick of the kernel', () => {
  it('is that of its configuration, or the slowest there is', () => {
    expect(ticksPerSecond('CONFIG_HZ_250=y\nCONFIG_HZ=250\n')).toBe(250);
    expect(ticksPerSecond('')).toBe(100);
  });
});
