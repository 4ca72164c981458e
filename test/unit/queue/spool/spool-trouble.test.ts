import { describe, expect, it } from 'vitest';
import { batch, sequences } from '../../../contract/records.ts';
import { SpoolFolder } from '../../../contract/spool-fixture.ts';
import { until } from '../../../contract/waiting.ts';
import { drain, kinds, pull } from './deliveries.ts';
import { ManualTimers } from './manual-timers.ts';

describe('Spool on a disk that takes nothing', () => {
  it.each(['ENOSPC', 'EIO', 'EROFS'])('goes on in memory after %s, in order, and recovers by itself', async (errno) => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({ memoryBytes: 3000 }, timers.after);
    spool.offer(batch(1, 10, 100));
    folder.disk.fault = (operation) => (operation === 'write' || operation === 'create' ? errno : undefined);
    expect([spool.offer(batch(11, 20, 100)), spool.offer(batch(21, 30, 100)), spool.offer(batch(31, 40, 100))]).toEqual([true, true, true]);
    expect(spool.offer(batch(41, 41, 100))).toBe(false);
    expect(spool.trouble).toMatchObject({ code: 'FILE_IO', context: { errno } });
    timers.advance(1000);
    timers.advance(2000);
    expect(kinds(folder)).toEqual(['degraded']);
    expect(sequences((await pull(spool)).batch)[0]).toBe(1);
    expect(sequences((await pull(spool)).batch)[0]).toBe(11);
    folder.disk.fault = () => undefined;
    timers.advance(4000);
    await spool.synced();
    expect(kinds(folder)).toEqual(['degraded', 'restored']);
    expect(spool.trouble).toBeUndefined();
    expect(spool.offer(batch(41, 41))).toBe(true);
    folder.disk.kill();
    expect(await drain(await folder.open())).toEqual(sequences(batch(1, 41)));
  });

  it('says once that the disk takes nothing, however often a working sink empties the memory, and once that it does again', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    folder.disk.fault = (operation, path) => (operation === 'create' && path.endsWith('.seg') ? 'ENOSPC' : undefined);
    for (const n of [1, 2, 3]) {
      spool.offer(batch(n, n));
      (await pull(spool)).done('delivered');
      await spool.synced();
      timers.advance(60_000);
      await spool.synced();
    }
    expect(kinds(folder)).toEqual(['degraded']);
    expect(spool.trouble).toMatchObject({ code: 'FILE_IO' });
    folder.disk.fault = () => undefined;
    spool.offer(batch(4, 4));
    await spool.synced();
    expect(kinds(folder)).toEqual(['degraded', 'restored']);
    expect(spool.trouble).toBeUndefined();
  });

  it('writes to another segment what it wrote to one that somebody removed', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(batch(1, 2));
    const [removed = ''] = folder.segments();
    folder.disk.removeBehind(removed);
    timers.advance(500);
    await spool.synced();
    expect(kinds(folder)).toEqual(['degraded', 'restored']);
    expect(folder.segments()).not.toContain(removed);
    spool.offer(batch(3, 4));
    await spool.synced();
    folder.disk.cutPower();
    expect(await drain(await folder.open())).toEqual([1, 2, 3, 4]);
  });

  it('leaves nothing of a short write behind', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(batch(1, 10, 100));
    let writes = 0;
    folder.disk.fault = (operation, path) => {
      if (operation !== 'write' || !path.endsWith('.seg')) return undefined;
      writes += 1;
      return writes === 1 ? { after: 33 } : 'ENOSPC';
    };
    spool.offer(batch(11, 20, 100));
    folder.disk.fault = () => undefined;
    timers.advance(1000);
    folder.disk.kill();
    expect(await drain(await folder.open())).toEqual(sequences(batch(1, 20)));
    expect(kinds(folder)).toEqual(['degraded']);
  });

  it('gives up what waits longest in memory where that is asked for', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open({ memoryBytes: 2000 }, new ManualTimers().after);
    folder.disk.fault = (operation) => (operation === 'write' || operation === 'create' ? 'EIO' : undefined);
    spool.offer(batch(1, 10, 100));
    spool.offer(batch(11, 20, 100));
    const evicted = await spool.makeRoom(batch(21, 30, 100));
    expect(evicted.map((one) => ('bytes' in one ? sequences(one)[0] : 0))).toEqual([1]);
    expect(spool.offer(batch(21, 30, 100))).toBe(true);
    expect(await drain(spool)).toEqual(sequences(batch(11, 30)));
  });

  it('says what it could not keep when it is closed', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open({}, new ManualTimers().after);
    folder.disk.fault = (operation) => (operation === 'write' || operation === 'create' ? 'EIO' : undefined);
    for (let n = 0; n < 10; n += 1) spool.offer(batch(10 * n + 1, 10 * n + 10, 100));
    await spool.close();
    // Once, however many batches they are.
    expect(folder.events.filter(({ what }) => what === 'lost')).toMatchObject([
      { reason: 'shutdown', certainty: 'exact', dropped: { fromSequence: 1, toSequence: 100, count: 100 } },
    ]);
  });
});

describe('Spool and the sync of its files', () => {
  it('forces many batches to the disk at once', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    const before = folder.disk.syncs;
    for (let n = 1; n <= 50; n += 1) spool.offer(batch(n, n));
    expect(folder.disk.syncs).toBe(before);
    timers.advance(500);
    await spool.synced();
    expect(folder.disk.syncs - before).toBe(1);
    folder.disk.cutPower();
    expect(await drain(await folder.open())).toHaveLength(50);
  });

  it('forces each batch at once where it is told to', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open({ sync: { intervalMs: 0, bytes: 1 } }, new ManualTimers().after);
    spool.offer(batch(1, 1));
    const before = folder.disk.syncs;
    await until(() => folder.disk.syncs >= before);
    folder.disk.gate = Promise.resolve();
    await spool.synced();
    folder.disk.cutPower();
    expect(await drain(await folder.open())).toEqual([1]);
  });

  it('does not force what is done already', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(batch(1, 1));
    const before = folder.disk.syncs;
    (await pull(spool)).done('delivered');
    timers.advance(500);
    await spool.synced();
    expect(folder.disk.syncs).toBe(before);
  });

  it('writes again to another segment what a failed sync may have lost, and never syncs that file again', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(batch(1, 2));
    await spool.synced();
    for (const n of [3, 5, 7]) spool.offer(batch(n, n + 1));
    const [out, outToo] = [await pull(spool), await pull(spool)];
    const [failed = ''] = folder.segments();
    const synced: string[] = [];
    folder.disk.fault = (operation, path) => {
      if (operation === 'sync') synced.push(path);
      return operation === 'sync' && path === failed ? 'EIO' : undefined;
    };
    timers.advance(500);
    await spool.synced();
    expect(synced.filter((path) => path === failed)).toHaveLength(1);
    expect(synced.length).toBe(2);
    expect(kinds(folder)).toEqual(['degraded', 'restored']);
    out.done('delivered');
    outToo.done('returned');
    expect(sequences((await pull(spool)).batch)).toEqual([3, 4]);
    expect(sequences((await pull(spool)).batch)).toEqual([5, 6]);
    folder.disk.cutPower();
    expect(await drain(await folder.open())).toEqual([3, 4, 5, 6, 7, 8]);
  });

  it('keeps the place of what it could not write again yet, whatever is done before that', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    for (let n = 1; n <= 3; n += 1) spool.offer(batch(n, n));
    const [, second] = [await pull(spool), await pull(spool)];
    let written = 0;
    folder.disk.fault = (operation, path) => {
      if (operation === 'sync') return 'EIO';
      if (operation !== 'write' || !path.endsWith('.seg')) return undefined;
      written += 1;
      return written > 2 ? 'ENOSPC' : undefined;
    };
    timers.advance(500);
    await until(() => spool.trouble !== undefined && written > 2);
    second.done('delivered');
    folder.disk.fault = () => undefined;
    folder.disk.kill();
    const left = await drain(await folder.open());
    expect(left).toContain(3);
    expect(left).toContain(1);
  });
});
