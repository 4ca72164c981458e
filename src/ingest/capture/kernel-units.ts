import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { gunzipSync } from 'node:zlib';
import { pageBytes } from '../native/page-size.ts';
import type { KernelUnits } from './usage.ts';

/** The slowest tick there is: what is said of the resolution is not better than it is. */
const SLOWEST_HZ = 100;

export function kernelUnits(): KernelUnits {
  return { pageBytes: pageBytes(), tickNs: Math.round(1e9 / ticksPerSecond(configuration())) };
}

/** From the kernel's own configuration, where it or the distribution shows it. */
function configuration(): string {
  const beside = `/boot/config-${release()}`;
  if (existsSync('/proc/config.gz')) return gunzipSync(readFileSync('/proc/config.gz')).toString('latin1');
  return existsSync(beside) ? readFileSync(beside, 'latin1') : '';
}

export function ticksPerSecond(config: string): number {
  const [, hz] = /^CONFIG_HZ=(\d+)$/m.exec(config) ?? [];
  return hz === undefined ? SLOWEST_HZ : Number(hz);
}
