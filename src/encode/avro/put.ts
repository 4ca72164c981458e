/**
 * Avro's primitive encodings at a position of a buffer: zigzag varints, UTF-8 strings, bytes. Each returns the position after what it wrote. Beyond the end
 * of the buffer nothing is stored (typed arrays ignore such stores) and the position goes on: whoever gave the buffer checks it afterwards and
 * learns the size needed. Each throws a TypeError for a value that does not fit.
 */

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

/** Text, too, has a length and items. */
export function checkList(value: readonly unknown[]): void {
  if (!Array.isArray(value)) unfit();
}

export function checkMap(value: object): void {
  if (typeof value !== 'object' || Array.isArray(value)) unfit();
}

/** The branch of `["null", T]`. */
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

/** Up to here a loop beats the call into native code; also < 64, so that the length is one byte. */
const SHORT = 63;

/** Lone surrogates become U+FFFD, as UTF-8 demands. */
export function putString(buf: Buffer, at: number, value: string): number {
  if (typeof value !== 'string') unfit();
  const length = value.length;
  if (length > SHORT) return putAnyString(buf, at, value);
  const start = at + 1;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) return putAnyString(buf, at, value);
    buf[start + i] = code;
  }
  buf[at] = length << 1;
  return start + length;
}

function putAnyString(buf: Buffer, at: number, value: string): number {
  const size = Buffer.byteLength(value);
  const start = putLong(buf, at, size);
  if (start + size <= buf.length) buf.write(value, start, size, 'utf8');
  return start + size;
}

// oxlint-disable-next-line max-params -- one call for each id of each event
export function putFixed(buf: Buffer, at: number, value: Uint8Array, size: number): number {
  if (!(value instanceof Uint8Array) || value.length !== size) unfit();
  return putRaw(buf, at, value);
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
  const end = at + size;
  if (size <= SMALL_BYTES) for (let i = 0; i < size; i++) buf[at + i] = value[i] as number;
  else if (end <= buf.length) buf.set(value, at);
  return end;
}
