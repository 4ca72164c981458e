/*
 * The records of a frame, before compression. Like things lie together, which is what makes them small.
 *
 *   block  = u8 names · name* · index* · sequence* · time* · size* · bytes*
 *   name   = u8 stream (0 process, 1 agent) · u8 length · kind, ASCII
 *   index  = u8, one a record: its name
 *   sequence, time = varint, one a record: zigzag of the difference to the one before; of the first, to 0. A record without sequence has 0 there and
 *            is not "the one before"
 *   size   = varint, one a record: its bytes
 *
 * varint: seven bits a byte, the lowest first, the top bit set where more follow. zigzag: n ≥ 0 as 2n, n < 0 as −2n − 1.
 */
import type { Encoded, Origin } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';

const MAX_NAMES = 255;
const MAX_VARINT_BYTES = 8;
/** What one record needs besides its bytes, at most: index, sequence, time, size. */
const MAX_OVERHEAD_BYTES = 1 + 3 * MAX_VARINT_BYTES;
/** A larger scratch is not kept. */
const KEPT_BYTES = 1 << 20;

let scratch = Buffer.allocUnsafe(256 << 10);
let numbers = new Float64Array(3 * 1024);

/** The block, as a view that the next call overwrites. Throws RangeError where there are more names than a block can have. */
export function packRecords(items: readonly Encoded[]): Buffer {
  const out = room(items);
  let at = packNames(items, out);
  let before = 0;
  for (const { sequence } of items) {
    at = putSigned(out, at, sequence - before);
    if (sequence !== 0) before = sequence;
  }
  before = 0;
  for (const { timeUs } of items) {
    at = putSigned(out, at, timeUs - before);
    before = timeUs;
  }
  for (const { bytes } of items) at = putVarint(out, at, bytes.length);
  for (const { bytes } of items) {
    out.set(bytes, at);
    at += bytes.length;
  }
  return out.subarray(0, at);
}

function room(items: readonly Encoded[]): Buffer {
  let needed = 1 + MAX_NAMES * 257 + items.length * MAX_OVERHEAD_BYTES;
  for (const { bytes } of items) needed += bytes.length;
  if (scratch.length < needed) {
    const larger = Buffer.allocUnsafeSlow(needed);
    if (needed > KEPT_BYTES) return larger;
    scratch = larger;
  }
  return scratch;
}

/** Writes names and indexes; returns where they end. */
function packNames(items: readonly Encoded[], out: Buffer): number {
  const streams: RecordStream[] = [];
  const kinds: string[] = [];
  // Written behind the largest table there can be, and moved to its end.
  const indexes = 1 + MAX_NAMES * 257;
  let index = -1;
  for (let i = 0; i < items.length; i += 1) {
    const { stream, kind } = items[i] as Encoded;
    if (index < 0 || kinds[index] !== kind || streams[index] !== stream) {
      for (index = 0; index < kinds.length && !(kinds[index] === kind && streams[index] === stream);) index += 1;
      if (index === kinds.length) {
        if (index === MAX_NAMES) throw new RangeError(`more than ${MAX_NAMES} kinds in one batch`);
        kinds.push(kind);
        streams.push(stream);
      }
    }
    out[indexes + i] = index;
  }
  let at = 1;
  out[0] = kinds.length;
  for (let i = 0; i < kinds.length; i += 1) {
    const kind = (kinds[i] as string).slice(0, 255);
    out[at] = streams[i] === 'agent' ? 1 : 0;
    out[at + 1] = kind.length;
    at += 2 + out.write(kind, at + 2, 'latin1');
  }
  out.copyWithin(at, indexes, indexes + items.length);
  return at + items.length;
}

function putSigned(out: Buffer, at: number, value: number): number {
  return putVarint(out, at, value < 0 ? -2 * value - 1 : 2 * value);
}

function putVarint(out: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 128) {
    out[at] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
    at += 1;
  }
  out[at] = rest;
  return at + 1;
}

interface Name {
  readonly stream: RecordStream;
  readonly kind: string;
}

/** `count` records whose bytes are views into `block`. Throws RangeError where it is no block of so many. */
export function unpackRecords(block: Buffer, count: number, origin: Origin): Encoded[] {
  const names: Name[] = [];
  const indexes = unpackNames(block, names);
  const columns = unpackColumns(block, indexes + count, count);
  const items: Encoded[] = [];
  let at = columns.end;
  for (let i = 0; i < count; i += 1) {
    const name = names[block[indexes + i] as number];
    const end = at + (numbers[2 * count + i] as number);
    if (name === undefined || end > block.length) throw new RangeError('a record of the frame has no name or no bytes');
    items.push({
      stream: name.stream,
      kind: name.kind,
      sequence: numbers[i] as number,
      timeUs: numbers[count + i] as number,
      bytes: block.subarray(at, end),
      origin,
    });
    at = end;
  }
  if (at !== block.length) throw new RangeError(`${block.length - at} bytes of the frame belong to no record`);
  return items;
}

function unpackNames(block: Buffer, names: Name[]): number {
  let at = 1;
  for (let left = block[0] ?? 0; left > 0; left -= 1) {
    const length = block[at + 1] ?? 0;
    names.push({ stream: block[at] === 1 ? 'agent' : 'process', kind: block.toString('latin1', at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return at;
}

/** Sequences, times and sizes into `numbers`, one column behind the other; returns where they end. */
function unpackColumns(block: Buffer, from: number, count: number): { readonly end: number } {
  if (numbers.length < 3 * count) numbers = new Float64Array(3 * count);
  const cursor = { at: from, end: from };
  let before = 0;
  for (let i = 0; i < count; i += 1) {
    const value = before + takeSigned(block, cursor);
    numbers[i] = value;
    if (value !== 0) before = value;
  }
  before = 0;
  for (let i = count; i < 2 * count; i += 1) {
    before += takeSigned(block, cursor);
    numbers[i] = before;
  }
  for (let i = 2 * count; i < 3 * count; i += 1) numbers[i] = takeVarint(block, cursor);
  cursor.end = cursor.at;
  return cursor;
}

function takeSigned(block: Buffer, cursor: { at: number }): number {
  const value = takeVarint(block, cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function takeVarint(block: Buffer, cursor: { at: number }): number {
  let byte = block[cursor.at++];
  if (byte === undefined) throw new RangeError('the frame ends within its columns');
  if (byte < 128) return byte;
  let value = byte - 128;
  for (let scale = 128; byte >= 128; scale *= 128) {
    byte = block[cursor.at++];
    if (byte === undefined || scale > 2 ** 49) throw new RangeError('a number of the frame has no end');
    value += (byte & 127) * scale;
  }
  return value;
}
