/** The reading half of avsc's cursor; beyond the end it yields zeros and empty strings. */
export interface ReadTap {
  readonly buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
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
