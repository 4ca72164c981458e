/**
 * Reads Snappy's raw format, laid out in `snappy.ts`. Input may be damaged in any way.
 */
const BYTE = 7;

/** Throws RangeError where the input is damaged or holds more than `maxBytes`. */
export function snappyDecompress(packed: Uint8Array, maxBytes: number): Buffer {
  const reader = new Reader(packed);
  const size = reader.size();
  if (size > maxBytes) throw new RangeError(`it claims to hold ${size} bytes, more than ${maxBytes}`);
  const content = Buffer.allocUnsafe(size);
  let at = 0;
  while (reader.isMore) {
    const tag = reader.number(1);
    at = (tag & 3) === 0 ? copyLiteral(content, at, reader.literal(tag >> 2)) : copyBack(content, at, backOf(reader, tag));
  }
  if (at !== size) throw new RangeError(`it holds ${at} of the ${size} bytes that it claims`);
  return content;
}

interface Back {
  readonly length: number;
  readonly back: number;
}

function backOf(reader: Reader, tag: number): Back {
  switch (tag & 3) {
    case 1:
      return { length: 4 + ((tag >> 2) & 7), back: ((tag >> 5) << 8) | reader.number(1) };
    case 2:
      return { length: 1 + (tag >> 2), back: reader.number(2) };
    default:
      return { length: 1 + (tag >> 2), back: reader.number(4) };
  }
}

function copyLiteral(content: Buffer, at: number, literal: Uint8Array): number {
  checkRoom(content, at, literal.length);
  content.set(literal, at);
  return at + literal.length;
}

/** Byte by byte: what is copied may begin within what is written. */
function copyBack(content: Buffer, at: number, { length, back }: Back): number {
  checkRoom(content, at, length);
  if (back === 0 || back > at) throw new RangeError('a copy from before its beginning');
  for (const end = at + length; at < end; at++) content[at] = content[at - back] as number;
  return at;
}

function checkRoom(content: Buffer, at: number, length: number): void {
  if (at + length > content.length) throw new RangeError(`it holds more than the ${content.length} bytes that it claims`);
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isMore(): boolean {
    return this.#at < this.#bytes.length;
  }

  size(): number {
    let size = 0;
    for (let shift = 0; shift < 5 * BYTE; shift += BYTE) {
      const byte = this.number(1);
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return size;
    }
    throw new RangeError('a size beyond all bounds');
  }

  /** Of so many bytes, little-endian. */
  number(bytes: number): number {
    const start = this.#at;
    if (start + bytes > this.#bytes.length) throw new RangeError('it ends too early');
    this.#at = start + bytes;
    return bytes === 1 ? (this.#bytes[start] as number) : this.#bytes.readUIntLE(start, bytes);
  }

  /** @param length less one; from 60 on, it is in as many bytes as it is more than 59 */
  literal(length: number): Uint8Array {
    const size = 1 + (length < 60 ? length : this.number(length - 59));
    const start = this.#at;
    if (start + size > this.#bytes.length) throw new RangeError('it ends too early');
    this.#at = start + size;
    return this.#bytes.subarray(start, this.#at);
  }
}
