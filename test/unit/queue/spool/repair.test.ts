import { describe, expect, it } from 'vitest';
import { inspectSpool } from '../../../../src/queue/spool/inspect.ts';
import { repairSpool } from '../../../../src/queue/spool/repair.ts';
import type { Spool } from '../../../../src/queue/spool/spool.ts';
import { batchOf, record, sequences } from '../../../contract/records.ts';
import { SpoolFolder, agentOf } from '../../../contract/spool-fixture.ts';
import { lehmer } from '../../../helpers/faulty-fs.ts';

const never = new AbortController().signal;
const FOLDER = '/spool/siem';

/** Three batches of ten, the first of them done where that is asked for. */
async function written({ done = false, clean = true } = {}): Promise<SpoolFolder> {
  const folder = new SpoolFolder();
  const spool = await folder.open();
  const random = lehmer(3);
  for (const n of [1, 11, 21]) {
    const records = Array.from({ length: 10 }, (_, i) => record(n + i, 100));
    spool.offer(batchOf(...records.map((one) => ({ ...one, bytes: Buffer.from(one.bytes.map(() => random() * 256)) }))));
  }
  if (done) (await spool.pull(never))?.done('delivered');
  if (clean) await spool.close();
  else folder.disk.kill();
  return folder;
}

async function drain(spool: Spool): Promise<number[]> {
  spool.end();
  const found: number[] = [];
  for (let next = await spool.pull(never); next !== undefined; next = await spool.pull(never)) {
    found.push(...sequences(next.batch));
    next.done('delivered');
  }
  return found;
}

describe('a spool that is looked at', () => {
  it('says what is in it, and changes nothing', async () => {
    const folder = await written({ done: true });
    const before = folder.disk.changes;
    const report = await inspectSpool(folder.disk.start(), FOLDER);
    expect(report.position).toMatchObject({ segment: 1 });
    expect(report.segments).toMatchObject([
      {
        sealed: true,
        frames: 3,
        records: 30,
        lowest: 1,
        highest: 30,
        waiting: 20,
        torn_bytes: 0,
        damage: [],
        header: { number: 1, format: 'test' },
      },
    ]);
    expect(folder.disk.changes).toBe(before);
  });

  it('finds nothing in an empty folder', async () => {
    const folder = new SpoolFolder();
    expect(await inspectSpool(folder.disk.start(), FOLDER)).toEqual({ folder: FOLDER, position: null, segments: [], quarantine: [] });
  });

  it('tells torn ends from damage, and files that are none of its own', async () => {
    const folder = await written({ clean: false });
    const [path = ''] = folder.segments();
    const { length } = folder.disk.contents(path);
    folder.disk.damage(path, length, Buffer.alloc(77, 1));
    folder.disk.damage(path, 1500, Buffer.alloc(4));
    folder.disk.put(`${FOLDER}/00000000000000000009.seg`, Buffer.alloc(500, 9));
    const [first, second] = (await inspectSpool(folder.disk.start(), FOLDER)).segments;
    expect(first).toMatchObject({ sealed: false, frames: 2, records: 20, torn_bytes: 77 });
    expect(first?.damage).toHaveLength(1);
    expect(second).toMatchObject({ fault: 'corrupt', frames: 0 });
  });
});

describe('a spool that is repaired', () => {
  it('is left alone where nothing is wrong', async () => {
    const folder = await written();
    const before = folder.segments().map((path) => folder.disk.contents(path));
    expect(await repairSpool(folder.disk.start(), FOLDER)).toEqual([]);
    expect(folder.segments().map((path) => folder.disk.contents(path))).toEqual(before);
  });

  it('gives everything sound at its place, tells what is missing, and keeps a copy of what was damaged', async () => {
    const folder = await written({ done: true });
    const [path = ''] = folder.segments();
    folder.disk.damage(path, 1500, Buffer.alloc(4));
    const damaged = folder.disk.contents(path);
    expect(await repairSpool(folder.disk.start(), FOLDER)).toMatchObject([{ action: 'filled' }]);
    expect(folder.disk.contents(path.replace('siem/', 'siem/quarantine/'))).toEqual(damaged);
    expect((await inspectSpool(folder.disk.start(), FOLDER)).segments).toMatchObject([{ damage: [], torn_bytes: 0, records: 20 }]);
    const spool = await folder.open();
    expect(await drain(spool)).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    const dropped = { agentId: agentOf(1), fromSequence: 1, toSequence: 20, count: 10, checkpoints: [] };
    expect(folder.events).toEqual([{ what: 'lost', reason: 'corrupt', certainty: 'exact', dropped }]);
    await spool.close();
  });

  it('loses its torn ends and what is none of it', async () => {
    const folder = await written({ clean: false });
    const [path = ''] = folder.segments();
    const sound = folder.disk.contents(path);
    folder.disk.damage(path, sound.length, Buffer.alloc(77, 1));
    folder.disk.put(`${FOLDER}/00000000000000000008.seg`, Buffer.alloc(0));
    folder.disk.put(`${FOLDER}/00000000000000000009.seg`, Buffer.alloc(500, 9));
    expect((await repairSpool(folder.disk.start(), FOLDER)).map(({ action }) => action)).toEqual(['cut', 'removed', 'put aside']);
    expect(folder.disk.contents(path)).toEqual(sound);
    expect(folder.segments()).toEqual([path, `${FOLDER}/quarantine/00000000000000000009.seg`]);
  });
});
