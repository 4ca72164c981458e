import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import {
  contentsOf,
  decodeFrame,
  encodeFrame,
  encodeSeal,
  isSound,
  parseHead,
  sealedFrames,
  stamp,
} from '../../../../src/queue/spool/frame.ts';
import { encodeHeader, parseHeader, segmentName, segmentNumber } from '../../../../src/queue/spool/segment-header.ts';
import { AGENT_ID, FORMAT, HEADER, ORIGIN, SINK_ID } from './fixtures.ts';

const FEW: readonly Encoded[] = [
  { stream: 'process', kind: 'EXEC', sequence: 41, timeUs: 1_700_000_000_000_000, bytes: Buffer.from('first') },
  { stream: 'agent', kind: 'CHECKPOINT', sequence: 0, timeUs: 1_700_000_000_000_900, bytes: Buffer.from('second') },
  { stream: 'process', kind: 'EXEC', sequence: 43, timeUs: 1_699_999_999_999_000, bytes: Buffer.from('') },
];

const encoded = fc.record({
  stream: fc.constantFrom('process' as const, 'agent' as const),
  kind: fc.constantFrom('FORK', 'EXEC', 'EXIT', 'GAP'),
  sequence: fc.oneof(
    fc.constant(0),
    fc.nat(),
    fc.maxSafeNat().map((n) => Math.floor(n / 4)),
  ),
  timeUs: fc.oneof(
    fc.nat(),
    fc.maxSafeNat().map((n) => Math.floor(n / 4)),
  ),
  bytes: fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
});

function readBack(frame: Buffer): readonly Encoded[] {
  const head = parseHead(frame, 0);
  if (head === undefined) throw new Error('no frame');
  return decodeFrame(frame, head, ORIGIN).items;
}

describe('the format of segments', () => {
  it('is what it was: these bytes lie on disks', () => {
    expect(encodeHeader(HEADER).toString('hex')).toMatchInlineSnapshot(
      `"894643530d0a1a0aa165d80701007600070000000000000040222018240a06005b1c2d3eaaaa4bbb8cccddddeeeeffff0189f7a011117222833344445555666634006176726f2070726f636573733d30313233343536373839616263646566206167656e743d66656463626139383736353433323130"`,
    );
    const frame = encodeFrame(FEW);
    stamp(frame, 7);
    expect(frame.toString('hex')).toMatchInlineSnapshot(
      `"ae4653c333000000cf0df787070000000100010003000000330000000200000029000000000000002b0000000000000000401e18240a060002000445584543010a434845434b504f494e540001005251048080f28183898506880ed71d05060066697273747365636f6e64"`,
    );
    const seal = encodeSeal(contentsOf(FEW), 1);
    stamp(seal, 7);
    expect(seal.toString('hex')).toMatchInlineSnapshot(
      `"ae4653c304000000b4b4b3fc070000000200010003000000040000000200000029000000000000002b00000000000000000000000000000001000000"`,
    );
  });

  it('gives back every field of every record, and where it comes from', () => {
    fc.assert(
      fc.property(fc.array(encoded, { maxLength: 40 }), (items) => {
        expect(readBack(encodeFrame(items))).toEqual(items.map((item) => ({ ...item, origin: ORIGIN })));
      }),
    );
  });

  it('compresses what is worth it', () => {
    const items = Array.from({ length: 300 }, (_, i) => ({
      ...(FEW[0] as Encoded),
      sequence: i + 1,
      bytes: Buffer.from(`record ${i}`.repeat(9)),
    }));
    const frame = encodeFrame(items);
    expect(frame.length).toBeLessThan(300 * 80 * 0.3);
    expect(readBack(frame)).toEqual(items.map((item) => ({ ...item, origin: ORIGIN })));
  });

  it('leaves the records it was given alone, and reads into memory of its own', () => {
    const frame = encodeFrame(FEW);
    const [first] = readBack(frame);
    frame.fill(0);
    expect(Buffer.from(first!.bytes).toString()).toBe('first');
  });

  it('sums up what a frame holds in its head', () => {
    expect(parseHead(encodeFrame(FEW), 0)).toMatchObject({
      records: 3,
      sequenced: 2,
      lowest: 41,
      highest: 43,
      flags: 1,
      timeUs: 1_700_000_000_000_000,
    });
    expect(parseHead(encodeFrame([]), 0)).toMatchObject({ records: 0, sequenced: 0, lowest: 0, highest: 0, flags: 0 });
    expect(sealedFrames(encodeSeal(contentsOf(FEW), 12))).toBe(12);
  });

  it('notices every changed bit of a frame, and a frame of another segment', () => {
    const frame = encodeFrame(FEW);
    stamp(frame, 7);
    expect(isSound(frame, 7)).toBe(true);
    expect(isSound(frame, 8)).toBe(false);
    for (let bit = 64; bit < frame.length * 8; bit += 1) {
      frame[bit >> 3]! ^= 1 << (bit & 7);
      expect(isSound(frame, 7)).toBe(false);
      frame[bit >> 3]! ^= 1 << (bit & 7);
    }
  });

  it('reads headers, and says why it cannot', () => {
    const bytes = encodeHeader(HEADER);
    expect(parseHeader(bytes)).toEqual({
      what: 'header',
      bytes: bytes.length,
      header: { ...HEADER, sinkId: SINK_ID, agentId: AGENT_ID, format: FORMAT },
    });
    for (let end = 0; end < bytes.length; end += 1) expect(parseHeader(bytes.subarray(0, end))).toEqual({ what: 'torn' });
    const newer = Buffer.from(bytes);
    newer[12] = 2;
    expect(parseHeader(newer)).toEqual({ what: 'too_new', version: 2 });
    bytes[40]! ^= 1;
    expect(parseHeader(bytes)).toEqual({ what: 'corrupt' });
    expect(parseHeader(Buffer.alloc(400))).toEqual({ what: 'corrupt' });
  });

  it('names segments by number', () => {
    expect(segmentName(12)).toBe('00000000000000000012.seg');
    expect(segmentNumber('00000000000000000012.seg')).toBe(12);
    for (const name of ['12.seg', '00000000000000000012.seg~', '00000000000000000000.seg', 'position'])
      expect(segmentNumber(name)).toBeUndefined();
  });
});
