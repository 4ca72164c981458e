import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Heard } from '../../../../src/core/kernel-event.ts';
import { ReplaySource } from '../../../../src/ingest/replay/source.ts';
import type { RecordingEnd } from '../../../../src/ingest/recording/end.ts';
import type { TornEnd } from '../../../../src/ingest/recording/reader.ts';
import { framesOf } from '../../../helpers/frame-encoder.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { END, HEADER, synthetic, writeRecording } from '../recording/fixtures.ts';
import type { RecordingParts } from '../recording/fixtures.ts';

const never = new AbortController().signal;
const { heard, frames, header } = synthetic(3000, { slots: 1 });

interface Replayed {
  readonly batches: (readonly Heard[])[];
  readonly source: ReplaySource;
  readonly torn: (TornEnd | RecordingEnd)[];
}

async function replayed(path: string, speed = 0): Promise<Replayed> {
  const torn: (TornEnd | RecordingEnd)[] = [];
  const source = new ReplaySource({ path, speed }, { onTorn: (end) => torn.push(end) });
  await source.open(never);
  const batches: (readonly Heard[])[] = [];
  for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never)) batches.push(batch.items);
  await source.close();
  return { batches, source, torn };
}

const write = (parts: RecordingParts = {}): Promise<string> => writeRecording(frames, { header, ...parts });

describe('a replay', () => {
  it('hears what was recorded', async () => {
    const { batches, source, torn } = await replayed(await write());
    const withoutTimes = (items: readonly Heard[]) => items.map((item) => ('fromTimeUs' in item ? { ...item, fromTimeUs: 0 } : item));
    expect(withoutTimes(batches.flat())).toEqual(withoutTimes(heard));
    expect(torn).toEqual([]);
    const { foreign, malformed, overruns } = END;
    expect(source.counts).toMatchObject({ heard: 3000, lost: 0, foreign, malformed, overruns });
  });

  it('makes the same batches however the file is cut into sections', async () => {
    const lengths = async (perSection: number) => (await replayed(await write({ perSection }))).batches.map((items) => items.length);
    const some = await lengths(1);
    expect(await lengths(7)).toEqual(some);
    expect(await lengths(100_000)).toEqual(some);
    expect(some.length).toBeGreaterThan(5);
  });

  it('makes batches of a quarter of a second, or of five hundred events', async () => {
    const { batches } = await replayed(await write());
    for (const items of batches) {
      const [first, last] = [items[0] as Heard, items.at(-1) as Heard];
      // The recorder received each event up to 320 µs after it happened.
      expect(last.monotonicNs - first.monotonicNs).toBeLessThan(251e6);
    }
    // So dense, and without captures, that nothing but the number of events ends a batch.
    const dense = synthetic(3000, { stepNs: 10_000 }).heard.filter((item) => item.kind === 'FORK' || item.kind === 'EXIT');
    const path = await writeRecording(framesOf(dense, { wallUs: 0, slots: 32 }), { header });
    expect((await replayed(path)).batches.map((items) => items.length)).toEqual([512, 512, 512, dense.length - 3 * 512]);
  });

  it('says what it is, and that arguments were masked', async () => {
    const { source } = await replayed(await write({ redact: true }));
    expect(source.describe()).toEqual({
      sources: ['replay', 'proc_connector'],
      degraded: [...HEADER.degraded, { feature: 'args', reason: 'arguments were replaced by marks when this was recorded' }],
      lossWindows: HEADER.loss_windows,
    });
  });

  it('hears what is whole of a recording that was cut, and tells', async () => {
    const path = join(await tempDir(), 'cut.fcrec');
    await writeFile(path, (await readFile(await write())).subarray(0, -400));
    const { batches, torn } = await replayed(path);
    expect(batches.flat()).toHaveLength(heard.length - 2);
    expect(torn).toEqual([{ what: 'torn', at: expect.any(Number) as number, bytes: expect.any(Number) as number }]);
  });

  it('tells when the recorder had to stop', async () => {
    const { torn } = await replayed(await write({ end: { ...END, complete: false, reason: 'disk full' } }));
    expect(torn).toMatchObject([{ complete: false, reason: 'disk full' }]);
  });

  it('hands out what comes before damage, and fails then, naming the file and the place', async () => {
    const path = await write();
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 0xff;
    await writeFile(path, bytes);
    const source = new ReplaySource({ path, speed: 0 }, { onTorn: () => undefined });
    await source.open(never);
    const items: Heard[] = [];
    const reading = (async () => {
      for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never)) items.push(...batch.items);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'FILE_CORRUPT', context: { path, at: expect.any(Number) as number } });
    expect(items.length).toBeGreaterThan(100);
    expect(source.counts.heard).toBe(items.filter((item) => 'kernelSeq' in item).length);
    await expect(source.read(never)).rejects.toMatchObject({ code: 'FILE_CORRUPT' });
    await source.close();
  });

  it.each([
    ['no such file', 'FILE_NOT_FOUND', async () => join(await tempDir(), 'none')],
    ['a folder', 'FILE_IO', () => tempDir()],
    ['another file', 'FILE_CORRUPT', () => Promise.resolve(import.meta.filename)],
  ])('of %s is refused: %s', async (_what, code, path) => {
    const source = new ReplaySource({ path: await path(), speed: 0 }, { onTorn: () => undefined });
    await expect(source.open(never)).rejects.toMatchObject({ code, fix: expect.any(String) as string });
    await source.close();
  });
});

describe('the pace of a replay', () => {
  afterEach(() => vi.useRealTimers());

  /** Milliseconds after opening at which the last event came, by a clock that moves only where somebody waits for it. */
  async function duration(speed: number): Promise<number> {
    const path = await write();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const source = new ReplaySource({ path, speed }, { onTorn: () => undefined });
    await source.open(never);
    const openedMs = performance.now();
    let lastMs = -1;
    const state = { over: false };
    const reading = (async () => {
      while ((await source.read(never)) !== undefined) lastMs = performance.now() - openedMs;
      state.over = true;
    })();
    while (!state.over) {
      // Files are read in real time.
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      if (vi.getTimerCount() > 0) await vi.advanceTimersByTimeAsync(1);
    }
    await reading;
    await source.close();
    vi.useRealTimers();
    return lastMs;
  }

  const recordedMs = ((heard.at(-1) as Heard).monotonicNs - header.started.monotonic_ns) / 1e6;

  it.each([1, 20])('is that of the recording, times %i', async (speed) => {
    const ms = await duration(speed);
    // Timers have whole milliseconds.
    expect(ms).toBeGreaterThan(recordedMs / speed - 1);
    expect(ms).toBeLessThan(recordedMs / speed + 10);
  });

  it('is none at all when there is no waiting', async () => {
    expect(await duration(0)).toBe(0);
  });
});
