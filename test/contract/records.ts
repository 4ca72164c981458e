import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import type { RecordStream } from '../../src/core/event.ts';

/** Sequence (8 bytes), size of the whole record (4 bytes), filling. */
const LEAST = 12;

/** A record that can be told again after a way through files and queues. */
export function record(sequence: number, size = 16, stream: RecordStream = 'process'): Encoded {
  const bytes = Buffer.alloc(Math.max(size, LEAST), sequence % 251);
  bytes.writeDoubleBE(sequence, 0);
  bytes.writeUInt32BE(bytes.length, 8);
  return { stream, kind: stream === 'agent' ? 'GAP' : 'EXEC', sequence, timeUs: 1_700_000_000_000_000 + sequence, bytes };
}

/** The sequences of records that lie one behind the other. Throws when a record is damaged. */
export function sequencesIn(body: Buffer): number[] {
  const found: number[] = [];
  for (let offset = 0; offset < body.length;) {
    const sequence = body.readDoubleBE(offset);
    const size = body.readUInt32BE(offset + 8);
    const filling = body.subarray(offset + LEAST, offset + size);
    if (filling.length !== size - LEAST || filling.some((byte) => byte !== sequence % 251))
      throw new Error(`record ${sequence} is damaged`);
    found.push(sequence);
    offset += size;
  }
  return found;
}

export function batchOf(...items: Encoded[]): Batch<Encoded> {
  return { items, bytes: items.reduce((sum, item) => sum + item.bytes.length, 0) };
}

/** Records `from` to `to`, inclusive. */
export function batch(from: number, to: number, size = 16): Batch<Encoded> {
  return batchOf(...Array.from({ length: to - from + 1 }, (_, index) => record(from + index, size)));
}

/** Sequences of a batch. */
export function sequences(b: Batch<Encoded> | undefined): number[] {
  return b === undefined ? [] : b.items.map((item) => item.sequence);
}
