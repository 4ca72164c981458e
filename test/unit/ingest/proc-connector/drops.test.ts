import { expect, test } from 'vitest';
import { findDrops } from '../../../../src/ingest/proc-connector/drops.ts';

const TABLE = `sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode
00000000f662145d 11  0          00000000 0        0        0     2        0        1026
00000000a1b2c3d4 11  4190207513 00000001 832      0        0     2        59263    81777
`;

test('the drops of a socket are found by its inode', () => {
  expect(findDrops(TABLE, '81777')).toBe(59263);
  expect(findDrops(TABLE, '1026')).toBe(0);
});

test('a socket that is not listed is not known to have dropped nothing', () => {
  expect(findDrops(TABLE, '59263')).toBeUndefined();
});
