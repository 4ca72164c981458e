import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RecordStream } from '../../../../src/core/event.ts';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { readerFor } from '../../../../src/encode/avro/record-reader.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { avroType } from '../../../../src/encode/avro/types.ts';
import { plain } from '../files.ts';
import { fullAgentEvent, fullProcessEvent } from '../full-samples.ts';
import { asAgent, asProcess, execEvent } from '../samples.ts';

const RELEASED = new URL('../../../../schemas/released/', import.meta.url);
const STREAMS: readonly RecordStream[] = ['process', 'agent'];
const full = { process: asProcess(fullProcessEvent), agent: asAgent(fullAgentEvent) };

/** Every version that was published, oldest first or not. */
const released = readdirSync(RELEASED).map((file) => {
  const stream = STREAMS.find((one) => file.startsWith(`${publishedSchema(one).json.name}.`));
  if (stream === undefined) throw new Error(`${file} is of no stream`);
  return { file, stream, schema: JSON.parse(readFileSync(new URL(file, RELEASED), 'utf8')) as object };
});

/** What a later version may look like: a field at the end of two records and one in a new record, and a new kind. */
function successor(stream: RecordStream): object {
  const text = JSON.stringify(publishedSchema(stream).json)
    .replace(/("symbols":\[)("UNKNOWN","(?:FORK|START)"[^\]]*)/, '$1$2,"LATER"')
    .replace(/("name":"hostname".*?"type":"string"})(.*?"default":null})/, '$1$2,{"name":"zone","type":["null","string"],"default":null}');
  const schema = JSON.parse(text) as { fields: object[] };
  const more = { type: 'record', name: 'More', fields: [{ name: 'level', type: 'long', default: 7 }] };
  return { ...schema, fields: [...schema.fields, { name: 'more', type: ['null', more], default: null }] };
}

function resolved(stream: RecordStream, value: unknown, schemas: { readonly writer: object; readonly reader: object }): unknown {
  const writer = avroType(schemas.writer);
  const reader = avroType(schemas.reader);
  const bytes = writer.toBuffer(value);
  expect(bytes.length, stream).toBeGreaterThan(100);
  return plain(reader.fromBuffer(bytes, reader.createResolver(writer)));
}

describe.each(released)('$file', ({ stream, schema }) => {
  const newest = publishedSchema(stream).json;

  it('is read by the newest version', () => {
    expect(resolved(stream, full[stream].event, { writer: schema, reader: newest })).toMatchObject({
      agent_id: plain(full[stream].event.agent_id),
    });
  });

  it('reads the newest version', () => {
    expect(resolved(stream, full[stream].event, { writer: newest, reader: schema })).toMatchObject({
      agent_id: plain(full[stream].event.agent_id),
    });
  });

  it('reads a later version, what it does not know left out', () => {
    const later = { ...full[stream].event, kind: 'LATER', more: { level: 9 }, host: { ...full[stream].event.host, zone: 'a' } };
    expect(resolved(stream, later, { writer: successor(stream), reader: schema })).toMatchObject({
      kind: 'UNKNOWN',
      sequence: full[stream].event.sequence,
    });
  });

  it('is read by a later version, what it does not say null', () => {
    expect(resolved(stream, full[stream].event, { writer: schema, reader: successor(stream) })).toMatchObject({
      kind: full[stream].event.kind,
      more: null,
      host: { zone: null },
    });
  });
});

it('files of a later version are read', () => {
  const later = { ...execEvent, kind: 'LATER', more: { level: 9 }, host: { ...execEvent.host, zone: 'a' } };
  const bytes = avroType(successor('process')).toBuffer(later);
  const read = readerFor(JSON.stringify(successor('process'))).read(bytes, 0);
  expect(read?.end).toBe(bytes.length);
  expect(plain(read?.event.event)).toEqual(plain({ ...execEvent, kind: 'UNKNOWN' }));
});

it.each(STREAMS)('what the agent writes is of the newest version of its %s schema', (stream) => {
  const { bytes } = createAvroEncoder().encode(full[stream]);
  expect(plain(avroType(publishedSchema(stream).json).fromBuffer(Buffer.from(bytes)))).toEqual(plain(full[stream].event));
});
