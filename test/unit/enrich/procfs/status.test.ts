import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStatus } from '../../../../src/enrich/procfs/status.ts';
import { shared, statusText } from '../fixtures.ts';

describe('parseStatus', () => {
  it('reads ids, the innermost pid and the effective capabilities', () => {
    expect(parseStatus(shared(statusText({ uid: 1000, euid: 0 })))).toEqual({
      uid: 1000,
      euid: 0,
      gid: 100,
      egid: 101,
      nsPid: 12,
      capsEffective: 0x1ffffffffff,
    });
  });

  it('knows no inner pid where the pid namespace is ours', () => {
    expect(parseStatus(shared('Name:\tx\nUid:\t4294967294\t0\t0\t0\nGid:\t5\t6\t6\t6\nNSpid:\t100\nNSpgid:\t77\n'))).toEqual({
      uid: 4294967294,
      euid: 0,
      gid: 5,
      egid: 6,
      nsPid: null,
      capsEffective: null,
    });
  });

  it('gives nothing for an errno or without both id lines', () => {
    expect(parseStatus(3)).toBeUndefined();
    expect(parseStatus(shared('Name:\tx\nUid:\t1\t2\t3\t4\n'))).toBeUndefined();
    expect(parseStatus(shared('Name:\tx\nUid:\t1\nGid:\tx\n'))).toBeUndefined();
  });

  it('never throws on garbage', () => {
    const label = fc.constantFrom('\nUid:\t', '\nGid:\t', '\nNSpid:\t', '\nCapEff:\t', '\t', '\n', '12', 'zz', '');
    fc.assert(fc.property(fc.array(label, { maxLength: 30 }), (parts) => void parseStatus(shared(parts.join('')))));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => void parseStatus(shared(bytes))));
  });
});
