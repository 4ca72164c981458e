import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { RecordStream } from '../../../src/core/event.ts';
import { createAvroEncoder, type Prefixes } from '../../../src/encode/avro/binary.ts';
import { schemaFingerprint } from '../../../src/encode/avro/fingerprint.ts';
import { readFramedRecord } from '../../../src/encode/avro/framed-record.ts';
import { OCF_CODECS } from '../../../src/encode/avro/ocf-codec.ts';
import { publishedSchema } from '../../../src/encode/avro/schemas.ts';
import { createSingleObjectEncoder, singleObjectHeader } from '../../../src/encode/avro/single-object.ts';
import type { Decoded } from '../../../src/encode/avro/decoded.ts';
import { decodeUnmarked } from '../../../src/encode/decode.ts';
import { agentEvents, processEvents } from './arbitraries.ts';
import { chunks, container, plain, readAll } from './files.ts';
import { asAgent, asProcess, execEvent } from './samples.ts';

/** Events of any content come back as they were, through every codec and framing. */
const event: fc.Arbitrary<AnyEvent> = fc.oneof(processEvents.map(asProcess), agentEvents.map(asAgent));
const events = (stream: RecordStream): fc.Arbitrary<AnyEvent[]> => {
  const one: fc.Arbitrary<AnyEvent> = stream === 'process' ? processEvents.map(asProcess) : agentEvents.map(asAgent);
  return fc.array(one, { minLength: 1, maxLength: 12 });
};

describe.each(OCF_CODECS)('files with codec %s', (codec) => {
  it.each(['process', 'agent'] as const)('give back %s events', async (stream) => {
    await fc.assert(
      fc.asyncProperty(events(stream), fc.nat(11), async (all, cut) => {
        const { bytes } = await container(stream, codec, [all.slice(0, cut), all.slice(cut)]);
        expect(plain(await readAll(bytes))).toEqual(plain({ events: all, notes: [] }));
      }),
      { numRuns: 40 },
    );
  });
});

it('records one after the other give back events of both streams', async () => {
  const encoder = createSingleObjectEncoder();
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 12 }), async (all) => {
      const bytes = Buffer.concat(all.map((one) => encoder.encode(one).bytes));
      expect(plain(await readAll(bytes))).toEqual(plain({ events: all, notes: [] }));
    }),
    { numRuns: 60 },
  );
});

const all = async (items: AsyncIterable<Decoded>): Promise<Decoded[]> => {
  const list: Decoded[] = [];
  for await (const item of items) list.push(item);
  return list;
};

const FRAMINGS: Readonly<Record<string, Prefixes>> = {
  raw: { process: new Uint8Array(0), agent: new Uint8Array(0) },
  confluent: { process: Uint8Array.of(0, 0, 0, 0, 17), agent: Uint8Array.of(0, 0, 0, 1, 0) },
  single_object: { process: singleObjectHeader('process'), agent: singleObjectHeader('agent') },
};

it.each(Object.entries(FRAMINGS))('messages framed as %s give back what they hold', (framing, prefixes) => {
  const encoder = createAvroEncoder(prefixes);
  fc.assert(
    fc.property(event, (one) => {
      const { fullName, json } = publishedSchema(one.stream);
      const schema = `${fullName}/${schemaFingerprint(json).toString(16).padStart(16, '0')}`;
      const value = Buffer.from(encoder.encode(one).bytes);
      const read = readFramedRecord(value, { schema, contentType: `application/vnd.apache.avro; framing=${framing}` });
      expect(plain(read)).toEqual(plain({ what: 'event', event: one }));
    }),
    { numRuns: 150 },
  );
});

describe.each(['confluent', 'raw'] as const)('values of messages framed as %s, one after the other,', (framing) => {
  const encoder = createAvroEncoder(FRAMINGS[framing]);
  const values = (list: readonly AnyEvent[]): Buffer => Buffer.concat(list.map((one) => encoder.encode(one).bytes));

  it.each(['process', 'agent'] as const)('give back %s events', async (stream) => {
    await fc.assert(
      fc.asyncProperty(events(stream), fc.integer({ min: 1, max: 3000 }), async (list, chunk) => {
        const read = await all(decodeUnmarked(chunks(values(list), chunk), { framing, stream }));
        expect(plain(read)).toEqual(plain(list.map((one) => ({ what: 'event', event: one }))));
      }),
      { numRuns: 40 },
    );
  });

  it('tell where they end too early, and what is no more to be read', async () => {
    const bytes = values([asProcess(execEvent), asProcess(execEvent)]);
    const half = bytes.length / 2;
    const form = { framing, stream: 'process' } as const;
    expect((await all(decodeUnmarked(chunks(bytes.subarray(0, -5)), form))).slice(1)).toEqual([
      { what: 'torn', at: half, bytes: half - 5 },
    ]);
    const damaged = Buffer.concat([bytes.subarray(0, half), Buffer.alloc(100_000, 0xff)]);
    expect((await all(decodeUnmarked(chunks(damaged, 1000), form))).slice(1)).toMatchObject([
      { what: 'corrupt', at: half, bytes: 100_000 },
    ]);
  });
});
