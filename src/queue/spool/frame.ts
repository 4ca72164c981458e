/*
 * A frame of a segment: one accepted batch. Numbers are little endian.
 *
 *    0  ae 46 53 c3: where to look for the next frame behind damage
 *    4  u32 bytes of the payload as stored
 *    8  u32 CRC-32C of all that follows, payload included
 *   12  u32 number of the segment, its low half: what an older file left on the disk is not taken for ours
 *   16  u8 type: 1 batch, 2 seal, 3 filler (in place of what was damaged; types that are not known are passed over as well) · u8 codec of the payload: 0 none, 1 zstd · u16 flags: bit 0 = has records without a sequence
 *   20  u32 records
 *   24  u32 bytes of the payload before compression
 *   28  u32 records that have a sequence
 *   32  u64 lowest sequence · u64 highest sequence; 0 where no record has one
 *   48  u64 time of the first record, µs since the epoch
 *   56  payload: a block of records (record-block.ts); of the seal: u32 frames before it. Its head sums up the segment.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { Batch } from '../../core/batch.ts';
import type { Encoded, Origin } from '../../core/encoded.ts';
import { crc32c } from '../../core/crc32c.ts';
import { packRecords, unpackRecords } from './record-block.ts';
import { readU64, writeU64 } from './segment-header.ts';

export const FRAME_MAGIC = Buffer.from('ae4653c3', 'hex');
const MAGIC = FRAME_MAGIC.readUInt32LE();
export const FRAME_HEAD_BYTES = 56;
const CRC_AT = 8;
const CRC_FROM = 12;

export const FrameType = { BATCH: 1, SEAL: 2, FILLER: 3 } as const;
const Codec = { NONE: 0, ZSTD: 1 } as const;
const HAS_UNSEQUENCED = 1;

/** Level 1 costs least for each byte that is saved. One call costs 13 µs however little it gets, so what is smaller than this stays as it is. */
const ZSTD = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** Smaller tables and a smaller first buffer: a fifth less for a batch of 5 KiB. */
const ZSTD_SMALL = {
  params: { ...ZSTD.params, [constants.ZSTD_c_windowLog]: 15, [constants.ZSTD_c_hashLog]: 12, [constants.ZSTD_c_chainLog]: 6 },
  chunkSize: 4096,
};
const SMALL_BYTES = 16 << 10;
const WORTH_COMPRESSING_BYTES = 1024;

/** What a frame holds, or all frames of a segment. */
export interface Contents {
  readonly records: number;
  /** Of these, those with a sequence. */
  readonly sequenced: number;
  readonly lowest: number;
  readonly highest: number;
  readonly flags: number;
}

export interface FrameHead extends Contents {
  readonly type: number;
  readonly codec: number;
  readonly segment: number;
  /** Bytes of the whole frame. */
  readonly bytes: number;
  readonly plainBytes: number;
  readonly timeUs: number;
}

/** A frame that `stamp` has to be called for before it is written. */
export function encodeFrame(items: readonly Encoded[]): Buffer {
  const plain = packRecords(items);
  const packed = plain.length < WORTH_COMPRESSING_BYTES ? plain : zstdCompressSync(plain, plain.length < SMALL_BYTES ? ZSTD_SMALL : ZSTD);
  const codec = packed.length < plain.length ? Codec.ZSTD : Codec.NONE;
  const payload = codec === Codec.ZSTD ? packed : plain;
  const frame = Buffer.allocUnsafeSlow(FRAME_HEAD_BYTES + payload.length);
  writeHead(frame, contentsOf(items));
  frame[16] = FrameType.BATCH;
  frame[17] = codec;
  frame.writeUInt32LE(plain.length, 24);
  writeU64(frame, items[0]?.timeUs ?? 0, 48);
  frame.set(payload, FRAME_HEAD_BYTES);
  return frame;
}

export function encodeSeal(contents: Contents, frames: number): Buffer {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + 4);
  writeHead(frame, contents);
  frame[16] = FrameType.SEAL;
  frame.writeUInt32LE(4, 24);
  frame.writeUInt32LE(frames, FRAME_HEAD_BYTES);
  return frame;
}

export function encodeFiller(bytes: number): Buffer {
  const frame = Buffer.alloc(bytes);
  writeHead(frame, NOTHING);
  frame[16] = FrameType.FILLER;
  frame.writeUInt32LE(bytes - FRAME_HEAD_BYTES, 24);
  return frame;
}

/** How many frames the segment has that this seal ends. */
export function sealedFrames(seal: Buffer): number {
  return seal.readUInt32LE(FRAME_HEAD_BYTES);
}

export const SEAL_BYTES = FRAME_HEAD_BYTES + 4;

export function contentsOf(items: readonly Encoded[]): Contents {
  let sequenced = 0;
  let lowest = 0;
  let highest = 0;
  for (const { sequence } of items) {
    if (sequence === 0) continue;
    sequenced += 1;
    if (lowest === 0 || sequence < lowest) lowest = sequence;
    if (sequence > highest) highest = sequence;
  }
  return { records: items.length, sequenced, lowest, highest, flags: sequenced < items.length ? HAS_UNSEQUENCED : 0 };
}

export function addContents(sum: Contents, more: Contents): Contents {
  return {
    records: sum.records + more.records,
    sequenced: sum.sequenced + more.sequenced,
    lowest: sum.lowest === 0 || (more.lowest !== 0 && more.lowest < sum.lowest) ? more.lowest : sum.lowest,
    highest: Math.max(sum.highest, more.highest),
    flags: sum.flags | more.flags,
  };
}

export const NOTHING: Contents = { records: 0, sequenced: 0, lowest: 0, highest: 0, flags: 0 };

function writeHead(frame: Buffer, contents: Contents): void {
  frame.writeUInt32LE(MAGIC, 0);
  frame.writeUInt32LE(frame.length - FRAME_HEAD_BYTES, 4);
  frame.writeUInt16LE(contents.flags, 18);
  frame.writeUInt32LE(contents.records, 20);
  frame.writeUInt32LE(contents.sequenced, 28);
  writeU64(frame, contents.lowest, 32);
  writeU64(frame, contents.highest, 40);
  writeU64(frame, 0, 48);
}

/** Binds the frame to a segment; may be done again for another. */
export function stamp(frame: Buffer, segment: number): void {
  frame.writeUInt32LE(segment >>> 0, 12);
  frame.writeUInt32LE(crc32c(frame, CRC_FROM), CRC_AT);
}

/** The head at `at`, believed as it stands; undefined where no frame begins or its head is not all there. */
export function parseHead(bytes: Buffer, at: number): FrameHead | undefined {
  if (at + FRAME_HEAD_BYTES > bytes.length || bytes.readUInt32LE(at) !== MAGIC) return undefined;
  return {
    bytes: FRAME_HEAD_BYTES + bytes.readUInt32LE(at + 4),
    segment: bytes.readUInt32LE(at + 12),
    type: bytes[at + 16] as number,
    codec: bytes[at + 17] as number,
    flags: bytes.readUInt16LE(at + 18),
    records: bytes.readUInt32LE(at + 20),
    plainBytes: bytes.readUInt32LE(at + 24),
    sequenced: bytes.readUInt32LE(at + 28),
    lowest: readU64(bytes, at + 32),
    highest: readU64(bytes, at + 40),
    timeUs: readU64(bytes, at + 48),
  };
}

/** Whether a whole frame is as it was stamped for the segment. */
export function isSound(frame: Buffer, segment: number): boolean {
  return frame.readUInt32LE(12) === segment >>> 0 && frame.readUInt32LE(CRC_AT) === crc32c(frame, CRC_FROM);
}

/** The batch of a sound frame; its records are views into memory of their own. Throws RangeError where the payload is not what its head says. */
export function decodeFrame(frame: Buffer, head: FrameHead, origin: Origin): Batch<Encoded> {
  const payload = frame.subarray(FRAME_HEAD_BYTES, head.bytes);
  const plain = head.codec === Codec.ZSTD ? unpacked(payload, head.plainBytes) : Buffer.from(payload);
  if (plain.length !== head.plainBytes) throw new RangeError(`the frame holds ${plain.length} bytes instead of ${head.plainBytes}`);
  const items = unpackRecords(plain, head.records, origin);
  let bytes = 0;
  for (const item of items) bytes += item.bytes.length;
  return { items, bytes };
}

function unpacked(payload: Buffer, plainBytes: number): Buffer {
  try {
    return zstdDecompressSync(payload, { chunkSize: Math.max(64, plainBytes), maxOutputLength: plainBytes + 1 });
  } catch (cause) {
    throw new RangeError(`the frame cannot be decompressed: ${(cause as Error).message}`, { cause });
  }
}
