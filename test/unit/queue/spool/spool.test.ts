import { describe, expect, it } from 'vitest';
import { PositionFile } from '../../../../src/queue/spool/position-file.ts';
import { Spool } from '../../../../src/queue/spool/spool.ts';
import { batch, sequences } from '../../../contract/records.ts';
import { SpoolFolder, agentOf } from '../../../contract/spool-fixture.ts';
import { stateOf } from '../../../contract/waiting.ts';
import { drain, kinds, noise, pull } from './deliveries.ts';
import { ManualTimers } from './manual-timers.ts';

const never = new AbortController().signal;

describe('Spool from one run to the next', () => {
  it('keeps what is not done, and says whose it is', async () => {
    const folder = new SpoolFolder();
    const first = await folder.open();
    for (const n of [1, 2, 3]) first.offer(batch(n, n));
    (await pull(first)).done('delivered');
    await pull(first);
    await first.close();
    const second = await folder.open();
    expect(second.depth.events).toBe(2);
    expect(second.previous).toEqual({ agentId: agentOf(1), sequence: 3 });
    second.offer(batch(1, 1));
    const deliveries = [await pull(second), await pull(second), await pull(second)];
    expect(deliveries.map(({ batch: { items } }) => [items[0]!.sequence, items[0]!.origin?.agentId])).toEqual([
      [2, agentOf(1)],
      [3, agentOf(1)],
      [1, undefined],
    ]);
    await second.close();
  });

  it('knows the last run also where all of it was delivered', async () => {
    const folder = new SpoolFolder();
    const first = await folder.open();
    first.offer(batch(1, 40));
    expect(await drain(first)).toHaveLength(40);
    await first.close();
    const second = await folder.open();
    expect(second.previous).toEqual({ agentId: agentOf(1), sequence: 40 });
    expect(second.depth).toEqual({ events: 0, bytes: 0 });
    await second.close();
  });

  it('knows the last run also where something of an earlier one was done later', async () => {
    const folder = new SpoolFolder();
    (await folder.open()).offer(batch(1, 9));
    folder.disk.kill();
    const second = await folder.open();
    second.offer(batch(1, 3));
    const [older, newer] = [await pull(second), await pull(second)];
    newer.done('delivered');
    older.done('delivered');
    await second.close();
    expect((await folder.open()).previous).toEqual({ agentId: Buffer.from(agentOf(2)), sequence: 3 });
  });

  it('keeps the identity of its sink', async () => {
    const folder = new SpoolFolder();
    const first = await folder.open();
    const id = first.sinkId;
    await first.close();
    const second = await folder.open();
    expect(id).toHaveLength(16);
    expect(second.sinkId).toEqual(id);
    await second.close();
  });

  it('does not deliver again what was done beyond the first that is not', async () => {
    const folder = new SpoolFolder();
    const first = await folder.open();
    for (const n of [1, 2, 3, 4]) first.offer(batch(n, n));
    const [, second, , fourth] = [await pull(first), await pull(first), await pull(first), await pull(first)];
    second.done('delivered');
    fourth.done('delivered');
    folder.disk.kill();
    expect(await drain(await folder.open())).toEqual([1, 3]);
  });

  it('uses no number again of which an old position speaks, as a power cut may leave it', async () => {
    const folder = new SpoolFolder();
    const file = await PositionFile.open(folder.disk.start(), '/spool/siem/position');
    const done = { segment: 4, offset: 66 + 'test'.length, records: 1 };
    file.write({ segment: 3, offset: 100, before: 2, newest: undefined, done: [done] });
    folder.disk.kill();
    (await folder.open()).offer(batch(1, 1));
    folder.disk.kill();
    expect(await drain(await folder.open())).toEqual([1]);
  });

  it('does not deliver again what is done while it closes', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open();
    for (const n of [1, 2, 3]) spool.offer(batch(n, n));
    const [first, second] = [await pull(spool), await pull(spool)];
    let sync!: () => void;
    folder.disk.gate = new Promise((resolve) => (sync = resolve));
    const closed = spool.close();
    first.done('delivered');
    second.done('returned');
    sync();
    await closed;
    expect(folder.events).toEqual([]);
    expect(await drain(await folder.open())).toEqual([2, 3]);
  });

  it('says that what is done after it was closed is delivered again', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open();
    spool.offer(batch(1, 4));
    spool.offer(batch(5, 5));
    const [first, second] = [await pull(spool), await pull(spool)];
    await spool.close();
    const position = folder.disk.contents('/spool/siem/position');
    first.done('delivered');
    second.done('returned');
    expect(folder.events).toEqual([{ what: 'too_late', records: 4 }]);
    expect(folder.disk.contents('/spool/siem/position')).toEqual(position);
    expect(await drain(await folder.open())).toEqual([1, 2, 3, 4, 5]);
  });

  it('opens at a lock only, and frees it', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open();
    expect(folder.locked).toBe(true);
    await spool.close();
    expect(folder.locked).toBe(false);
    const refused = new Spool({ ...CONFIG }, { ...folder.deps(), lock: () => Promise.reject(new Error('in use')) });
    await expect(refused.open(never)).rejects.toMatchObject({ code: 'FILE_IO' });
    await refused.close();
  });

  it('refuses what a newer version wrote, and leaves it alone', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open();
    spool.offer(batch(1, 1));
    await spool.close();
    const [path = ''] = folder.segments();
    folder.disk.damage(path, 12, Buffer.from([9]));
    await expect(folder.open()).rejects.toMatchObject({ code: 'FILE_TOO_NEW' });
    expect(folder.segments()).toEqual([path]);
    expect(folder.locked).toBe(false);
  });
});

const CONFIG = {
  folder: '/spool/siem',
  maxBytes: 64 << 20,
  maxEvents: Infinity,
  memoryBytes: 1 << 20,
  quarantineBytes: 1 << 20,
  sync: { intervalMs: 500, bytes: 1 << 20 },
};

describe('Spool and what became of its files', () => {
  async function threeBatches(close = true): Promise<SpoolFolder> {
    const folder = new SpoolFolder();
    const spool = await folder.open();
    for (const n of [1, 11, 21]) spool.offer(noise(n, n + 9, 100));
    if (close) await spool.close();
    else folder.disk.kill();
    return folder;
  }

  it('cuts off what was never accepted', async () => {
    const folder = await threeBatches(false);
    const [path = ''] = folder.segments();
    const whole = folder.disk.contents(path);
    folder.disk.damage(path, whole.length, whole.subarray(100, 300));
    const spool = await folder.open();
    expect(folder.events).toEqual([{ what: 'torn', path, bytes: 200 }]);
    expect(folder.disk.contents(path)).toEqual(whole);
    expect(await drain(spool)).toHaveLength(30);
  });

  it('reads around damage, counts exactly what it took, and puts the segment aside', async () => {
    const folder = await threeBatches();
    const [path = ''] = folder.segments();
    folder.disk.damage(path, 1500, Buffer.alloc(4));
    const spool = await folder.open();
    const found = await drain(spool);
    expect(found).toEqual([...sequences(batch(1, 10)), ...sequences(batch(21, 30))]);
    const dropped = { agentId: agentOf(1), fromSequence: 11, toSequence: 20, count: 10, checkpoints: [] };
    expect(folder.events).toEqual([
      expect.objectContaining({ what: 'damaged', path }),
      { what: 'lost', reason: 'corrupt', certainty: 'exact', dropped },
    ]);
    expect(folder.segments()).toEqual([path.replace('siem/', 'siem/quarantine/')]);
    expect(spool.depth).toEqual({ events: 0, bytes: 0 });
    await spool.close();
  });

  it.each([
    ['a header that is none', 20, Buffer.alloc(8)],
    ['nothing of ours', 0, Buffer.alloc(2000, 0x41)],
  ])('puts a segment aside that has %s, and goes on', async (_, at, bytes) => {
    const folder = await threeBatches();
    const [path = ''] = folder.segments();
    folder.disk.damage(path, at, bytes);
    const spool = await folder.open();
    expect(kinds(folder)).toEqual(['damaged']);
    expect(folder.segments()).toEqual([path.replace('siem/', 'siem/quarantine/')]);
    spool.offer(batch(1, 2));
    expect(await drain(spool)).toEqual([1, 2]);
    await spool.close();
  });

  it('keeps no more aside than it may', async () => {
    const folder = new SpoolFolder();
    for (let run = 0; run < 4; run += 1) {
      const spool = await folder.open({ quarantineBytes: 50_000 });
      spool.offer(noise(1, 9, 2000));
      await spool.close();
      folder.disk.damage(folder.segments().findLast((path) => !path.includes('quarantine')) ?? '', 20, Buffer.alloc(8));
    }
    await (await folder.open({ quarantineBytes: 50_000 })).close();
    const kept = folder.segments();
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(4);
    expect(kept.at(-1)).toContain('00000004.seg');
  });

  it('goes on where a disk does not read a segment', async () => {
    const folder = await threeBatches();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(batch(1, 1));
    const [path = ''] = folder.segments();
    folder.disk.fault = (operation, which) => (operation === 'read' && which === path ? 'EIO' : undefined);
    const next = pull(spool);
    for (let i = 0; i < 3; i += 1) {
      await stateOf(next);
      timers.advance(1000);
    }
    expect(sequences((await next).batch)).toEqual([1]);
    expect(kinds(folder)).toEqual(['damaged', 'lost']);
    await spool.close();
  });

  it.each(['EMFILE', 'ENFILE', 'ENOMEM'])('gives nothing up for %s, which is no fault of what is on the disk', async (errno) => {
    const folder = await threeBatches();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    folder.disk.fault = (operation, which) => (operation === 'open' && which.endsWith('.seg') ? errno : undefined);
    const next = pull(spool);
    for (let i = 0; i < 10; i += 1) {
      await stateOf(next);
      timers.advance(1000);
    }
    folder.disk.fault = () => undefined;
    await stateOf(next);
    timers.advance(1000);
    expect(sequences((await next).batch)[0]).toBe(1);
    expect(folder.events).toEqual([]);
    await spool.close();
  });
});
