import { describe, expect, it } from 'vitest';
import { Digest, EventHash } from '../../../../src/core/digest.ts';
import type { Spool } from '../../../../src/queue/spool/spool.ts';
import { batch, batchOf, record, sequences } from '../../../contract/records.ts';
import { SpoolFolder, agentOf } from '../../../contract/spool-fixture.ts';
import { drain, noise, pull } from './deliveries.ts';
import { ManualTimers } from './manual-timers.ts';

describe('Spool and its bounds', () => {
  const small = { maxBytes: 600_000 };

  async function filled(): Promise<{ folder: SpoolFolder; spool: Spool; batches: number }> {
    const folder = new SpoolFolder();
    const spool = await folder.open(small);
    let batches = 0;
    while (spool.offer(noise(batches * 10 + 1, batches * 10 + 10))) batches += 1;
    return { folder, spool, batches };
  }

  it('holds as many bytes of files as it may, in several segments', async () => {
    const { folder, spool } = await filled();
    const bytes = folder.segments().reduce((sum, path) => sum + folder.disk.contents(path).length, 0);
    expect(bytes).toBeLessThanOrEqual(small.maxBytes + 60 * folder.segments().length);
    expect(spool.depth.bytes).toBeGreaterThan(small.maxBytes * 0.9);
    expect(folder.segments().length).toBeGreaterThanOrEqual(7);
    await spool.close();
  });

  it('takes the next when a whole segment is done', async () => {
    const { folder, spool, batches } = await filled();
    const segments = folder.segments().length;
    const next = noise(batches * 10 + 1, batches * 10 + 10);
    while (!spool.offer(next)) (await pull(spool)).done('delivered');
    expect(folder.segments().length).toBeLessThanOrEqual(segments);
    await spool.close();
  });

  it('gives up the oldest segment that nobody reads, and says what it held', async () => {
    const { folder, spool, batches } = await filled();
    const first = await pull(spool);
    spool.append(batchOf({ ...record(0, 30, 'agent'), kind: 'CHECKPOINT' }));
    const evicted = await spool.makeRoom(noise(9001, 9010));
    const hash = new EventHash(agentOf(1));
    const gone = evicted.flatMap((one) => ('checkpoints' in one ? [one] : []));
    expect(gone.length).toBeGreaterThan(0);
    for (const { fromSequence, toSequence, count, digest, agentId } of gone) {
      const sum = new Digest();
      for (let n = fromSequence; n <= toSequence; n += 1) sum.add(hash.of(n));
      expect([count, agentId, sum.equals(digest!)]).toEqual([10, agentOf(1), true]);
    }
    expect(spool.offer(noise(9001, 9010))).toBe(true);
    first.done('returned');
    const left = await drain(spool);
    expect(left.slice(0, 10)).toEqual(sequences(batch(1, 10)));
    expect(left.length).toBe(10 * batches - 10 * gone.length + 11);
    await spool.close();
    expect(folder.events).toEqual([]);
  });

  it('gives back the checkpoints of what it gives up', async () => {
    const folder = new SpoolFolder();
    const spool = await folder.open(small);
    const checkpoint = { ...record(0, 30, 'agent'), kind: 'CHECKPOINT' };
    spool.append(batchOf(checkpoint));
    let n = 1;
    while (spool.offer(noise(n, n + 9))) n += 10;
    const evicted = await spool.makeRoom(noise(n, n + 9));
    const back = evicted.flatMap((one) => ('checkpoints' in one ? one.checkpoints : []));
    expect(back).toMatchObject([{ kind: 'CHECKPOINT', sequence: 0, bytes: Buffer.from(checkpoint.bytes) }]);
    await spool.close();
  });

  it('does not give up what began to be read while it gave up something else', async () => {
    const { folder, spool, batches } = await filled();
    const large = noise(9001, 9060);
    const [evicted, overtaken] = await Promise.all([spool.makeRoom(large), pull(spool)]);
    const gone = evicted.flatMap((one) => ('checkpoints' in one ? [one.fromSequence] : []));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone).not.toContain(sequences(overtaken.batch)[0]);
    overtaken.done('delivered');
    expect(spool.offer(noise(9101, 9110))).toBe(true);
    const left = await drain(spool);
    expect(left.length).toBe(10 * (batches - gone.length));
    expect(left.slice(-10)).toEqual(sequences(batch(9101, 9110)));
    await spool.close();
    expect(folder.events).toEqual([]);
  });

  it('gives up no other one where the next was delivered while it gave up the first', async () => {
    const { spool, batches } = await filled();
    const giving = spool.makeRoom(noise(9001, 9060));
    const delivered: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      const delivery = await pull(spool);
      delivered.push(...sequences(delivery.batch));
      delivery.done('delivered');
    }
    const gone = (await giving).flatMap((one) => ('checkpoints' in one ? [one.fromSequence] : []));
    expect(gone.filter((from) => delivered.includes(from))).toEqual([]);
    const left = await drain(spool);
    expect(delivered.length + left.length + 10 * gone.length).toBe(10 * batches);
    expect(spool.depth).toEqual({ events: 0, bytes: 0 });
    await spool.close();
  });

  it('takes damage of what it gives up for damage of nothing else, whenever it gives it up', async () => {
    const bounds = { maxBytes: 2_400_000 };
    const batches = Array.from({ length: 90 }, (_, n) => noise(10 * n + 1, 10 * n + 10));
    for (let turns = 0; turns < 40; turns += 1) {
      const folder = new SpoolFolder();
      const writer = await folder.open(bounds);
      const accepted = batches.findIndex((one) => !writer.offer(one));
      folder.disk.kill();
      const [first = ''] = folder.segments();
      folder.disk.damage(first, 70, Buffer.alloc(270_000));
      const spool = await folder.open(bounds, new ManualTimers().after);
      const next = pull(spool);
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      const evicted = spool.makeRoom(batches[accepted] ?? batch(1, 1));
      // Whoever waits is asked to look again.
      spool.append(batchOf(record(0)));
      // Without a digest: what of a segment cannot be read, and of which nobody knows what it was.
      const gone = (await evicted).flatMap((one) =>
        !('digest' in one) || one.digest === undefined ? [] : sequences(batch(one.fromSequence, one.toSequence)),
      );
      const delivery = await next;
      delivery.done('delivered');
      const there = new Set([...gone, ...sequences(delivery.batch), ...(await drain(spool))]);
      const missing = sequences(batch(1, 10 * accepted)).filter((sequence) => !there.has(sequence));
      // The damage: the beginning of the first segment, and nothing behind it.
      expect(missing, `given up after ${turns} turns`).toEqual(sequences(batch(1, 90)));
      await spool.close();
    }
  });

  it('gives up nothing where that would not be enough', async () => {
    const { spool } = await filled();
    await pull(spool);
    const before = spool.depth;
    expect(await spool.makeRoom(noise(1, 400))).toEqual([]);
    expect(spool.depth).toEqual(before);
    await spool.close();
  });

  it('takes past all bounds what must not be dropped', async () => {
    const { spool } = await filled();
    const { events } = spool.depth;
    spool.append(batchOf(record(0)));
    expect(spool.depth.events).toBe(events + 1);
    await spool.close();
    expect(() => spool.append(batchOf(record(0)))).toThrow(expect.objectContaining({ code: 'QUEUE_ENDED' }));
  });
});
