import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { failingDisk } from '../../../contract/failing-disk.ts';
import { SinkFolder } from '../../../contract/file-sink-fixture.ts';
import type { Overrides } from '../../../contract/file-sink-fixture.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';

const never = new AbortController().signal;
const at = (record: Encoded, timeUs: number): Encoded => ({ ...record, timeUs });

/** Both streams, batches of one record and of many, one record larger than a block. */
const BATCHES: readonly Batch<Encoded>[] = [
  batchOf(record(1, 100, 'agent')),
  ...Array.from({ length: 40 }, (_, i) => batch(100 * i + 2, 100 * i + 99, 500)),
  batchOf(record(5000), record(5001, 90, 'agent'), record(5002, 300_000), record(5003)),
  batchOf(record(5004, 100, 'agent')),
];

describe('FileSink where files are to be reproducible', () => {
  let folders: SinkFolder[];
  beforeEach(() => {
    folders = [];
  });
  afterEach(() => Promise.all(folders.map((folder) => folder.remove())));

  /** What the files are called and hold. */
  async function files(
    overrides: Overrides,
    pace: (i: number) => Promise<unknown> = () => Promise.resolve(),
    batches = BATCHES,
  ): Promise<Record<string, string>> {
    const folder = await SinkFolder.make();
    folders.push(folder);
    const sink = folder.sink({ reproducible: true, ...overrides });
    await sink.open(never);
    const writing = new Set<Promise<void>>();
    for (const [i, one] of batches.entries()) {
      await pace(i);
      while (writing.size >= sink.maxInFlight) await Promise.race(writing);
      const write = retried(() => sink.write(one, never)).finally(() => writing.delete(write));
      writing.add(write);
    }
    sink.drain();
    await Promise.all(writing);
    await sink.close();
    const names = await folder.names();
    const entries = names.map(async (name) => [name, digest(await readFile(join(folder.path, name)))] as const);
    return Object.fromEntries(await Promise.all(entries));
  }

  const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

  async function retried(write: () => Promise<void>): Promise<void> {
    const written = await write().then(
      () => true,
      () => false,
    );
    if (!written) await retried(write);
  }

  it('writes the same bytes under the same names whatever the time and the pace', async () => {
    const config = { rotateMaxBytes: 600_000 };
    const clock = { nowUs: () => 4e15, monotonicNs: () => 0 };
    const some = await files({ config });
    expect(Object.keys(some).length).toBeGreaterThan(4);
    expect(await files({ config, clock }, (i) => (i % 3 === 0 ? sleep(5) : immediate()))).toEqual(some);
    // Lingering, too, is a matter of time.
    expect(await files({ config: { ...config, lingerMs: 50 } })).toEqual(some);
  });

  it('writes the same bytes where the disk was full now and then', async () => {
    const config = { rotateMaxBytes: 600_000 };
    let writes = 0;
    const openFile = failingDisk((operation) => (operation === 'write' && (writes += 1) % 7 === 5 ? 'ENOSPC' : undefined));
    expect(await files({ config, openFile })).toEqual(await files({ config }));
  });

  it('begins a new file by the time of its records', async () => {
    const hours = [0, 0.4, 0.99, 1.01, 1.9, 2.5].map((hour, i) => batchOf(at(record(i + 1), Date.UTC(2026, 0, 1) * 1000 + hour * 3.6e9)));
    const names = Object.keys(await files({ config: { rotateMaxAgeMs: 3_600_000 } }, undefined, hours));
    expect(names).toEqual([
      'process-20260101T000000Z-0f1e2d3c-000001.plain',
      'process-20260101T010036Z-0f1e2d3c-000002.plain',
      'process-20260101T023000Z-0f1e2d3c-000003.plain',
    ]);
    expect(await folders[0]?.sequences()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('lets no file grow old by another time than that of its records', async () => {
    const pause = (): Promise<void> => sleep(15);
    expect(Object.keys(await files({ config: { rotateMaxAgeMs: 10 } }, pause, BATCHES.slice(1, 4)))).toHaveLength(1);
  });

  it('has markers that tell its files apart; those of other files cannot be guessed', async () => {
    const markers = async (reproducible: boolean): Promise<string[]> => {
      await files({ config: { rotateMaxBytes: 600_000 }, reproducible });
      const folder = folders.at(-1) as SinkFolder;
      return Promise.all(
        (await folder.names()).map(async (name) => (await readFile(join(folder.path, name))).subarray(-16).toString('hex')),
      );
    };
    const derived = await markers(true);
    expect(new Set(derived).size).toBe(derived.length);
    const random = await markers(false);
    expect(random.filter((marker) => derived.includes(marker))).toEqual([]);
    expect(await markers(false)).not.toEqual(random);
  });
});
