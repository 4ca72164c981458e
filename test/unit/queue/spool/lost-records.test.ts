import { describe, expect, it } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { FRAME_MAGIC } from '../../../../src/queue/spool/frame.ts';
import type { Spool } from '../../../../src/queue/spool/spool.ts';
import { repairSpool } from '../../../../src/queue/spool/repair.ts';
import { batch, batchOf, record, sequences } from '../../../contract/records.ts';
import { SpoolFolder, agentOf } from '../../../contract/spool-fixture.ts';
import { stateOf, until } from '../../../contract/waiting.ts';
import { drain, noise, pull } from './deliveries.ts';
import { ManualTimers } from './manual-timers.ts';

const CHECKPOINT: Encoded = { ...record(0, 40, 'agent'), kind: 'CHECKPOINT' };
const THREE = [1, 11, 21].map((n) => noise(n, n + 9, 100));

/** What a run wrote that was killed (no seal) or ended, the first batches of it done. */
async function written(batches: readonly Batch<Encoded>[], { sealed = false, done = 0, maxBytes = 64 << 20 } = {}): Promise<SpoolFolder> {
  const folder = new SpoolFolder();
  const spool = await folder.open({ maxBytes });
  for (const one of batches) expect(spool.offer(one)).toBe(true);
  for (let n = 0; n < done; n += 1) (await pull(spool)).done('delivered');
  if (sealed) await spool.close();
  else folder.disk.kill();
  return folder;
}

/** Where the n-th frame of the segment is, from 0. */
function frameAt(folder: SpoolFolder, path: string, n: number): number {
  let at = -1;
  for (let i = 0; i <= n; i += 1) at = folder.disk.contents(path).indexOf(FRAME_MAGIC, at + 1);
  return at;
}

/** In the payload of a frame, or (`head`) so that nothing tells what the frame was. */
function damage(folder: SpoolFolder, n: number, { head = false, segment = 0 } = {}): void {
  const path = folder.segments()[segment] ?? '';
  folder.disk.damage(path, frameAt(folder, path, n) + (head ? 0 : 500), Buffer.alloc(5, 0x5a));
}

const SMALL = { maxBytes: 600_000 };

/** Batches of ten, the second segment with five of them and no seal; `first`: its first sequence. */
async function twoSegments(): Promise<{ folder: SpoolFolder; spool: Spool; first: number }> {
  const folder = new SpoolFolder();
  const spool = await folder.open(SMALL);
  let next = 1;
  const offer = (): void => {
    spool.offer(noise(next, next + 9, 300));
    next += 10;
  };
  while (folder.segments().length < 2) offer();
  const first = next - 10;
  for (let n = 0; n < 4; n += 1) offer();
  return { folder, spool, first };
}

const lost = (folder: SpoolFolder): object[] => folder.events.filter(({ what }) => what === 'lost');

function corrupt(fromSequence: number, toSequence: number, rest: { count: number; certainty: string }): object {
  const { count, certainty } = rest;
  return { what: 'lost', reason: 'corrupt', certainty, dropped: { agentId: agentOf(1), fromSequence, toSequence, count, checkpoints: [] } };
}

describe('Spool that counts what damage took of a segment without a seal', () => {
  it('knows it exactly by the heads of the frames', async () => {
    const folder = await written(THREE);
    damage(folder, 1);
    const spool = await folder.open();
    expect(spool.depth.events).toBe(30);
    expect(await drain(spool)).toEqual([...sequences(batch(1, 10)), ...sequences(batch(21, 30))]);
    expect(lost(folder)).toEqual([corrupt(11, 20, { count: 10, certainty: 'exact' })]);
    expect(spool.depth).toEqual({ events: 0, bytes: 0 });
    await spool.close();
  });

  it('knows it exactly of several frames in a row', async () => {
    const folder = await written([...THREE, noise(41, 50, 100)]);
    damage(folder, 1);
    damage(folder, 2);
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(11, 30, { count: 20, certainty: 'exact' })]);
  });

  it('says how many there were at most where a head is gone as well', async () => {
    const filtered = batchOf(...noise(11, 20, 100).items.filter(({ sequence }) => sequence % 2 === 0));
    const folder = await written([noise(1, 10, 100), filtered, noise(21, 30, 100)]);
    damage(folder, 1, { head: true });
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(11, 20, { count: 10, certainty: 'at_most' })]);
  });

  it('does not believe a head that contradicts what is around it', async () => {
    const folder = await written(THREE);
    const [path = ''] = folder.segments();
    // Its highest sequence.
    folder.disk.damage(path, frameAt(folder, path, 1) + 40, Buffer.from([200]));
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(11, 20, { count: 10, certainty: 'at_most' })]);
  });

  it('begins with the first sequence of the run', async () => {
    const folder = await written(THREE);
    damage(folder, 0, { head: true });
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(1, 10, { count: 10, certainty: 'at_most' })]);
  });

  it('begins behind what was done, where that is gone', async () => {
    const { folder, spool, first } = await twoSegments();
    for (let n = 1; n < first; n += 10) (await pull(spool)).done('delivered');
    folder.disk.kill();
    expect(folder.segments()).toHaveLength(1);
    damage(folder, 0, { head: true });
    await drain(await folder.open(SMALL));
    expect(lost(folder)).toEqual([corrupt(first, first + 9, { count: 10, certainty: 'at_most' })]);
  });

  it('begins behind the segment before', async () => {
    const { folder, first } = await twoSegments();
    folder.disk.kill();
    damage(folder, 0, { head: true, segment: 1 });
    await drain(await folder.open(SMALL));
    expect(lost(folder)).toEqual([corrupt(first, first + 9, { count: 10, certainty: 'at_most' })]);
  });

  it('says that it does not know where nothing is left to tell', async () => {
    const { folder } = await twoSegments();
    folder.disk.kill();
    folder.disk.start().remove(folder.segments()[0] ?? '');
    damage(folder, 0, { head: true });
    await drain(await folder.open(SMALL));
    expect(lost(folder)).toEqual([corrupt(0, 0, { count: 0, certainty: 'unknown' })]);
  });

  it('does not count what was done before it was damaged', async () => {
    const folder = await written(THREE, { done: 2 });
    damage(folder, 1);
    const spool = await folder.open();
    expect(spool.depth.events).toBe(10);
    expect(await drain(spool)).toEqual(sequences(batch(21, 30)));
    expect(lost(folder)).toEqual([]);
  });

  it('does not count what was written again behind it', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open({}, timers.after);
    spool.offer(noise(1, 10, 100));
    await spool.synced();
    for (const n of [11, 21]) spool.offer(noise(n, n + 9, 100));
    const [failed = ''] = folder.segments();
    folder.disk.fault = (operation, path) => ((operation === 'sync' || operation === 'truncate') && path === failed ? 'EIO' : undefined);
    const synced = spool.synced();
    await until(() => folder.segments().length === 2);
    timers.advance(500);
    await synced;
    folder.disk.kill();
    folder.disk.fault = () => undefined;
    damage(folder, 1, { head: true });
    expect(new Set(await drain(await folder.open()))).toEqual(new Set(sequences(batch(1, 30))));
    expect(lost(folder)).toEqual([]);
  });

  it('still counts it when it was repaired', async () => {
    const folder = await written(THREE);
    damage(folder, 1);
    await repairSpool(folder.disk.start(), '/spool/siem');
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(11, 20, { count: 10, certainty: 'at_most' })]);
  });
});

describe('Spool that counts what damage took, checkpoints among it', () => {
  const withCheckpoint = [THREE[0]!, batchOf(...THREE[1]!.items, CHECKPOINT), THREE[2]!];

  it.each([
    ['with a seal', true],
    ['without a seal', false],
  ])('leaves them out of the count of a segment %s', async (_, sealed) => {
    const folder = await written(withCheckpoint, { sealed });
    damage(folder, 1);
    const spool = await folder.open();
    expect(await drain(spool)).toHaveLength(20);
    expect(lost(folder)).toEqual([corrupt(11, 20, { count: 10, certainty: 'exact' })]);
    expect(spool.depth).toEqual({ events: 0, bytes: 0 });
    await spool.close();
  });

  it('leaves them out where the reader goes on in the middle of the segment', async () => {
    const folder = await written([batchOf(CHECKPOINT), ...withCheckpoint], { sealed: true, done: 2 });
    damage(folder, 2);
    expect(await drain(await folder.open())).toHaveLength(10);
    expect(lost(folder)).toMatchObject([{ certainty: 'exact', dropped: { toSequence: 20, count: 10 } }]);
  });

  it('leaves them out of what this run wrote, and a disk does not read', async () => {
    const folder = new SpoolFolder();
    const timers = new ManualTimers();
    const spool = await folder.open(SMALL, timers.after);
    for (const one of withCheckpoint) spool.offer(one);
    await spool.synced();
    const [path = ''] = folder.segments();
    for (let next = 31; folder.segments().length < 2; next += 10) spool.offer(noise(next, next + 9, 1000));
    await spool.synced();
    folder.disk.fault = (operation, which) => (operation === 'read' && which === path ? 'EIO' : undefined);
    const next = pull(spool);
    for (let i = 0; i < 3; i += 1) {
      await stateOf(next);
      timers.advance(1000);
    }
    const first = (await next).batch.items[0]!.sequence;
    expect(lost(folder)).toMatchObject([{ certainty: 'exact', dropped: { count: first - 1 } }]);
    await spool.close();
  });

  it('tells nothing where only checkpoints are gone', async () => {
    const many = batchOf(...noise(1, 20, 100).items.map((one) => ({ ...one, sequence: 0, kind: 'CHECKPOINT' })));
    const folder = await written([THREE[0]!, many, THREE[1]!], { sealed: true });
    damage(folder, 1);
    expect(await drain(await folder.open())).toHaveLength(20);
    expect(lost(folder)).toEqual([]);
  });

  it('says at most how many where a part of what was done is damaged too', async () => {
    const folder = await written(withCheckpoint, { sealed: true, done: 1 });
    damage(folder, 0);
    damage(folder, 1);
    expect(await drain(await folder.open())).toHaveLength(10);
    expect(lost(folder)).toMatchObject([{ certainty: 'at_most', dropped: { count: 11 } }]);
  });
});

describe('Spool that gives up a damaged segment', () => {
  it('says also what it could not read', async () => {
    const many = Array.from({ length: 20 }, (_, i) => noise(10 * i + 1, 10 * i + 10));
    const folder = await written(many, { maxBytes: 640_000, sealed: true });
    damage(folder, 1, { segment: 0 });
    const spool = await folder.open({ maxBytes: 600_000 });
    const { events } = spool.depth;
    const evicted = await spool.makeRoom(noise(1, 10));
    const gone = evicted.reduce((sum, one) => sum + ('count' in one ? one.count : 0), 0);
    expect(gone).toBeGreaterThan(0);
    expect(spool.depth.events).toBe(events - gone);
    await spool.close();
  });
});
