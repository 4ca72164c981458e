import { AgentError } from '../../core/errors.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Corrupt, Decoded } from './decoded.ts';
import { CODECS, OCF_CODECS } from './ocf-codec.ts';
import { walkOcf } from './ocf-walk.ts';
import type { OcfBlock } from './ocf-walk.ts';
import { readerFor } from './record-reader.ts';
import type { RecordReader } from './record-reader.ts';

/** Metadata of a container file, by key. */
export type OnMeta = (meta: ReadonlyMap<string, Buffer>) => void;

type Decompress = (body: Uint8Array) => Promise<Buffer>;

/** How the blocks after a header are read. */
interface Format {
  readonly decompress: Decompress;
  readonly reader: RecordReader;
}

/**
 * The records of a container file in order, one block in memory at a time. Throws FILE_CORRUPT when the header is damaged or not one of
 * ours; damage further on is reported and passed over. `onMeta` is told of the metadata before the records that it is about.
 */
export async function* readOcf(window: ByteWindow, onMeta?: OnMeta): AsyncGenerator<Decoded> {
  let answer: Uint8Array = new Uint8Array(0);
  let format: Format | undefined;
  const walk = walkOcf();
  for (let step = walk.next(answer); step.done !== true; step = walk.next(answer)) {
    const found = step.value;
    if (found.what === 'ask') answer = await window.read(found);
    else if (found.what === 'header') {
      format = formatOf(found.meta);
      onMeta?.(found.meta);
    } else if (found.what === 'unreadable')
      throw new AgentError('FILE_CORRUPT', `not a container file of forkcast at byte ${found.at}: ${found.reason}`);
    else if (found.what !== 'block') yield found;
    else if (format !== undefined)
      yield* readBlock(found, await window.read({ at: found.bodyAt, length: found.size, keep: found.at }), format);
  }
}

function formatOf(meta: ReadonlyMap<string, Buffer>): Format {
  const name = meta.get('avro.codec')?.toString() ?? 'null';
  const codec = OCF_CODECS.find((candidate) => CODECS[candidate].avroName === name);
  if (codec === undefined)
    throw new AgentError(
      'FILE_CORRUPT',
      `its codec is ${JSON.stringify(name)}; forkcast writes ${OCF_CODECS.map((known) => CODECS[known].avroName).join(', ')}`,
    );
  return { decompress: CODECS[codec].decompress, reader: readerFor(meta.get('avro.schema')?.toString() ?? '') };
}

async function* readBlock(block: OcfBlock, packed: Buffer, format: Format): AsyncGenerator<Decoded> {
  let body: Buffer;
  try {
    body = await format.decompress(packed);
  } catch (error) {
    yield corrupt(block, `its ${block.count} records cannot be decompressed: ${(error as Error).message}`);
    return;
  }
  yield* readRecords(block, body, format.reader);
}

function* readRecords(block: OcfBlock, body: Buffer, reader: RecordReader): Generator<Decoded> {
  let at = 0;
  for (let n = 1; n <= block.count; n++) {
    let record: ReturnType<RecordReader['read']>;
    try {
      record = reader.read(body, at);
    } catch (error) {
      yield corrupt(block, `record ${n} of ${block.count} cannot be decoded: ${(error as Error).message}`);
      return;
    }
    if (record === undefined) {
      yield corrupt(block, `it ends within record ${n} of ${block.count}`);
      return;
    }
    yield { what: 'event', event: record.event };
    at = record.end;
  }
  if (at < body.length) yield corrupt(block, `${body.length - at} bytes follow the last of its ${block.count} records`);
}

const corrupt = (block: OcfBlock, reason: string): Corrupt => ({ what: 'corrupt', at: block.at, bytes: block.end - block.at, reason });
