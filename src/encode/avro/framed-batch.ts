import { readFramedRecord } from './framed-record.ts';
import type { FramedHeaders, FramedRecord } from './framed-record.ts';

/**
 * A message that holds several records of one schema, each framed as it would be alone (see `readFramedRecord`):
 *
 *     4 bytes length, big-endian | framed record | 4 bytes length | …
 *
 * Its headers say `content-type: …; framing=<framing>; batch=uint32` and `events: <number of records>`.
 */
const LENGTH_BYTES = 4;
const BATCH = /;\s*batch=([^;\s]*)/;

export interface FramedMessageHeaders extends FramedHeaders {
  /** How many records there are, of a batch; undefined: that header is not there. */
  readonly events: string | undefined;
}

/** The records of a message, be it one or a batch of them; one that is cut short ends with what is `damaged` about it. */
export function readFramedMessage(value: Buffer, headers: FramedMessageHeaders): readonly FramedRecord[] {
  const { schema, contentType, events } = headers;
  const batch = schema === undefined || contentType === undefined ? null : BATCH.exec(contentType);
  if (batch === null) return [readFramedRecord(value, headers)];
  const [parameter, lengths] = batch;
  const alone = { schema, contentType: contentType?.replace(parameter, '') };
  // What is foreign, or of a later version, is so as a whole.
  const first = readFramedRecord(Buffer.alloc(0), alone);
  if (first.what === 'foreign' || first.what === 'unknown_schema') return [first];
  if (lengths !== 'uint32') return [damaged(`its lengths are called ${lengths}`)];
  return readBatch(value, alone, events);
}

function readBatch(value: Buffer, headers: FramedHeaders, events: string | undefined): readonly FramedRecord[] {
  const records: FramedRecord[] = [];
  let at = 0;
  while (at + LENGTH_BYTES <= value.length) {
    const start = at + LENGTH_BYTES;
    const end = start + value.readUInt32BE(at);
    if (end > value.length) break;
    records.push(readFramedRecord(value.subarray(start, end), headers));
    at = end;
  }
  const rest = value.length - at;
  if (rest > 0) records.push(damaged(`it ends within a record: ${rest} bytes are left over behind ${records.length}`));
  else if (events !== String(records.length))
    records.push(damaged(`there are ${records.length} records, and its headers say ${events ?? 'nothing of their number'}`));
  return records;
}

function damaged(reason: string): FramedRecord {
  return { what: 'damaged', reason };
}
