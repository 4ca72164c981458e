import { describe, expect, test } from 'vitest';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { schemaFingerprint } from '../../../../src/encode/avro/fingerprint.ts';
import { readFramedMessage } from '../../../../src/encode/avro/framed-batch.ts';
import type { FramedRecord } from '../../../../src/encode/avro/framed-record.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { singleObjectHeader } from '../../../../src/encode/avro/single-object.ts';
import { forkEvent } from '../samples.ts';

const { fullName, json } = publishedSchema('process');
const SCHEMA = `${fullName}/${schemaFingerprint(json).toString(16).padStart(16, '0')}`;
const TYPE = 'application/vnd.apache.avro; framing=';
const PREFIXES: Readonly<Record<string, Uint8Array>> = {
  raw: Buffer.alloc(0),
  single_object: singleObjectHeader('process'),
  confluent: Buffer.from([0, 0, 0, 0, 7]),
};

function framed(framing: string, sequence: number): Buffer {
  const { bytes } = createAvroEncoder().encode({ stream: 'process', event: { ...forkEvent, sequence } });
  return Buffer.concat([PREFIXES[framing] as Uint8Array, bytes]);
}

function batchOf(...records: readonly Buffer[]): Buffer {
  return Buffer.concat(
    records.flatMap((record) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(record.length);
      return [length, record];
    }),
  );
}

const THREE = [1, 2, 3].map((sequence) => framed('raw', sequence));

function read(value: Buffer, change: { contentType?: string; events?: string | undefined; schema?: string } = {}): readonly FramedRecord[] {
  return readFramedMessage(value, { schema: SCHEMA, contentType: `${TYPE}raw; batch=uint32`, events: '3', ...change });
}

const sequences = (records: readonly FramedRecord[]): (number | string | null)[] =>
  records.map((record) => (record.what === 'event' ? record.event.event.sequence : record.what));

describe('a message of records', () => {
  test.each(Object.keys(PREFIXES))('gives all that are in it, framed as %s', (framing) => {
    const value = batchOf(...[1, 2, 3].map((sequence) => framed(framing, sequence)));
    expect(sequences(read(value, { contentType: `${TYPE}${framing}; batch=uint32` }))).toEqual([1, 2, 3]);
  });

  test('may be one record by itself', () => {
    expect(sequences(read(framed('raw', 5), { contentType: `${TYPE}raw`, events: undefined }))).toEqual([5]);
  });

  test('that is cut anywhere gives what is whole and says that there was more', () => {
    const whole = batchOf(...THREE);
    for (let length = 0; length < whole.length; length += 1) {
      const found = read(whole.subarray(0, length));
      expect(found.at(-1)?.what, `cut at ${length}`).toBe('damaged');
      expect(sequences(found.slice(0, -1))).toEqual([1, 2, 3].slice(0, found.length - 1));
    }
    expect(read(whole.subarray(0, -1)).at(-1)).toEqual({
      what: 'damaged',
      reason: `it ends within a record: ${(THREE[2] as Buffer).length + 3} bytes are left over behind 2`,
    });
  });

  test.each(['2', '4', undefined])('does not hold what its headers say (%s)', (events) => {
    expect(read(batchOf(...THREE), { events }).at(-1)).toMatchObject({
      what: 'damaged',
      reason: expect.stringMatching(/^there are 3 records/) as string,
    });
  });

  test('keeps the others where one of them is damaged', () => {
    expect(sequences(read(batchOf(THREE[0] as Buffer, Buffer.alloc(3), THREE[2] as Buffer)))).toEqual([1, 'damaged', 3]);
  });

  test('is foreign, of a later version, or of unknown lengths as a whole', () => {
    const value = batchOf(...THREE);
    expect(sequences(read(value, { schema: 'com.example.Order/1' }))).toEqual(['foreign']);
    expect(sequences(read(value, { schema: `${fullName}/0102030405060708` }))).toEqual(['unknown_schema']);
    expect(read(value, { contentType: `${TYPE}raw; batch=varint` })).toEqual([
      { what: 'damaged', reason: 'its lengths are called varint' },
    ]);
  });
});
