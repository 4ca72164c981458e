/**
 * The produce request with records that are framed already, versions 7 to 11; one topic, one partition.
 *
 *     request   transactional_id acks:i16 timeout_ms:i32 [name [index:i32 records]]
 *     response  [name [index:i32 error:i16 base_offset:i64 log_append_ms:i64 log_start:i64 [batch_index:i32 message] error_message]] throttle_ms:i32
 *
 * From version 9 on lengths are compact and tagged fields follow each structure; record errors came with version 8.
 */
import { Writer, createAPI } from '@platformatic/kafka';
import type { Reader } from '@platformatic/kafka';
import { KafkaFault } from '../fault.ts';

const PRODUCE = 0;
/** All replicas in sync. */
const ACKS_ALL = -1;
export const PRODUCE_VERSIONS = [11, 10, 9, 8, 7] as const;
export type ProduceVersion = (typeof PRODUCE_VERSIONS)[number];

export interface ProduceRequest {
  readonly topic: string;
  readonly partition: number;
  /** A RecordBatch. */
  readonly batch: Buffer;
  /** How long the leader may wait for the others. */
  readonly timeoutMs: number;
}

export interface ProduceResponse {
  readonly topic: string;
  readonly partition: number;
  /** 0: all replicas in sync have it. */
  readonly errorCode: number;
  readonly errorMessage: string | null;
  /** Indexes of records that were refused. */
  readonly refused: readonly number[];
}

export type ProduceApi = ReturnType<typeof createAPI<[ProduceRequest], ProduceResponse>>;

const APIS = new Map(PRODUCE_VERSIONS.map((version) => [version, createProduce(version)]));

export function produceApi(version: ProduceVersion): ProduceApi {
  return APIS.get(version) as ProduceApi;
}

function createProduce(version: ProduceVersion): ProduceApi {
  const compact = version >= 9;
  return createAPI<[ProduceRequest], ProduceResponse>(
    PRODUCE,
    version,
    (request: ProduceRequest) => encodeProduce(request, compact),
    (...[, , , reader]) => readProduce(reader, version),
    compact,
    compact,
  );
}

function encodeProduce({ topic, partition, batch, timeoutMs }: ProduceRequest, compact: boolean): Writer {
  const writer = Writer.create().appendString(null, compact).appendInt16(ACKS_ALL).appendInt32(timeoutMs);
  writer.appendArray(
    [topic],
    (topics, name) =>
      topics.appendString(name, compact).appendArray(
        [batch],
        (partitions, bytes) => {
          partitions.appendInt32(partition);
          if (compact) partitions.appendUnsignedVarInt(bytes.length + 1);
          else partitions.appendInt32(bytes.length);
          partitions.append(bytes);
        },
        compact,
        compact,
      ),
    compact,
    compact,
  );
  return compact ? writer.appendTaggedFields() : writer;
}

/** Rejects as what a broker or the way to it has done: the batch may be there, and is sent again as it is. */
function readProduce(reader: Reader, version: ProduceVersion): ProduceResponse {
  try {
    return decodeProduce(reader, version);
  } catch (error) {
    throw new KafkaFault('ANSWER', `the broker answers a produce request with what is no answer: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

function decodeProduce(reader: Reader, version: ProduceVersion): ProduceResponse {
  const compact = version >= 9;
  const answers = reader.readArray(
    (topics) => {
      const topic = topics.readString(compact);
      return topics.readArray((partitions) => ({ topic, ...decodePartition(partitions, version) }), compact, compact);
    },
    compact,
    compact,
  );
  const [answer, ...others] = answers.flat();
  if (answer === undefined || others.length > 0) throw new Error(`a produce response names ${answers.flat().length} partitions, not one`);
  return answer;
}

function decodePartition(reader: Reader, version: ProduceVersion): Omit<ProduceResponse, 'topic'> {
  const compact = version >= 9;
  const partition = reader.readInt32();
  const errorCode = reader.readInt16();
  for (let skipped = 0; skipped < 3; skipped += 1) reader.readInt64();
  if (version < 8) return { partition, errorCode, errorMessage: null, refused: [] };
  const refused = reader.readArray(
    (errors) => {
      const index = errors.readInt32();
      errors.readNullableString(compact);
      return index;
    },
    compact,
    compact,
  );
  return { partition, errorCode, errorMessage: reader.readNullableString(compact), refused };
}
