import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Reader, readRecordsBatch } from '@platformatic/kafka';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c } from '../../../../../src/core/crc32c.ts';
import { CODECS } from '../../../../../src/sink/kafka/protocol/codecs.ts';
import { RecordFramer, stamp } from '../../../../../src/sink/kafka/protocol/record-batch.ts';
import { COMPRESSIONS } from '../../../../../src/sink/kafka/settings.ts';
import type { Envelope, KafkaRecord } from '../../../../../src/sink/kafka/record.ts';

const envelope: Envelope = {
  prefix: Buffer.from([0, 0, 0, 1, 2]),
  headers: [
    ['schema', 'forkcast.v1.ProcessEvent/1'],
    ['host-id', 'hôte'],
  ],
  eventIdPrefix: '01970000-0000-7000-8000-00000000000a:',
};

interface Written {
  readonly key: string;
  readonly value: string;
  readonly sequence: number;
  readonly timeMs: number;
}

function recordOf({ key, value, sequence, timeMs }: Written): KafkaRecord {
  return {
    key: Buffer.from(key),
    envelope,
    event: { stream: 'process', kind: 'EXEC', sequence, timeUs: timeMs * 1000, bytes: Buffer.from(value) },
  };
}

/** By the decoder of a client that we do not frame with. */
function decoded(batch: Buffer): { first: bigint; records: Written[]; headers: string[][] } {
  const { firstTimestamp, records } = readRecordsBatch(Reader.from(batch));
  return {
    first: firstTimestamp,
    records: records.map((record) => ({
      key: String(record.key),
      value: String(record.value?.subarray(5)),
      sequence: Number(new Map(textsOf(record.headers)).get('event-id')?.split(':')[1] ?? 0),
      timeMs: Number(firstTimestamp + record.timestampDelta),
    })),
    headers: records.map((record) => textsOf(record.headers).map(([name]) => name)),
  };
}

function textsOf(headers: Iterable<readonly [Buffer | null, Buffer | null]>): [string, string][] {
  return [...headers].map(([name, value]) => [String(name), String(value)]);
}

const written = fc.record({
  key: fc.string({ maxLength: 80 }),
  value: fc.string({ maxLength: 300, unit: 'binary' }),
  sequence: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.maxSafeNat()),
  timeMs: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 2 ** 42 })),
});

describe('a record batch', () => {
  test.each(COMPRESSIONS)('with %s says the same to another client', (compression) => {
    const framer = new RecordFramer(CODECS[compression]);
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 40 }), (records) => {
        const batch = framer.frame(records.map(recordOf));
        stamp(batch, { id: 4711n, epoch: 3, sequence: 2 ** 31 - 1 });
        expect(decoded(batch).records).toEqual(records.map((record) => ({ ...record, value: Buffer.from(record.value).toString() })));
      }),
      { numRuns: 60 },
    );
  });

  test('has its headers and its identity, but for what has no sequence', () => {
    const batch = new RecordFramer(CODECS.none).frame([
      recordOf({ key: 'k', value: 'v', sequence: 7, timeMs: 5 }),
      recordOf({ key: 'k', value: 'v', sequence: 0, timeMs: 5 }),
    ]);
    expect(decoded(batch).headers).toEqual([
      ['schema', 'host-id', 'event-id'],
      ['schema', 'host-id'],
    ]);
    const all = readRecordsBatch(Reader.from(batch)).records[0];
    expect(textsOf(all?.headers ?? [])).toEqual([
      ['schema', 'forkcast.v1.ProcessEvent/1'],
      ['host-id', 'hôte'],
      ['event-id', '01970000-0000-7000-8000-00000000000a:7'],
    ]);
  });

  test('can have the present as the time of all its records', () => {
    const records = [
      recordOf({ key: 'k', value: 'v', sequence: 1, timeMs: 5 }),
      recordOf({ key: 'k', value: 'v', sequence: 2, timeMs: 9 }),
    ];
    expect(decoded(new RecordFramer(CODECS.none).frame(records, 1234)).records.map(({ timeMs }) => timeMs)).toEqual([1234, 1234]);
  });

  test('is larger than the memory it was first framed in', () => {
    const value = 'x'.repeat(3 << 20);
    const batch = new RecordFramer(CODECS.zstd).frame([
      recordOf({ key: 'k', value, sequence: 1, timeMs: 5 }),
      recordOf({ key: 'k', value: 'y', sequence: 2, timeMs: 5 }),
    ]);
    expect(decoded(batch).records.map((record) => record.value.length)).toEqual([value.length, 1]);
  });

  test('changes nothing but the producer and the checksum when it is stamped again', () => {
    const batch = new RecordFramer(CODECS.none).frame([recordOf({ key: 'k', value: 'v', sequence: 1, timeMs: 5 })]);
    stamp(batch, { id: 1n, epoch: 0, sequence: 0 });
    const before = Buffer.from(batch);
    stamp(batch, { id: 2n, epoch: 5, sequence: 77 });
    const changed = [...batch.keys()].filter((at) => batch[at] !== before[at]);
    expect(changed.every((at) => (at >= 17 && at < 21) || (at >= 43 && at < 57))).toBe(true);
    expect([batch.readBigInt64BE(43), batch.readInt16BE(51), batch.readInt32BE(53)]).toEqual([2n, 5, 77]);
    expect(batch.readUInt32BE(17)).toBe(crc32c(batch, 21));
  });

  test.each([
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const)('%s is what everybody else can read', (compression, decompress) => {
    const batch = new RecordFramer(CODECS[compression]).frame([recordOf({ key: 'k', value: 'v'.repeat(100), sequence: 1, timeMs: 5 })]);
    const plain = new RecordFramer(CODECS.none).frame([recordOf({ key: 'k', value: 'v'.repeat(100), sequence: 1, timeMs: 5 })]);
    expect(decompress(batch.subarray(61)).equals(plain.subarray(61))).toBe(true);
  });
});
