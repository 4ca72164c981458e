/**
 * Avro object container files:
 *
 *     file     = header block*
 *     header   = "Obj" 01 | metadata | sync
 *     metadata = (count | (key: string, value: bytes) × count)* | 0        a count < 0 stands for −count and is followed by the size in bytes
 *     block    = count: long | size: long | body (size bytes) | sync
 *     body     = the records' binary form one after the other, compressed as a whole by `avro.codec`
 *     sync     = 16 random bytes, the same throughout the file
 *
 * `avro.schema` holds the schema with its documentation, `avro.codec` the codec; other keys are ours (`agent_id`, `first_sequence`, …).
 */
import type { RecordContainer } from '../../core/container.ts';
import { AgentError } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';
import { CODECS, MAX_BLOCK_BYTES } from './ocf-codec.ts';
import type { OcfCodec } from './ocf-codec.ts';
import { longBytes, ocfHeader } from './ocf-header.ts';
import { walkOcf } from './ocf-walk.ts';
import { publishedSchema } from './schemas.ts';

/**
 * The file format of `stream`'s records. `block` rejects with BUG for bodies beyond MAX_BLOCK_BYTES, which no reader of ours would take.
 */
export function createOcf(stream: RecordStream, codec: OcfCodec): RecordContainer {
  const { avroName, compress } = CODECS[codec];
  return {
    extension: 'avro',
    header: (meta, sync) => ocfHeader({ ...meta, 'avro.schema': publishedSchema(stream).text, 'avro.codec': avroName }, sync),
    block: async (count, body, sync) => {
      if (body.length > MAX_BLOCK_BYTES)
        throw new AgentError('BUG', `a block of ${body.length} bytes is beyond the ${MAX_BLOCK_BYTES} that readers take`);
      const packed = await compress(body);
      return Buffer.concat([longBytes(count), longBytes(packed.length), packed, sync]);
    },
    wholeBytes,
  };
}

/**
 * See RecordContainer: up to the end of the last whole block, whatever damage lies before it. A `read` that yields too little counts as the
 * end.
 */
function wholeBytes(read: (offset: number, length: number) => Uint8Array, size: number): number | undefined {
  let whole: number | undefined;
  let answer: Uint8Array = new Uint8Array(0);
  const walk = walkOcf();
  for (let step = walk.next(answer); step.done !== true; step = walk.next(answer)) {
    const found = step.value;
    if (found.what === 'ask') answer = read(found.at, Math.max(0, Math.min(found.length, size - found.at)));
    else if (found.what === 'header' || found.what === 'block') whole = found.end;
  }
  return whole;
}
