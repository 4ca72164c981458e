/**
 * Avro's primitive encodings at a position of a buffer: zigzag varints, UTF-8 strings, bytes. Each returns the position after what it wrote, and throws a
 * TypeError for a value that does not fit.
 *
 * What is of any length looks for room, and throws NO_ROOM where RESERVE bytes would not be left behind it. What is of bounded length does not: all of that in a
 * record takes less than RESERVE. So no store is ever beyond the end of the buffer, which would make all later ones slower (by a third).
 */

/** Of one record, no more than this is written without a look for room. */
export const RESERVE = 2048;

/** Thrown without a stack: the record is written anew, to a greater buffer. */
export const NO_ROOM = Object.freeze({ message: 'the buffer is too small' });

function checkRoom(buf: Buffer, at: number, size: number): void {
  // oxlint-disable-next-line typescript/only-throw-error -- a signal to the caller, thousands of times a second
  if (at + size + RESERVE > buf.length) throw NO_ROOM;
}

/** Zigzag doubles the value: below this it stays within 31 bits and integer arithmetic. */
const SMALL = 2 ** 30;
/** Below it a double cannot hold the zigzagged number. */
const LONG_MIN = -(2 ** 52);
/** A varint of four bytes: what is left of 54 bits behind them fits into an integer. */
const FOUR_BYTES = 2 ** 28;

/** Names neither value nor field: finding the field is slow and left to whoever reports it. */
export function unfit(): never {
  throw new TypeError('value does not fit its Avro type');
}

export const isLong = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= LONG_MIN;

/** A safe integer ≥ −2^52: what lies below cannot be zigzagged exactly in a double. */
export function putLong(buf: Buffer, at: number, value: number): number {
  if ((value | 0) === value && value >= -SMALL && value < SMALL) return putVarint(buf, at, (value << 1) ^ (value >> 31));
  if (!isLong(value)) unfit();
  return putWide(buf, at, value >= 0 ? value * 2 : -value * 2 - 1);
}

/** @param rest an integer from 0 to 2^31 − 1 */
function putVarint(buf: Buffer, at: number, rest: number): number {
  while (rest > 0x7f) {
    buf[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buf[at++] = rest;
  return at;
}

/** @param zigzag up to 2^54 */
function putWide(buf: Buffer, at: number, zigzag: number): number {
  // Bitwise operators take a number modulo 2^32, however great it is.
  const low = zigzag & (FOUR_BYTES - 1);
  buf[at] = low | 0x80;
  buf[at + 1] = (low >>> 7) | 0x80;
  buf[at + 2] = (low >>> 14) | 0x80;
  buf[at + 3] = (low >>> 21) | 0x80;
  return putVarint(buf, at + 4, (zigzag - low) / FOUR_BYTES);
}

export function putInt(buf: Buffer, at: number, value: number): number {
  if ((value | 0) !== value) unfit();
  if (value >= -SMALL && value < SMALL) return putVarint(buf, at, (value << 1) ^ (value >> 31));
  return putWide(buf, at, value >= 0 ? value * 2 : -value * 2 - 1);
}

/** @param itemBytes what of an item is of bounded length */
// oxlint-disable-next-line max-params -- one call for each list of each event
export function putListHead(buf: Buffer, at: number, value: readonly unknown[], itemBytes: number): number {
  // Text, too, has a length and items.
  if (!Array.isArray(value)) unfit();
  const count = value.length;
  checkRoom(buf, at, count * itemBytes);
  return count === 0 ? at : putLong(buf, at, count);
}

/** @param valueBytes what of a value is of bounded length */
// oxlint-disable-next-line max-params -- as for lists
export function putMapHead(buf: Buffer, at: number, value: object, valueBytes: number): number {
  if (typeof value !== 'object' || Array.isArray(value)) unfit();
  return putListHead(buf, at, Object.keys(value), valueBytes);
}

/** The branch of `["null", T]`, and the end of a list or map. */
export function putNull(buf: Buffer, at: number): number {
  buf[at] = 0;
  return at + 1;
}

/** The other branch; the value follows. */
export function putPresent(buf: Buffer, at: number): number {
  buf[at] = 2;
  return at + 1;
}

export function putBoolean(buf: Buffer, at: number, value: boolean): number {
  if (typeof value !== 'boolean') unfit();
  buf[at] = value ? 1 : 0;
  return at + 1;
}

/** What Buffer has besides its documented `write`, which takes twice as long. */
interface Utf8Writer {
  /** The number of bytes written, of `room` at most. */
  utf8Write(text: string, at: number, room: number): number;
}

/** Up to here a loop beats the call into native code. */
const SHORT = 16;
/** No UTF-16 unit takes more in UTF-8. */
const MAX_UNIT_BYTES = 3;
/** From here on a length takes two bytes, and from there three. */
const TWO_BYTES = 2 ** 6;
const THREE_BYTES = 2 ** 13;

/** Lone surrogates become U+FFFD, as UTF-8 demands. */
export function putString(buf: Buffer, at: number, value: string): number {
  if (typeof value !== 'string') unfit();
  const length = value.length;
  if (length > SHORT) return putLongString(buf, at, value);
  checkRoom(buf, at, length + 1);
  const start = at + 1;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) return putLongString(buf, at, value);
    buf[start + i] = code;
  }
  buf[at] = length << 1;
  return start + length;
}

/** Written at once to where it belongs if it is ASCII, or its length takes no more bytes for what it has besides. */
function putLongString(buf: Buffer, at: number, value: string): number {
  const length = value.length;
  const room = length * MAX_UNIT_BYTES;
  const start = at + (length < TWO_BYTES ? 1 : length < THREE_BYTES ? 2 : 3);
  checkRoom(buf, start, room);
  const size = (buf as unknown as Utf8Writer).utf8Write(value, start, room);
  const right = putLong(buf, at, size);
  return right === start ? start + size : right + (buf as unknown as Utf8Writer).utf8Write(value, right, room);
}

// oxlint-disable-next-line max-params -- one call for each id of each event
export function putFixed(buf: Buffer, at: number, value: Uint8Array, size: number): number {
  if (!(value instanceof Uint8Array) || value.length !== size) unfit();
  for (let i = 0; i < size; i++) buf[at + i] = value[i] as number;
  return at + size;
}

export function putBytes(buf: Buffer, at: number, value: Uint8Array): number {
  if (!(value instanceof Uint8Array)) unfit();
  return putRaw(buf, putLong(buf, at, value.length), value);
}

/** A loop: for the sizes of ids it beats the call of `set`. */
const SMALL_BYTES = 32;

/** Bytes as they are. */
export function putRaw(buf: Buffer, at: number, value: Uint8Array): number {
  const size = value.length;
  checkRoom(buf, at, size);
  if (size <= SMALL_BYTES) for (let i = 0; i < size; i++) buf[at + i] = value[i] as number;
  else buf.set(value, at);
  return at + size;
}
