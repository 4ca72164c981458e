/** Zigzag varints and small copies, on a buffer that has room: each writer returns the position behind what it wrote. */

const SMALL = 2 ** 30;
/** Up to here a loop beats the call into native code. */
const SHORT = 32;

/** Of a safe integer. */
export function sizeOfVarint(value: number): number {
  let rest = value >= 0 ? value * 2 : -value * 2 - 1;
  let size = 1;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** A safe integer whose double is one. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest: number;
  if (value >= -SMALL && value < SMALL) {
    rest = (value << 1) ^ (value >> 31);
  } else {
    rest = value >= 0 ? value * 2 : -value * 2 - 1;
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 0x80;
  }
  for (; rest > 0x7f; rest >>>= 7) target[at++] = (rest & 0x7f) | 0x80;
  target[at++] = rest;
  return at;
}

export function writeBytes(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length > SHORT) target.set(bytes, at);
  else for (let i = 0; i < length; i += 1) target[at + i] = bytes[i] as number;
  return at + length;
}

/** How many decimal digits a natural number has. */
export function digits(value: number): number {
  let count = 1;
  for (let limit = 10; value >= limit; limit *= 10) count += 1;
  return count;
}

export function writeDecimal(target: Uint8Array, at: number, value: number): number {
  const end = at + digits(value);
  let rest = value;
  for (let i = end - 1; i >= at; i -= 1) {
    const tens = Math.floor(rest / 10);
    // In this order: 48 more than the largest safe integers would be rounded.
    target[i] = rest - tens * 10 + 48;
    rest = tens;
  }
  return end;
}
