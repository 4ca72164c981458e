import { readFileSync } from 'node:fs';

/** linux/auxvec.h */
const AT_PAGESZ = 6n;
const ENTRY_BYTES = 16;
const USUAL = 4096;

/** Size of a page of memory, bytes: pairs of u64 in /proc/self/auxv, type and value. */
export function pageBytes(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + ENTRY_BYTES <= vector.length; at += ENTRY_BYTES) {
    if (vector.readBigUInt64LE(at) === AT_PAGESZ) return Number(vector.readBigUInt64LE(at + 8));
  }
  return USUAL;
}
