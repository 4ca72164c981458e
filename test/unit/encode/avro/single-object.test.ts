import { describe, expect, it } from 'vitest';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { canonicalForm, schemaFingerprint } from '../../../../src/encode/avro/fingerprint.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { createSingleObjectEncoder, singleObjectHeader } from '../../../../src/encode/avro/single-object.ts';
import { fullAgentEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent } from '../samples.ts';

describe('schema fingerprints', () => {
  // From the specification's own test data (share/test/data/schema-tests.txt): canonical form and signed fingerprint.
  const cases: [unknown, string, bigint][] = [
    ['null', '"null"', 7195948357588979594n],
    [{ type: 'int' }, '"int"', 8247732601305521295n],
    ['string', '"string"', -8142146995180207161n],
    [{ items: { type: 'null' }, type: 'array' }, '{"type":"array","items":"null"}', -589620603366471059n],
    [
      { namespace: 'x.y.z', type: 'fixed', name: 'foo', doc: 'foo bar', size: 32 },
      '{"name":"x.y.z.foo","type":"fixed","size":32}',
      -3064184465700546786n,
    ],
    [
      {
        fields: [
          { type: 'boolean', aliases: [], name: 'f1', default: true },
          { order: 'descending', name: 'f2', doc: 'Hello', type: 'int' },
        ],
        type: 'record',
        name: 'foo',
      },
      '{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},{"name":"f2","type":"int"}]}',
      -4860222112080293046n,
    ],
  ];

  it.each(cases)('are those of the specification: %j', (schema, canonical, fingerprint) => {
    expect(canonicalForm(schema)).toBe(canonical);
    expect(BigInt.asIntN(64, schemaFingerprint(schema))).toBe(fingerprint);
  });

  it('ignore documentation and defaults', () => {
    const { json } = publishedSchema('process');
    const bare = JSON.parse(
      JSON.stringify(json, (key, value: unknown) => (key === 'doc' || key === 'default' || key === 'logicalType' ? undefined : value)),
    ) as unknown;
    expect(schemaFingerprint(bare)).toBe(schemaFingerprint(json));
  });
});

describe('single-object encoding', () => {
  it('has the fingerprint in little-endian after C3 01', () => {
    const header = Buffer.from(singleObjectHeader('process'));
    expect(header.subarray(0, 2).toString('hex')).toBe('c301');
    expect(header.readBigUInt64LE(2)).toBe(schemaFingerprint(publishedSchema('process').json));
  });

  it.each([asProcess(execEvent), asAgent(fullAgentEvent)])('is the header of the stream, then the record: %#', (any) => {
    const framed = Buffer.from(createSingleObjectEncoder().encode(any).bytes);
    expect(framed.subarray(0, 10)).toEqual(singleObjectHeader(any.stream));
    expect(framed.subarray(10)).toEqual(Buffer.from(createAvroEncoder().encode(any).bytes));
  });
});
