/*
 * A segment of the spool, version 1: what one run of the agent appended for one sink. Numbers are little endian.
 *
 *   segment = header frame* [seal]
 *   header  = 89 "FCS" 0d 0a 1a 0a · u32 CRC-32C of the rest of the header · u16 version · u16 bytes of the header · u64 number
 *             · u64 created, µs since the epoch · 16 bytes sink_id · 16 bytes agent_id · u16 bytes of format · format, ASCII
 *   frame   = one accepted batch, or the seal; see frame.ts
 *
 * The file is named by its number, twenty digits and ".seg". Numbers rise and none is used twice. `format` says what the records are (encoding and
 * schema fingerprints) to whoever delivers them: a segment may outlive the version that wrote it. A run never appends to a segment
 * of another: one agent_id and one format hold for the whole file.
 *
 * The seal comes last and says what the segment holds, so that opening a spool reads no more than the ends of its segments. Without one
 * (the writer was killed, the disk was full) the frames are counted one by one, and what follows the last sound frame is cut off as torn.
 */
import { crc32c } from '../../core/crc32c.ts';

const SEGMENT_MAGIC = Buffer.from('894643530d0a1a0a', 'hex');
const SEGMENT_VERSION = 1;
const FIXED_BYTES = 66;
/** Of the longest header. */
export const MAX_HEADER_BYTES = FIXED_BYTES + 255;
const CRC_AT = 8;
const CRC_FROM = 12;

export interface SegmentHeader {
  readonly number: number;
  readonly createdUs: number;
  readonly sinkId: Uint8Array;
  readonly agentId: Uint8Array;
  /** At most 255 ASCII characters. */
  readonly format: string;
}

export function isSegment(start: Uint8Array): boolean {
  return start.length >= SEGMENT_MAGIC.length && SEGMENT_MAGIC.equals(start.subarray(0, SEGMENT_MAGIC.length));
}

export function encodeHeader({ number, createdUs, sinkId, agentId, format }: SegmentHeader): Buffer {
  const name = Buffer.from(format.slice(0, 255), 'latin1');
  const header = Buffer.alloc(FIXED_BYTES + name.length);
  header.set(SEGMENT_MAGIC);
  header.writeUInt16LE(SEGMENT_VERSION, 12);
  header.writeUInt16LE(header.length, 14);
  writeU64(header, number, 16);
  writeU64(header, createdUs, 24);
  header.set(sinkId, 32);
  header.set(agentId, 48);
  header.writeUInt16LE(name.length, 64);
  header.set(name, FIXED_BYTES);
  header.writeUInt32LE(crc32c(header, CRC_FROM), CRC_AT);
  return header;
}

export type ParsedHeader =
  | { readonly what: 'header'; readonly header: SegmentHeader; readonly bytes: number }
  /** `torn`: the file ends within it. */
  | { readonly what: 'torn' | 'corrupt' }
  | { readonly what: 'too_new'; readonly version: number };

/** `start`: the first MAX_HEADER_BYTES of the file, or all of it. */
export function parseHeader(start: Buffer): ParsedHeader {
  if (!isSegment(start)) return { what: SEGMENT_MAGIC.subarray(0, start.length).equals(start) ? 'torn' : 'corrupt' };
  if (start.length < 16) return { what: 'torn' };
  const version = start.readUInt16LE(12);
  const bytes = start.readUInt16LE(14);
  if (version > SEGMENT_VERSION) return { what: 'too_new', version };
  if (start.length < Math.min(bytes, MAX_HEADER_BYTES)) return { what: 'torn' };
  const sound = bytes >= FIXED_BYTES && bytes <= start.length && crc32c(start.subarray(0, bytes), CRC_FROM) === start.readUInt32LE(CRC_AT);
  if (!sound) return { what: 'corrupt' };
  const header = {
    number: readU64(start, 16),
    createdUs: readU64(start, 24),
    sinkId: Buffer.from(start.subarray(32, 48)),
    agentId: Buffer.from(start.subarray(48, 64)),
    format: start.toString('latin1', FIXED_BYTES, bytes),
  };
  return { what: 'header', header, bytes };
}

const NAME = /^(\d{20})\.seg$/;

export function segmentName(number: number): string {
  return `${String(number).padStart(20, '0')}.seg`;
}

/** undefined where it is not the name of a segment. */
export function segmentNumber(name: string): number | undefined {
  const [, digits] = NAME.exec(name) ?? [];
  const number = Number(digits);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

const WORD = 2 ** 32;

/** A number that is exact in a double, without BigInt. */
export function writeU64(into: Buffer, value: number, at: number): void {
  into.writeUInt32LE(value % WORD, at);
  into.writeUInt32LE(Math.floor(value / WORD), at + 4);
}

export function readU64(from: Buffer, at: number): number {
  return from.readUInt32LE(at) + from.readUInt32LE(at + 4) * WORD;
}
