import { describe, expect, it } from 'vitest';
import { PositionFile } from '../../../../src/queue/spool/position-file.ts';
import type { Position } from '../../../../src/queue/spool/position-file.ts';
import { FaultyDisk } from '../../../helpers/faulty-fs.ts';
import { AGENT_ID } from './fixtures.ts';

const PATH = '/spool/position';

function at(offset: number, done: Position['done'] = []): Position {
  return { segment: 3, offset, before: offset * 2, newest: { agentId: AGENT_ID, sequence: offset }, done };
}

describe('the position of the reader', () => {
  it('is nowhere in a new spool', async () => {
    const disk = new FaultyDisk();
    expect((await PositionFile.open(disk.start(), PATH)).position).toBeUndefined();
  });

  it('is kept with what is done beyond it', async () => {
    const disk = new FaultyDisk();
    const file = await PositionFile.open(disk.start(), PATH);
    file.write(at(100));
    file.write(at(200, [{ segment: 3, offset: 400, records: 7 }]));
    disk.kill();
    expect((await PositionFile.open(disk.start(), PATH)).position).toEqual(at(200, [{ segment: 3, offset: 400, records: 7 }]));
  });

  it('is the one before where the last write was cut off anywhere', async () => {
    for (let seed = 1; seed < 200; seed += 1) {
      const disk = new FaultyDisk(seed);
      const file = await PositionFile.open(disk.start(), PATH);
      for (let n = 1; n <= 6; n += 1) file.write(at(n));
      disk.crashAt = disk.changes + 1;
      expect(() => file.write(at(7, [{ segment: 9, offset: 1, records: 1 }]))).toThrow();
      disk.kill();
      const { position } = await PositionFile.open(disk.start(), PATH);
      expect([6, 7]).toContain(position?.offset);
    }
  });

  it('forgets what is done far beyond it, where there is no room to say it', async () => {
    const disk = new FaultyDisk();
    const file = await PositionFile.open(disk.start(), PATH);
    const done = Array.from({ length: 1000 }, (_, i) => ({ segment: 3, offset: 400 + i, records: 1 }));
    file.write(at(100, done));
    disk.kill();
    const kept = (await PositionFile.open(disk.start(), PATH)).position?.done ?? [];
    expect(kept.length).toBeGreaterThan(100);
    expect(kept).toEqual(done.slice(0, kept.length));
  });

  it('goes on after what cannot be read', async () => {
    const disk = new FaultyDisk();
    disk.put(PATH, Buffer.alloc(8192, 0x5a));
    const file = await PositionFile.open(disk.start(), PATH);
    expect(file.position).toBeUndefined();
    file.write(at(5));
    disk.kill();
    expect((await PositionFile.open(disk.start(), PATH)).position).toEqual(at(5));
  });
});
