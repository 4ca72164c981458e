import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseExe } from '../../../../src/enrich/procfs/exe.ts';
import { parseLoginUid } from '../../../../src/enrich/procfs/loginuid.ts';
import { ttyName } from '../../../../src/enrich/procfs/tty.ts';
import { shared } from '../fixtures.ts';

describe('parseExe', () => {
  it('takes a plain path as it is', () => {
    const link = parseExe(shared('/usr/bin/true'));
    expect(link).toEqual({ path: '/usr/bin/true', deleted: false, memfd: false });
  });

  it('strips the mark of a deleted file and keeps the fact', () => {
    const link = parseExe(shared('/tmp/dropper (deleted)'));
    expect(link).toEqual({ path: '/tmp/dropper', deleted: true, memfd: false });
  });

  it('recognises a program that lives in memory only', () => {
    const link = parseExe(shared('/memfd:payload (deleted)'));
    expect(link).toEqual({ path: '/memfd:payload', deleted: true, memfd: true });
  });

  it('gives nothing for an errno or an empty link', () => {
    expect(parseExe(13)).toBeUndefined();
    expect(parseExe(shared(''))).toBeUndefined();
  });
});

describe('parseLoginUid', () => {
  it('tells a user, unset and unreadable apart', () => {
    expect(parseLoginUid(shared('1000'))).toBe(1000);
    expect(parseLoginUid(shared('4294967295'))).toBeNull();
    expect(parseLoginUid(shared('x'))).toBeUndefined();
    expect(parseLoginUid(2)).toBeUndefined();
  });
});

describe('ttyName', () => {
  const device = (major: number, minor: number) => (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12) | 0;

  it.each([
    [0, 0, null],
    [136, 3, 'pts/3'],
    [136, 300, 'pts/300'],
    [137, 4, 'pts/260'],
    [4, 1, 'tty1'],
    [4, 64, 'ttyS0'],
    [5, 1, 'console'],
    [204, 64, 'ttyAMA0'],
    [229, 0, 'hvc0'],
    [188, 2, 'ttyUSB2'],
    [250, 9, '250:9'],
  ])('names device %i:%i %s', (major, minor, name) => {
    expect(ttyName(device(major, minor))).toBe(name);
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.integer(), (number) => void ttyName(number)));
  });
});
