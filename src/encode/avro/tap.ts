/**
 * Avro's primitive encodings on avsc's cursor (`Tap`): zigzag varints, UTF-8 strings, bytes. Like avsc's own, the writers advance `pos`
 * beyond the end of a full buffer without storing (typed arrays ignore such stores): whoever gave the buffer checks `pos` afterwards and
 * learns the size needed.
 */
export interface Tap {
  buf: Buffer;
  pos: number;
}

/** The reading half of avsc's cursor; beyond the end it yields zeros and empty strings. */
export interface ReadTap extends Tap {
  readLong(): number;
  skipLong(): void;
  readString(): string;
}

/** Zigzag doubles the value: below this it stays within 31 bits and integer arithmetic. */
const SMALL = 2 ** 30;

/** A safe integer ≥ −2^52 (what lies below cannot be zigzagged exactly in a double). */
export function writeLong(tap: Tap, value: number): void {
  const buf = tap.buf;
  let pos = tap.pos;
  let rest: number;
  if (value >= -SMALL && value < SMALL) {
    rest = (value << 1) ^ (value >> 31);
  } else {
    let wide = value >= 0 ? value * 2 : -value * 2 - 1;
    while (wide >= 2 ** 31) {
      buf[pos++] = (wide % 128) | 0x80;
      wide = Math.floor(wide / 128);
    }
    rest = wide;
  }
  while (rest > 0x7f) {
    buf[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buf[pos++] = rest;
  tap.pos = pos;
}

/** Up to here a loop beats the call into native code; also < 64, so that the length is one byte. */
const SHORT = 48;

/** Lone surrogates become U+FFFD, as UTF-8 demands. */
export function writeString(tap: Tap, value: string): void {
  const length = value.length;
  if (length > SHORT) return writeAnyString(tap, value);
  const buf = tap.buf;
  const start = tap.pos + 1;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) return writeAnyString(tap, value);
    buf[start + i] = code;
  }
  buf[start - 1] = length << 1;
  tap.pos = start + length;
}

function writeAnyString(tap: Tap, value: string): void {
  const size = Buffer.byteLength(value);
  writeLong(tap, size);
  if (tap.pos + size <= tap.buf.length) tap.buf.write(value, tap.pos, size, 'utf8');
  tap.pos += size;
}

export function writeFixed(tap: Tap, value: Uint8Array): void {
  const size = value.length;
  const pos = tap.pos;
  tap.pos = pos + size;
  if (tap.pos > tap.buf.length) return;
  const buf = tap.buf;
  if (size > 32) buf.set(value, pos);
  else for (let i = 0; i < size; i++) buf[pos + i] = value[i] as number;
}

export function writeBytes(tap: Tap, value: Uint8Array): void {
  writeLong(tap, value.length);
  writeFixed(tap, value);
}

/**
 * The number of items in the next block of an array or map, 0 at its end. Every item of ours takes at least a byte: a greater count than
 * bytes left is a torn or damaged input, and puts the cursor beyond the end, which is how avsc knows a truncated value.
 */
export function readBlockCount(tap: ReadTap): number {
  let count = tap.readLong();
  if (count < 0) {
    count = -count;
    tap.skipLong();
  }
  if (count <= tap.buf.length - tap.pos) return count;
  tap.pos = tap.buf.length + 1;
  return 0;
}
