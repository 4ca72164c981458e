import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import type { RecordStream } from '../../src/core/event.ts';

/** A record whose bytes begin with its sequence, so that it can be told again after a way through files and queues. */
export function record(sequence: number, size = 16, stream: RecordStream = 'process'): Encoded {
  const bytes = Buffer.alloc(Math.max(size, 8), sequence % 251);
  bytes.writeDoubleBE(sequence, 0);
  return { stream, kind: stream === 'agent' ? 'GAP' : 'EXEC', sequence, timeUs: 1_700_000_000_000_000 + sequence, bytes };
}

export function sequenceOf(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readDoubleBE(0);
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
