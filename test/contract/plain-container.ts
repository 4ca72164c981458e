import type { RecordContainer } from '../../src/core/container.ts';
import { sequencesIn } from './records.ts';

const MARKER = 16;

/**
 * The simplest container there can be: `PLAIN`, u32 length, metadata as JSON, marker; then blocks of u32 count, u32 length, body, marker.
 */
export const plainContainer: RecordContainer = {
  extension: 'plain',

  header(meta, sync) {
    const json = Buffer.from(JSON.stringify(meta));
    return Buffer.concat([Buffer.from('PLAIN'), u32(json.length), json, sync]);
  },

  block(count, body, sync) {
    return Promise.resolve(Buffer.concat([u32(count), u32(body.length), body, sync]));
  },

  wholeBytes(read, size) {
    const start = Buffer.from(read(0, 9));
    if (start.length < 9) return undefined;
    let whole = 9 + start.readUInt32BE(5) + MARKER;
    if (whole > size) return undefined;
    const marker = Buffer.from(read(whole - MARKER, MARKER));
    for (;;) {
      const head = Buffer.from(read(whole, 8));
      if (head.length < 8) return whole;
      const next = whole + 8 + head.readUInt32BE(4) + MARKER;
      if (next > size || !marker.equals(read(next - MARKER, MARKER))) return whole;
      whole = next;
    }
  },
};

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export interface PlainFile {
  readonly meta: Record<string, string>;
  /** Sequences, block by block. */
  readonly blocks: number[][];
  /** Bytes behind the last whole block. */
  readonly torn: number;
}

export function readPlain(file: Buffer): PlainFile {
  const metaEnd = 9 + file.readUInt32BE(5);
  const whole = plainContainer.wholeBytes((offset, length) => file.subarray(offset, offset + length), file.length);
  if (whole === undefined) throw new Error('the header is not whole');
  const blocks: number[][] = [];
  for (let offset = metaEnd + MARKER; offset < whole;) {
    const length = file.readUInt32BE(offset + 4);
    const found = sequencesIn(file.subarray(offset + 8, offset + 8 + length));
    if (found.length !== file.readUInt32BE(offset)) throw new Error('the count of a block is wrong');
    blocks.push(found);
    offset += 8 + length + MARKER;
  }
  return { meta: JSON.parse(file.subarray(9, metaEnd).toString()) as Record<string, string>, blocks, torn: file.length - whole };
}
