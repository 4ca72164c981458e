import type { Batch } from '../../src/core/batch.ts';
import type { Encoded } from '../../src/core/encoded.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import { enrichedEvents } from './enricher.ts';

const CORPUS_CYCLES = 10_000;

export interface RecordShape {
  readonly perBatch: number;
  /** Bytes of a record; as encoded where absent. */
  readonly bytes?: number;
}

/** About 30,000 records of FORK, EXEC and EXIT in equal parts, cut or filled to one size where that is asked for. */
export function batchesOf({ perBatch, bytes }: RecordShape): Batch<Encoded>[] {
  const encoder = createAvroEncoder();
  const records = enrichedEvents(CORPUS_CYCLES).map((event) => sized(encoder.encode(event), bytes));
  const batches: Batch<Encoded>[] = [];
  for (let from = 0; from + perBatch <= records.length; from += perBatch) {
    const items = records.slice(from, from + perBatch);
    batches.push({ items, bytes: items.reduce((sum, item) => sum + item.bytes.length, 0) });
  }
  return batches;
}

function sized(record: Encoded, bytes: number | undefined): Encoded {
  if (bytes === undefined) return record;
  const fitted = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += record.bytes.length) fitted.set(record.bytes.subarray(0, bytes - at), at);
  return { ...record, bytes: fitted };
}
