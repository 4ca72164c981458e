import { snappyCompress as theirs } from '@platformatic/wasm-utils';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { snappyCompress } from '../../../../src/encode/avro/snappy.ts';
import { snappyDecompress } from '../../../../src/encode/avro/snappy-reader.ts';
import { asProcess, exitEvent } from '../samples.ts';

const MAX = 1024 * 1024;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const records = Buffer.concat(
  Array.from({ length: 500 }, (_, i) => createAvroEncoder().encode(asProcess({ ...exitEvent, sequence: i })).bytes),
);

/** Of few different bytes, so that there is something to copy, near and far. */
const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.uint8Array({ maxLength: 4000, max: 2 }),
  fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 90 }), fc.integer({ min: 1, max: 300 }), fc.uint8Array({ maxLength: 90 }))
    .map(([part, times, end]) => Buffer.concat([...Array.from({ length: times }, () => part), end, part])),
);

describe('snappy', () => {
  it('gives back whatever it was given', () => {
    fc.assert(fc.property(content, (bytes) => snappyDecompress(snappyCompress(bytes), MAX).equals(bytes)));
  });

  it.each([0, 1, 3, 4, 59, 60, 61, 256, 257, 65_535, 65_536, 65_537, 70_000])('gives back %d bytes without any repetition', (size) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24));
    expect(snappyDecompress(snappyCompress(bytes), MAX).equals(bytes)).toBe(true);
  });

  it.each([4, 11, 12, 64, 65, 67, 68, 69, 127, 128, 200, 70_000])('gives back %d bytes that are all the same', (size) => {
    expect(snappyDecompress(snappyCompress(Buffer.alloc(size, 7)), MAX).equals(Buffer.alloc(size, 7))).toBe(true);
  });

  it('makes records several times smaller', () => {
    expect(snappyCompress(records).length).toBeLessThan(records.length / 4);
  });

  it('reads what another implementation wrote', () => {
    expect(snappyDecompress(theirs(records), MAX).equals(records)).toBe(true);
    fc.assert(fc.property(content, (bytes) => snappyDecompress(theirs(Buffer.from(bytes)), MAX).equals(bytes)));
  });

  it.each([
    ['nothing', '00', ''],
    ['a literal', '03 08 616263', 'abc'],
    ['a literal whose length is apart', '03 f0 02 616263', 'abc'],
    ['a near copy', '08 08 616263 05 03', 'abcabcab'],
    ['a copy with two bytes', '06 08 616263 0a 0300', 'abcabc'],
    ['a copy with four bytes', '06 08 616263 0b 03000000', 'abcabc'],
  ])('reads %s', (_name, packed, text) => {
    expect(snappyDecompress(hex(packed), MAX).toString()).toBe(text);
  });

  it.each([
    ['nothing at all', '', 'ends too early'],
    ['a size without end', 'ffffffffff', 'a size beyond all bounds'],
    ['a size beyond what is allowed', '818040', 'it claims to hold 1048577 bytes, more than 1048576'],
    ['a literal without its bytes', '03 08 6162', 'ends too early'],
    ['a copy without its way back', '06 08 616263 0a 03', 'ends too early'],
    ['a copy from nowhere', '06 08 616263 0a 0400', 'a copy from before its beginning'],
    ['a copy of what it writes only', '06 08 616263 0a 0000', 'a copy from before its beginning'],
    ['more than it claims', '02 08 616263', 'it holds more than the 2 bytes that it claims'],
    ['a copy beyond what it claims', '05 08 616263 0a 0300', 'it holds more than the 5 bytes that it claims'],
    ['less than it claims', '04 08 616263', 'it holds 3 of the 4 bytes that it claims'],
  ])('refuses %s', (_name, packed, message) => {
    expect(() => snappyDecompress(hex(packed), MAX)).toThrow(new RangeError(message.startsWith('ends') ? `it ${message}` : message));
  });

  it('refuses damage or is none the worse for it', () => {
    const packed = snappyCompress(records.subarray(0, 3000));
    const damage = fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(packed);
        for (const [at, byte] of changes) damaged[at] = byte;
        try {
          return snappyDecompress(damaged, MAX).length <= MAX;
        } catch (error) {
          return error instanceof RangeError;
        }
      }),
    );
  });
});
