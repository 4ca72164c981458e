import { putLong } from './put.ts';

/** The parts of a container file around the blocks; `ocf.ts` has the layout. */
export const SYNC_BYTES = 16;

const MAGIC = Uint8Array.of(0x4f, 0x62, 0x6a, 0x01);

export const hasOcfMagic = (bytes: Uint8Array): boolean => bytes.length >= MAGIC.length && startsLikeOcf(bytes);

/** Whether what there is of the magic is there: a file may end within it. */
export const startsLikeOcf = (bytes: Uint8Array): boolean => MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte);

export function longBytes(value: number): Uint8Array {
  const buf = Buffer.alloc(10);
  return buf.subarray(0, putLong(buf, 0, value));
}

const prefixed = (bytes: Uint8Array): Uint8Array => Buffer.concat([longBytes(bytes.length), bytes]);

export function ocfHeader(meta: Readonly<Record<string, string>>, sync: Uint8Array): Uint8Array {
  const entries = Object.entries(meta);
  const pairs = entries.flatMap(([key, value]) => [prefixed(Buffer.from(key)), prefixed(Buffer.from(value))]);
  return Buffer.concat([MAGIC, longBytes(entries.length), ...pairs, longBytes(0), sync]);
}

/** The bytes at hand end within what is being read, which takes `needed` of them at least. */
export class EndOfBytes extends Error {
  readonly needed: number;

  constructor(needed: number) {
    super(`ends before byte ${needed}`);
    this.needed = needed;
  }
}

/** Reads Avro primitives off bytes that may be cut short or damaged: throws EndOfBytes or RangeError. */
export class Cursor {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  long(): number {
    let zigzag = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new EndOfBytes(this.at);
      zigzag += (byte & 0x7f) * scale;
      if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      scale *= 128;
    }
    throw new RangeError('a count or size beyond all bounds');
  }

  slice(length: number): Buffer {
    if (length < 0) throw new RangeError('a negative size');
    if (this.at + length > this.bytes.length) throw new EndOfBytes(this.at + length);
    return this.bytes.subarray(this.at, (this.at += length));
  }
}

export interface OcfHeader {
  readonly meta: ReadonlyMap<string, Buffer>;
  readonly sync: Buffer;
  /** Size of the header. */
  readonly length: number;
}

/** Ours have five entries around a schema of some 25 KB: what claims to be beyond these is damage or not ours. */
export const MAX_HEADER_BYTES = 1024 * 1024;
const MAX_META_ENTRIES = 1000;

/** Throws EndOfBytes when `bytes` hold only a part of it and RangeError when it is no such header. */
export function parseOcfHeader(bytes: Uint8Array): OcfHeader {
  const cursor = new Cursor(bytes);
  if (!hasOcfMagic(cursor.slice(4))) throw new RangeError('it does not begin with "Obj" 01');
  const meta = new Map<string, Buffer>();
  let entries = 0;
  for (let count = cursor.long(); count !== 0; count = cursor.long()) {
    entries += Math.abs(count);
    if (entries > MAX_META_ENTRIES)
      throw new RangeError(`more than ${MAX_META_ENTRIES} metadata entries, at byte ${cursor.at} of its header`);
    if (count < 0) cursor.long();
    for (let i = Math.abs(count); i > 0; i--) meta.set(cursor.slice(cursor.long()).toString(), Buffer.from(cursor.slice(cursor.long())));
  }
  const sync = Buffer.from(cursor.slice(SYNC_BYTES));
  return { meta, sync, length: cursor.at };
}
