/**
 * A RecordBatch of format 2, the unit that a broker stores as it is. Integers are big-endian, varints zigzag:
 *
 *     0  i64 base offset          the broker's to say: 0
 *     8  i32 length               of all that follows
 *    12  i32 leader epoch         −1
 *    16  i8  magic                2
 *    17  u32 CRC-32C              of all that follows
 *    21  i16 attributes           compression (0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd); record time is the producer's
 *    23  i32 last offset delta    number of records − 1
 *    27  i64 base timestamp       of the first record, ms
 *    35  i64 max timestamp
 *    43  i64 producer id, 51 i16 producer epoch, 53 i32 base sequence: by these a broker knows what it has already
 *    57  i32 number of records
 *    61  records, compressed together: each varint length · i8 0 · varint timestamp delta · varint offset delta · varint key length, key ·
 *        varint value length, value · varint number of headers, each varint length, name, varint length, value
 *
 * Who produces is stamped last (`stamp`): a batch keeps its records and their compression when it has to be sent under another producer id.
 */
import { crc32c } from '../../../core/crc32c.ts';
import { EVENT_ID, timestampOf } from '../record.ts';
import type { Envelope, KafkaRecord } from '../record.ts';
import type { Codec } from './codecs.ts';
import { digits, sizeOfVarint, writeBytes, writeDecimal, writeVarint } from './varint.ts';

const HEADER_BYTES = 61;
const AT = {
  length: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffset: 23,
  baseTime: 27,
  maxTime: 35,
  producer: 43,
  count: 57,
};

/** Of an event with a long command line at least; grows as needed. */
const SCRATCH_BYTES = 1 << 20;

/** By which a broker recognises what it has already. */
export interface ProducerStamp {
  readonly id: bigint;
  readonly epoch: number;
  /** Of the first record in its partition; wraps at 2^31. */
  readonly sequence: number;
}

/** The encoding of an envelope's headers, and of the beginning of `event-id`, made once. */
interface EnvelopeBytes {
  readonly headers: Uint8Array;
  readonly eventIdPrefix: Uint8Array;
}

const EVENT_ID_NAME = Buffer.from(EVENT_ID);

/** Frames batches one at a time; the memory it works in is kept. */
export class RecordFramer {
  readonly #codec: Codec;
  readonly #envelopes = new WeakMap<Envelope, EnvelopeBytes>();
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** How far it is filled. */
  #at = 0;

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /** Not stamped yet. `nowMs`: record time of all, in place of the events' own. At least one record. */
  frame(records: readonly KafkaRecord[], nowMs?: number): Buffer {
    const baseMs = nowMs ?? timestampOf((records[0] as KafkaRecord).event);
    this.#at = HEADER_BYTES;
    let maxMs = baseMs;
    for (let i = 0; i < records.length; i += 1) {
      const record = records[i] as KafkaRecord;
      const timeMs = nowMs ?? timestampOf(record.event);
      if (timeMs > maxMs) maxMs = timeMs;
      this.#append(record, timeMs - baseMs, i);
    }
    const body = this.#codec.compress(this.#scratch.subarray(HEADER_BYTES, this.#at));
    const bytes = Buffer.allocUnsafe(HEADER_BYTES + body.length);
    bytes.set(body, HEADER_BYTES);
    writeHeader(bytes, { attributes: this.#codec.attribute, count: records.length, baseMs, maxMs });
    return bytes;
  }

  #append({ key, envelope, event }: KafkaRecord, timeDelta: number, offsetDelta: number): void {
    const { headers, eventIdPrefix } = this.#bytesOf(envelope);
    const { sequence, bytes } = event;
    const idLength = sequence === 0 ? 0 : eventIdPrefix.length + digits(sequence);
    const valueLength = envelope.prefix.length + bytes.length;
    const idBytes = sequence === 0 ? 0 : 1 + EVENT_ID_NAME.length + sizeOfVarint(idLength) + idLength;
    const length =
      1 +
      sizeOfVarint(timeDelta) +
      sizeOfVarint(offsetDelta) +
      sizeOfVarint(key.length) +
      key.length +
      sizeOfVarint(valueLength) +
      valueLength +
      1 +
      headers.length +
      idBytes;
    this.#reserve(this.#at + length + 5);
    const target = this.#scratch;
    let pos = writeVarint(target, this.#at, length);
    target[pos++] = 0;
    pos = writeVarint(target, pos, timeDelta);
    pos = writeVarint(target, pos, offsetDelta);
    pos = writeVarint(target, pos, key.length);
    pos = writeBytes(target, pos, key);
    pos = writeVarint(target, pos, valueLength);
    pos = writeBytes(target, pos, envelope.prefix);
    pos = writeBytes(target, pos, bytes);
    pos = writeVarint(target, pos, envelope.headers.length + (sequence === 0 ? 0 : 1));
    pos = writeBytes(target, pos, headers);
    if (sequence !== 0) {
      pos = writeVarint(target, pos, EVENT_ID_NAME.length);
      pos = writeBytes(target, pos, EVENT_ID_NAME);
      pos = writeVarint(target, pos, idLength);
      pos = writeBytes(target, pos, eventIdPrefix);
      pos = writeDecimal(target, pos, sequence);
    }
    this.#at = pos;
  }

  #bytesOf(envelope: Envelope): EnvelopeBytes {
    let known = this.#envelopes.get(envelope);
    if (known === undefined) {
      known = { headers: encodeHeaders(envelope.headers), eventIdPrefix: Buffer.from(envelope.eventIdPrefix) };
      this.#envelopes.set(envelope, known);
    }
    return known;
  }

  #reserve(needed: number): void {
    if (needed <= this.#scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(needed)));
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
  }
}

/** Makes the batch that producer's next one, or another's. */
export function stamp(batch: Buffer, { id, epoch, sequence }: ProducerStamp): void {
  batch.writeBigInt64BE(id, AT.producer);
  batch.writeInt16BE(epoch, AT.producer + 8);
  batch.writeInt32BE(sequence, AT.producer + 10);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
}

interface HeaderFacts {
  readonly attributes: number;
  readonly count: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

function writeHeader(batch: Buffer, { attributes, count, baseMs, maxMs }: HeaderFacts): void {
  batch.writeBigInt64BE(0n, 0);
  batch.writeInt32BE(batch.length - AT.leaderEpoch, AT.length);
  batch.writeInt32BE(-1, AT.leaderEpoch);
  batch.writeInt8(2, AT.magic);
  batch.writeInt16BE(attributes, AT.attributes);
  batch.writeInt32BE(count - 1, AT.lastOffset);
  batch.writeBigInt64BE(BigInt(baseMs), AT.baseTime);
  batch.writeBigInt64BE(BigInt(maxMs), AT.maxTime);
  batch.writeInt32BE(count, AT.count);
}

function encodeHeaders(headers: Envelope['headers']): Uint8Array {
  const size = headers.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value) + 10, 0);
  const target = Buffer.allocUnsafe(size);
  let at = 0;
  for (const text of headers.flat()) {
    const bytes = Buffer.from(text);
    at = writeVarint(target, at, bytes.length);
    at = writeBytes(target, at, bytes);
  }
  return Uint8Array.prototype.slice.call(target, 0, at);
}
