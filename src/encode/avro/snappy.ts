/**
 * Snappy's raw format (no library of it is both small and well kept):
 *
 *     stream  = size of the content: varint | element*
 *     element = tag ≡ 0 mod 4: literal; length − 1 = tag / 4, or from 60 on in the next (tag / 4) − 59 bytes | its bytes
 *             | tag ≡ 1: copy of 4 + (tag / 4) mod 8 bytes from (tag / 32) × 256 + next byte before here
 *             | tag ≡ 2: copy of 1 + tag / 4 bytes from as far before as the next two bytes say
 *             | tag ≡ 3: the same with four bytes
 *
 * Numbers are little-endian. A copy may reach into what it writes itself.
 */
const HASH_BITS = 14;
/** 2^32 divided by the golden ratio: spreads neighbours. */
const SPREAD = 0x9e3779b1;
const EMPTY = -1;

const SHORTEST_COPY = 4;
const LONGEST_COPY = 64;
/** Two bytes hold no longer way back. */
const FARTHEST = 65_535;
/** One byte and three bits. */
const NEAR = 2048;
const LONGEST_NEAR_COPY = 11;
/** After so many bytes without a match, every second is tried, after twice as many every third. */
const PATIENCE_BITS = 5;

const positions = new Int32Array(2 ** HASH_BITS);

/** @param bytes 2^31 − 1 of them at most */
export function snappyCompress(bytes: Uint8Array): Buffer {
  const writer = new Elements(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const last = bytes.length - SHORTEST_COPY;
  positions.fill(EMPTY);
  let unwritten = 0;
  let at = 0;
  while (at <= last) {
    const word = view.getInt32(at, true);
    const slot = Math.imul(word, SPREAD) >>> (32 - HASH_BITS);
    const earlier = positions[slot] as number;
    positions[slot] = at;
    if (earlier === EMPTY || at - earlier > FARTHEST || view.getInt32(earlier, true) !== word) {
      at += 1 + ((at - unwritten) >> PATIENCE_BITS);
      continue;
    }
    const end = endOfMatch(bytes, earlier + SHORTEST_COPY, at + SHORTEST_COPY);
    writer.literal(unwritten, at);
    writer.copy(end - at, at - earlier);
    at = end;
    unwritten = end;
  }
  writer.literal(unwritten, bytes.length);
  return writer.written();
}

function endOfMatch(bytes: Uint8Array, earlier: number, at: number): number {
  const length = bytes.length;
  while (at < length && bytes[at] === bytes[earlier]) {
    at += 1;
    earlier += 1;
  }
  return at;
}

class Elements {
  readonly #from: Uint8Array;
  readonly #to: Buffer;
  #at = 0;

  constructor(from: Uint8Array) {
    this.#from = from;
    // Of literals only, which are longest where each is as short as a copy lets it be: five bytes and a tag before a copy that saves one.
    this.#to = Buffer.allocUnsafe(32 + from.length + Math.ceil(from.length / 6));
    let size = from.length;
    for (; size > 0x7f; size >>>= 7) this.#byte((size & 0x7f) | 0x80);
    this.#byte(size);
  }

  literal(start: number, end: number): void {
    if (start === end) return;
    const length = end - start - 1;
    if (length < 60) this.#byte(length << 2);
    else {
      const bytes = length < 2 ** 8 ? 1 : length < 2 ** 16 ? 2 : length < 2 ** 24 ? 3 : 4;
      this.#byte((59 + bytes) << 2);
      this.#at = this.#to.writeUIntLE(length, this.#at, bytes);
    }
    this.#to.set(this.#from.subarray(start, end), this.#at);
    this.#at += end - start;
  }

  copy(length: number, back: number): void {
    // No rest is shorter than a copy may be in the short form.
    for (; length >= LONGEST_COPY + SHORTEST_COPY; length -= LONGEST_COPY) this.#farCopy(LONGEST_COPY, back);
    if (length > LONGEST_COPY) {
      this.#farCopy(LONGEST_COPY - SHORTEST_COPY, back);
      length -= LONGEST_COPY - SHORTEST_COPY;
    }
    if (length > LONGEST_NEAR_COPY || back >= NEAR) return this.#farCopy(length, back);
    this.#byte(1 | ((length - SHORTEST_COPY) << 2) | ((back >> 8) << 5));
    this.#byte(back & 0xff);
  }

  #farCopy(length: number, back: number): void {
    this.#byte(2 | ((length - 1) << 2));
    this.#byte(back & 0xff);
    this.#byte(back >> 8);
  }

  #byte(value: number): void {
    this.#to[this.#at++] = value;
  }

  written(): Buffer {
    return this.#to.subarray(0, this.#at);
  }
}
