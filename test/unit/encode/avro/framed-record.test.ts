import { describe, expect, test } from 'vitest';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { schemaFingerprint } from '../../../../src/encode/avro/fingerprint.ts';
import { readFramedRecord } from '../../../../src/encode/avro/framed-record.ts';
import type { FramedRecord } from '../../../../src/encode/avro/framed-record.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { singleObjectHeader } from '../../../../src/encode/avro/single-object.ts';
import { forkEvent } from '../samples.ts';

const { fullName, json } = publishedSchema('process');
const SCHEMA = `${fullName}/${schemaFingerprint(json).toString(16).padStart(16, '0')}`;
const body = Buffer.from(createAvroEncoder().encode({ stream: 'process', event: forkEvent }).bytes);
const single = Buffer.concat([singleObjectHeader('process'), body]);

const read = (value: Buffer, framing: string | undefined, schema: string | undefined = SCHEMA): FramedRecord =>
  readFramedRecord(value, { schema, contentType: framing === undefined ? undefined : `application/vnd.apache.avro; framing=${framing}` });

describe('a framed record', () => {
  test.each([
    ['raw', body],
    ['single_object', single],
    ['confluent', Buffer.concat([Buffer.from([0, 0, 0, 1, 2]), body])],
  ])('is read without what %s puts before it', (framing, value) => {
    expect(read(value, framing)).toMatchObject({ what: 'event', event: { stream: 'process', event: { sequence: forkEvent.sequence } } });
  });

  test.each([undefined, '', 'com.example.Order/0102030405060708', 'forkcast.v1.ProcessEventX/1'])('of schema %j is foreign', (schema) => {
    expect(readFramedRecord(single, { schema, contentType: undefined })).toEqual({ what: 'foreign' });
  });

  test.each(['ecs/9.4.0', 'ocsf/1.8.0', SCHEMA])('that is JSON by %s is no evidence, and said to be ours', (schema) => {
    expect(readFramedRecord(Buffer.from('{}'), { schema, contentType: 'application/json' })).toEqual({ what: 'view', schema });
  });

  test('that is JSON by a schema of others is foreign', () => {
    expect(readFramedRecord(Buffer.from('{}'), { schema: 'com.example.Order/1', contentType: 'application/json' })).toEqual({
      what: 'foreign',
    });
  });

  test('of another version is not guessed at', () => {
    const schema = `${fullName}/0102030405060708`;
    expect(read(single, 'single_object', schema)).toEqual({ what: 'unknown_schema', schema });
  });

  test.each([
    ['single_object', body, 'the fingerprint before it is not that of its schema'],
    ['single_object', Buffer.concat([singleObjectHeader('agent'), body]), 'the fingerprint before it is not that of its schema'],
    ['confluent', single, 'no id of a schema is before it'],
    ['confluent', Buffer.alloc(3), 'no id of a schema is before it'],
    ['raw', body.subarray(0, -1), 'it ends too early'],
    ['raw', Buffer.concat([body, Buffer.alloc(2)]), '2 bytes follow it'],
    ['raw', Buffer.alloc(0), 'it ends too early'],
    ['zipped', body, 'its framing is called zipped'],
    [undefined, body, 'its headers name no framing'],
  ])('with framing %j is damaged where its bytes are not that', (framing, value, reason) => {
    expect(read(value, framing)).toEqual({ what: 'damaged', reason });
  });
});
