import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SinkFolder, AGENT_ID } from '../../../contract/file-sink-fixture.ts';
import { readPlain } from '../../../contract/plain-container.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { stateOf, until } from '../../../contract/waiting.ts';

const never = new AbortController().signal;
const HOUR = 3_600_000;
const clock = { nowUs: () => Date.UTC(2026, 0, 31, 23, 59, 59, 123) * 1000, monotonicNs: () => 0 };

describe('FileSink', () => {
  let folder: SinkFolder;
  beforeEach(async () => {
    folder = await SinkFolder.make();
  });
  afterEach(() => folder.remove());

  it('names files by stream, time, agent and counter, and says in them what they are', async () => {
    const sink = folder.sink({ clock });
    await sink.open(never);
    await sink.write(batchOf(record(7), record(8, 16, 'agent')), never);
    expect(await folder.names()).toEqual([
      'agent-20260131T235959Z-0f1e2d3c-000001.plain.open',
      'process-20260131T235959Z-0f1e2d3c-000001.plain.open',
    ]);
    expect(sink.files.map((path) => path.replace(folder.path, ''))).toEqual([
      '/process-20260131T235959Z-0f1e2d3c-000001.plain.open',
      '/agent-20260131T235959Z-0f1e2d3c-000001.plain.open',
    ]);
    await sink.close();
    expect(await folder.names()).toEqual([
      'agent-20260131T235959Z-0f1e2d3c-000001.plain',
      'process-20260131T235959Z-0f1e2d3c-000001.plain',
    ]);
    expect((await folder.files()).map((file) => file.meta)).toEqual([
      { agent_id: AGENT_ID, first_sequence: '8', created: '2026-01-31T23:59:59.123Z' },
      { agent_id: AGENT_ID, first_sequence: '7', created: '2026-01-31T23:59:59.123Z' },
    ]);
  });

  it('names the first sequence even where a checkpoint, which has none, comes first', async () => {
    const sink = folder.sink();
    await sink.open(never);
    await sink.write(batchOf(record(0, 16, 'agent'), record(5, 16, 'agent')), never);
    await sink.close();
    expect((await folder.files())[0]?.meta['first_sequence']).toBe('5');
  });

  it('makes no file before there is a record', async () => {
    const sink = folder.sink();
    await sink.open(never);
    expect(await folder.names()).toEqual([]);
    await sink.close();
    expect(await folder.names()).toEqual([]);
  });

  it.each([0o000, 0o077, 0o377])('makes files 0600 and its folder 0700 under umask %o', async (umask) => {
    const before = process.umask(umask);
    const path = join(folder.path, 'below');
    try {
      const sink = folder.sink({ config: { path } });
      await sink.open(never);
      await sink.write(batch(1, 1), never);
      const [file = ''] = sink.files;
      expect([(await stat(file)).mode & 0o777, (await stat(path)).mode & 0o777]).toEqual([0o600, 0o700]);
      await sink.close();
    } finally {
      process.umask(before);
    }
  });

  it('resolves a write when its records are in the file', async () => {
    const sink = folder.sink();
    await sink.open(never);
    await sink.write(batch(1, 100), never);
    const [file = ''] = sink.files;
    expect(readPlain(await readFile(file)).blocks.flat()).toHaveLength(100);
    await sink.close();
  });

  it('puts writes that run at the same time into one block', async () => {
    const sink = folder.sink({ config: { lingerMs: 20 } });
    await sink.open(never);
    await Promise.all(Array.from({ length: 10 }, (_, index) => sink.write(batch(index * 5 + 1, index * 5 + 5), never)));
    await sink.close();
    const [file] = await folder.files();
    expect(file?.blocks).toEqual([Array.from({ length: 50 }, (_, index) => index + 1)]);
  });

  it('lets a small write wait for company, but not once it drains', async () => {
    const sink = folder.sink({ config: { lingerMs: HOUR } });
    await sink.open(never);
    const lonely = sink.write(batch(1, 1), never);
    expect(await stateOf(lonely)).toBe('pending');
    sink.drain();
    await lonely;
    await sink.write(batch(2, 2), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([1, 2]);
  });

  it('forgets the time it would have waited, once it need not wait', async () => {
    const timeouts = vi.spyOn(globalThis, 'setTimeout');
    const sink = folder.sink({ config: { lingerMs: HOUR } });
    await sink.open(never);
    const write = sink.write(batch(1, 1), never);
    await sink.close();
    await write;
    const timers = timeouts.mock.results.map((result) => result.value as { _destroyed: boolean });
    expect(timers.map((timer) => timer._destroyed)).not.toContain(false);
  });

  it('does not wait for company that cannot come: as many writes as may run wait already', async () => {
    const sink = folder.sink({ config: { lingerMs: HOUR } });
    await sink.open(never);
    const writes = Array.from({ length: sink.maxInFlight - 1 }, (_, index) => sink.write(batch(index + 1, index + 1), never));
    expect(await stateOf(Promise.race(writes))).toBe('pending');
    await Promise.all([...writes, sink.write(batch(sink.maxInFlight, sink.maxInFlight), never)]);
    await sink.close();
    expect((await folder.files())[0]?.blocks).toHaveLength(1);
  });

  it('does not wait when a block is full', async () => {
    const sink = folder.sink({ config: { lingerMs: HOUR } });
    await sink.open(never);
    const first = sink.write(batch(1, 1000, 200), never);
    expect(await stateOf(first)).toBe('pending');
    const second = sink.write(batch(1001, 2000, 200), never);
    await first;
    expect(await stateOf(second)).toBe('pending');
    await sink.close();
    await second;
    expect((await folder.files())[0]?.blocks.map((block) => block.length)).toEqual([1310, 690]);
  });

  it('gives a record larger than a block a block of its own', async () => {
    const sink = folder.sink();
    await sink.open(never);
    await sink.write(batchOf(record(1), record(2, 700_000), record(3)), never);
    await sink.close();
    expect((await folder.files())[0]?.blocks).toEqual([[1], [2], [3]]);
  });

  it('finishes a file before it grows beyond its bound', async () => {
    const sink = folder.sink({ config: { rotateMaxBytes: 100_000 } });
    await sink.open(never);
    for (let from = 1; from <= 3000; from += 100) await sink.write(batch(from, from + 99, 250), never);
    await sink.close();
    const names = await folder.names();
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder.path, name))).size));
    expect(names.length).toBeGreaterThan(7);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100_000);
    expect(sizes.reduce((sum, size) => sum + size, 0) / 100_000 / names.length).toBeGreaterThan(0.6);
    expect(await folder.sequences()).toEqual(Array.from({ length: 3000 }, (_, index) => index + 1));
    expect(sink.counters.finished).toBe(names.length);
    expect(folder.log.filter((line) => line.message === 'finished an event file')).toHaveLength(names.length);
  });

  it('finishes a file that is old enough although nothing happens, and makes no new one', async () => {
    const sink = folder.sink({ config: { rotateMaxAgeMs: 25 } });
    await sink.open(never);
    await sink.write(batch(1, 1), never);
    await until(async () => (await folder.names()).every((name) => name.endsWith('.plain')));
    expect(sink.files).toEqual([]);
    await sink.write(batch(2, 2), never);
    expect(sink.files).toHaveLength(1);
    await sink.close();
    expect(await folder.sequences()).toEqual([1, 2]);
  });

  it('takes back an aborted write that waits for company', async () => {
    const sink = folder.sink({ config: { lingerMs: HOUR } });
    await sink.open(never);
    const stop = new AbortController();
    const aborted = sink.write(batch(1, 1), stop.signal);
    const kept = sink.write(batch(2, 2), never);
    stop.abort(new Error('stop now'));
    await expect(aborted).rejects.toThrow('stop now');
    await sink.close();
    await kept;
    expect(await folder.sequences()).toEqual([2]);
  });

  it('takes the next name where a file of that name is there already', async () => {
    for (const run of [1, 2]) {
      const sink = folder.sink({ clock });
      await sink.open(never);
      await sink.write(batch(run, run), never);
      if (run === 2)
        expect(await folder.names()).toEqual([
          'process-20260131T235959Z-0f1e2d3c-000001.plain',
          'process-20260131T235959Z-0f1e2d3c-000002.plain.open',
        ]);
      await sink.close();
    }
    expect(await folder.sequences()).toEqual([1, 2]);
  });

  it('is made only with an agent id, which its file names need', async () => {
    const sink = folder.sink({ meta: { agent_id: '' } });
    await expect(sink.open(never)).rejects.toMatchObject({ code: 'BUG' });
    await sink.close();
  });
});
