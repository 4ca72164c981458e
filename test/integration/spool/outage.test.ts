import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DISK_QUEUE } from '../../../src/config/schema.ts';
import { parseSize } from '../../../src/core/units.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';

const run = promisify(execFile);

interface Said {
  readonly accepted: number;
  readonly refused: number;
  readonly encodedBytes: number;
  readonly depth: { readonly events: number; readonly bytes: number };
  readonly told: readonly string[];
  readonly peakMiB: number;
}

const BUDGET = parseSize(DISK_QUEUE.max_size.default);
const OUTAGE_EVENTS = 10 * 60 * 5000;
/** At about 118 bytes of file an event: 50 MB and 500 MB. */
const SMALL_EVENTS = 425_000;
const LARGE_EVENTS = 4_300_000;
const READ_EVENTS = 200_000;
/**
 * The same process twice differs by half as much on a busy machine, for the garbage is collected when the engine sees fit; a quarter of what is on the disk would
 * be more.
 */
const NOISE_MIB = 110;

describe('Spool in a long outage', () => {
  let folder: { path: string; remove(): Promise<void> };
  let small: readonly Said[];
  let large: readonly Said[];

  async function inProcess(spool: string, ...args: readonly string[]): Promise<Said[]> {
    const script = join(import.meta.dirname, 'outage-run.ts');
    const { stdout } = await run(process.execPath, [script, '--folder', join(folder.path, spool), '--budget', String(BUDGET), ...args]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Said);
  }

  beforeAll(async () => {
    folder = await makeTempDir();
    small = await inProcess('small', '--append', String(SMALL_EVENTS));
    large = await inProcess('large', '--append', String(OUTAGE_EVENTS), '--append', String(LARGE_EVENTS - OUTAGE_EVENTS));
  });
  afterAll(() => folder.remove());

  it('holds ten minutes of 5,000 events/s within its default budget, and drops none', () => {
    const outage = large[0]!;
    expect(outage).toMatchObject({ accepted: OUTAGE_EVENTS, refused: 0, told: [], depth: { events: OUTAGE_EVENTS } });
    expect(outage.depth.bytes).toBeLessThan(BUDGET);
    // Events of the live size: smaller ones would prove nothing.
    expect(outage.encodedBytes / outage.accepted).toBeGreaterThan(400);
  });

  it('takes no more of the disk than it says', () => {
    const path = join(folder.path, 'large');
    const onDisk = readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0);
    const { bytes } = large[1]!.depth;
    expect(Math.abs(onDisk - bytes)).toBeLessThan(1 << 20);
    expect(onDisk).toBeLessThan(BUDGET);
  });

  it('takes no more memory for 500 MB of files than for 50', async () => {
    const [before, after] = [small[0]!, large[1]!];
    expect([before.depth.bytes, after.depth.bytes].map((bytes) => Math.round(bytes / 1e7))).toEqual([5, 51]);
    expect(after.peakMiB - before.peakMiB).toBeLessThan(NOISE_MIB);
    const [few] = await inProcess('small', '--read', String(READ_EVENTS));
    const [many] = await inProcess('large', '--read', String(READ_EVENTS));
    expect(many!.depth.events).toBe(LARGE_EVENTS - READ_EVENTS);
    expect(many!.peakMiB - few!.peakMiB).toBeLessThan(NOISE_MIB);
  });
});
