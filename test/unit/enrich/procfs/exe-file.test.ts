import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXE_STAT_BYTES, readExeStat, writeExeStat, type ExeStat } from '../../../../src/core/exe-stat.ts';
import { exeFileFrom, parseExeStat } from '../../../../src/enrich/procfs/exe-file.ts';

const STAT: ExeStat = { inode: 1442, device: 66_306, mtime: 1_700_000_000_000_001, size: 9, mode: 0o104755, links: 1 };
const link = (path: string, deleted = false) => ({ path, deleted, memfd: path.startsWith('/memfd:') });

describe('the file of an executable', () => {
  it('is what stat says, and whether the link says that it is gone', () => {
    expect(exeFileFrom(link('/usr/bin/su'), STAT)).toEqual({
      inode: 1442,
      device: 66_306,
      mtime: 1_700_000_000_000_001,
      deleted: false,
      memfd: false,
      setuid: true,
      setgid: false,
    });
    expect(exeFileFrom(link('/tmp/x', true), { ...STAT, mode: 0o102711, links: 0 })).toMatchObject({
      deleted: true,
      setuid: false,
      setgid: true,
    });
    expect(exeFileFrom(undefined, { ...STAT, links: 0 })).toMatchObject({ deleted: true, memfd: false });
  });

  it('is what the link says where nobody asked, if that is anything', () => {
    expect(exeFileFrom(link('/memfd:x', true), undefined)).toEqual({
      inode: null,
      device: null,
      mtime: null,
      deleted: true,
      memfd: true,
      setuid: null,
      setgid: null,
    });
    expect([exeFileFrom(link('/bin/x'), undefined), exeFileFrom(undefined, undefined)]).toEqual([null, null]);
  });

  it('is no memory file for being called like one', () => {
    expect(exeFileFrom(link('/memfd:x'), STAT)).toMatchObject({ memfd: false, deleted: false });
  });

  it('has no inode where the number cannot be exact', () => {
    expect(exeFileFrom(link('/x'), { ...STAT, inode: 2 ** 63 })).toMatchObject({ inode: null, device: 66_306 });
  });

  it('comes through a capture unchanged, from any place in it', () => {
    const whole = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    const word = fc.integer({ min: 0, max: 0xffff_ffff });
    const stats = fc.record({ inode: whole, device: whole, mtime: whole, size: whole, mode: word, links: word });
    fc.assert(
      fc.property(stats, fc.nat(7), (stat, at) => {
        const bytes = Buffer.from(new SharedArrayBuffer(64));
        writeExeStat(new DataView(bytes.buffer, bytes.byteOffset), at, stat);
        expect(parseExeStat(bytes.subarray(at, at + EXE_STAT_BYTES))).toEqual(stat);
      }),
    );
    expect([parseExeStat(2), readExeStat(new Uint8Array(39)), readExeStat(new Uint8Array(0))]).toEqual([undefined, undefined, undefined]);
  });
});
