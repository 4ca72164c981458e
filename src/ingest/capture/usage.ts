/*
 * What a process used from its fork to its exit, eight f64 in a row as an aux record of EXIT can carry them:
 *    0 user µs · 8 system µs · 16 resolution of these two, µs · 24 greatest resident size, KiB · 32 bytes read · 40 bytes written ·
 *   48 voluntary switches · 56 involuntary ones
 */
import type { RecordView } from './bpf/record.ts';
import type { Usage } from '../../core/event.ts';
import { Exit } from './bpf/layout.ts';

export const USAGE_BYTES = 64;

/** Units of this machine's kernel. */
export interface KernelUnits {
  readonly pageBytes: number;
  /** Between two ticks: what user and system time are told apart by. */
  readonly tickNs: number;
}

/** Writes it at `at`, 8-byte aligned. */
export function writeUsage(floats: Float64Array, at: number, { exit, units }: { exit: RecordView; units: KernelUnits }): void {
  const f = at / 8;
  const totalUs = Math.floor(exit.u64(Exit.TOTAL) / 1000);
  const systemUs = systemPart(exit, totalUs);
  floats[f] = totalUs - systemUs;
  floats[f + 1] = systemUs;
  floats[f + 2] = Math.ceil(units.tickNs / 1000);
  floats[f + 3] = (exit.u64(Exit.MAX_PAGES) * units.pageBytes) / 1024;
  floats[f + 4] = exit.u64(Exit.READ_BYTES);
  floats[f + 5] = exit.u64(Exit.WRITE_BYTES);
  floats[f + 6] = exit.u64(Exit.VOLUNTARY);
  floats[f + 7] = exit.u64(Exit.INVOLUNTARY);
}

/** Ten days at 10 GB/s are more bytes than a number counts exactly: it stays at the greatest that it does. */
export function readUsage(floats: Float64Array, at: number): Usage {
  const f = at / 8;
  return {
    user_us: floats[f] as number,
    system_us: floats[f + 1] as number,
    resolution_us: floats[f + 2] as number,
    max_rss_kib: floats[f + 3] as number,
    read_bytes: Math.min(floats[f + 4] as number, Number.MAX_SAFE_INTEGER),
    write_bytes: Math.min(floats[f + 5] as number, Number.MAX_SAFE_INTEGER),
    voluntary_switches: floats[f + 6] as number,
    involuntary_switches: floats[f + 7] as number,
  };
}

/** As cputime_adjust() of the kernel divides the exact sum: by ticks, and without any of them all is the user's. */
function systemPart(exit: RecordView, totalUs: number): number {
  const system = exit.u64(Exit.SYSTEM);
  return system === 0 ? 0 : Math.round((totalUs * system) / (system + exit.u64(Exit.USER)));
}
