import { describe, expect, it } from 'vitest';
import { publishedSchema } from '../../../src/encode/avro/schemas.ts';
import { avroType } from '../../../src/encode/avro/types.ts';
import { ocfHeader } from '../../../src/encode/avro/ocf-header.ts';
import { createOcf } from '../../../src/encode/avro/ocf.ts';
import { createSingleObjectEncoder } from '../../../src/encode/avro/single-object.ts';
import { decode } from '../../../src/encode/decode.ts';
import { chunks, container, plain, readAll, sequences, sync } from './files.ts';
import { fullAgentEvent, fullProcessEvent } from './full-samples.ts';
import { asAgent, asProcess, execEvent, exitEvent, forkEvent } from './samples.ts';

const framed = createSingleObjectEncoder();
const records = [asProcess(fullProcessEvent), asAgent(fullAgentEvent), asProcess(forkEvent), asProcess(execEvent)].map((event) => ({
  event,
  bytes: Buffer.from(framed.encode(event).bytes),
}));
const all = Buffer.concat(records.map(({ bytes }) => bytes));

/** A file whose records were written with another schema. */
async function writtenWith(schema: unknown, values: readonly unknown[]): Promise<Buffer> {
  const body = Buffer.concat(values.map((value) => avroType(schema).toBuffer(value)));
  return Buffer.concat([
    ocfHeader({ 'avro.schema': JSON.stringify(schema), 'avro.codec': 'null' }, sync),
    await createOcf('process', 'null').block(values.length, body, sync),
  ]);
}

interface Schema {
  name: string;
  fields: { name: string; type: unknown; default?: unknown }[];
}
const copy = (): Schema => structuredClone(publishedSchema('process').json) as unknown as Schema;

describe('single-object records', () => {
  it('are read one after the other, of both streams, however they arrive', async () => {
    for (const size of [1, 9, 11, 100, 1000, undefined]) {
      expect(plain(await readAll(all, size))).toEqual(plain({ events: records.map(({ event }) => event), notes: [] }));
    }
  });

  it('are read beyond the first window', async () => {
    const many = Buffer.concat(
      Array.from({ length: 2000 }, (_, i) => Buffer.from(framed.encode(asProcess({ ...exitEvent, sequence: i + 1 })).bytes)),
    );
    const long = Buffer.from(
      framed.encode(asProcess({ ...execEvent, sequence: 2001, process: { ...execEvent.process, args: ['x'.repeat(300_000)] } })).bytes,
    );
    const reading = await readAll(Buffer.concat([many, long, many]), 10_000);
    expect(reading.notes).toEqual([]);
    expect(reading.events.length).toBe(4001);
  });

  it('may end within a record', async () => {
    const start = all.length - (records.at(-1)?.bytes.length ?? 0);
    for (const size of [start + 1, start + 5, start + 10, start + 50, all.length - 1]) {
      const reading = await readAll(all.subarray(0, size), 64);
      expect(reading.events.length).toBe(records.length - 1);
      expect(reading.notes).toEqual([{ what: 'torn', at: start, bytes: size - start }]);
    }
  });

  it('are found again after damage', async () => {
    const first = records[0]?.bytes.length ?? 0;
    const junk = Buffer.alloc(100_000, 0x41);
    const reading = await readAll(Buffer.concat([all.subarray(0, first), junk, all.subarray(first)]), 5000);
    expect(reading.notes).toMatchObject([{ what: 'corrupt', at: first, bytes: junk.length }]);
    expect(reading.events.length).toBe(records.length);
  });

  it('are found again wherever the next one begins', async () => {
    for (let junk = 65_520; junk < 65_550; junk++) {
      const reading = await readAll(Buffer.concat([Buffer.from([0xc3]), Buffer.alloc(junk, 0x41), all]));
      expect(reading.notes).toMatchObject([{ what: 'corrupt', at: 0, bytes: junk + 1 }]);
    }
  });

  it('keep map keys that are names of something in JavaScript', async () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    const { events } = await readAll(framed.encode(asProcess({ ...execEvent, host: { ...execEvent.host, labels } })).bytes);
    expect(Object.entries(events[0]?.event.host.labels ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });

  it('are found again after a record that claims not to end', async () => {
    const first = Buffer.from(framed.encode(asProcess({ ...exitEvent, process: { ...exitEvent.process, name: 'unmistakable' } })).bytes);
    first.set([0xfe, 0xff, 0xff, 0xff, 0x0f], first.indexOf('unmistakable') - 1);
    const reading = await readAll(Buffer.concat([first, all]));
    expect(reading.notes).toMatchObject([{ what: 'corrupt', at: 0, bytes: first.length }]);
    expect(reading.events.length).toBe(records.length);
  });

  it('of an unknown schema are corrupt to the end', async () => {
    const unknown = Buffer.from(all);
    for (let at = unknown.indexOf('c301', 0, 'hex'); at >= 0; at = unknown.indexOf('c301', at + 1, 'hex'))
      unknown[at + 2] = (unknown[at + 2] ?? 0) ^ 1;
    expect((await readAll(unknown)).notes).toMatchObject([
      { what: 'corrupt', at: 0, bytes: unknown.length, reason: expect.stringContaining('fingerprint') as string },
    ]);
  });
});

describe('files of other versions', () => {
  it('without the newest fields are read with their defaults', async () => {
    const older = copy();
    older.fields = older.fields.filter((field) => !['privacy', 'coredump'].includes(field.name));
    const { events, notes } = await readAll(await writtenWith(older, [fullProcessEvent]));
    expect(notes).toEqual([]);
    expect(plain(events)).toEqual(plain([asProcess({ ...fullProcessEvent, privacy: null, coredump: null })]));
  });

  it('with fields and symbols still unknown are read without them', async () => {
    const newer = copy();
    newer.fields.splice(3, 0, { name: 'novelty', type: { type: 'map', values: { type: 'array', items: 'string' } } });
    const [kind] = newer.fields as unknown as [{ type: { symbols: string[] } }];
    kind.type.symbols.push('CLONE');
    const { events, notes } = await readAll(await writtenWith(newer, [{ ...execEvent, kind: 'CLONE', novelty: { a: ['b'] } }]));
    expect(notes).toEqual([]);
    expect(plain(events)).toEqual(plain([asProcess({ ...execEvent, kind: 'UNKNOWN' })]));
  });

  it('that cannot be read say so', async () => {
    const incompatible = copy();
    incompatible.fields = incompatible.fields.filter((field) => field.name !== 'sequence');
    await expect(readAll(await writtenWith(incompatible, []))).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringContaining('sequence') as string,
    });
  });
});

describe('what is not ours', () => {
  const foreignSchema = { type: 'record', name: 'Tweet', namespace: 'com.example', fields: [] };
  const cases: [string, () => Promise<Buffer>, string][] = [
    ['text', () => Promise.resolve(Buffer.from('{"kind":"EXEC"}')), 'begins with the bytes 7b226b69'],
    ['records of another schema', () => writtenWith(foreignSchema, []), 'com.example.Tweet'],
    [
      'an invalid schema',
      () => Promise.resolve(Buffer.from(ocfHeader({ 'avro.schema': '{"type":"record"' }, sync))),
      'its schema is invalid',
    ],
    [
      'an unknown codec',
      () => Promise.resolve(Buffer.from(ocfHeader({ 'avro.schema': publishedSchema('process').text, 'avro.codec': 'bzip2' }, sync))),
      '"bzip2"',
    ],
    ['a damaged header', () => Promise.resolve(Buffer.concat([Buffer.from('Obj\u0001'), Buffer.alloc(100, 0xff)])), 'at byte 0'],
  ];

  it.each(cases)('is refused: %s', async (_name, bytes, message) => {
    await expect(readAll(await bytes())).rejects.toMatchObject({
      code: 'FILE_CORRUPT',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('reading', () => {
  it('closes its input when left early', async () => {
    const { bytes } = await container('process', 'zstd', [[asProcess(forkEvent), asProcess(exitEvent)]]);
    let closed = false;
    async function* watched(): AsyncGenerator<Uint8Array> {
      try {
        yield* chunks(bytes, 100);
      } finally {
        closed = true;
      }
    }
    for await (const item of decode(watched())) {
      expect(item.what).toBe('event');
      break;
    }
    expect(closed).toBe(true);
  });

  it('passes on errors of its input', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(all.subarray(0, 100));
      throw new Error('disk on fire');
    }
    const reading = (async () => {
      for await (const item of decode(failing())) expect(item.what).toBe('event');
    })();
    await expect(reading).rejects.toThrow('disk on fire');
  });

  it('holds no more than it needs', async () => {
    const { bytes } = await container(
      'process',
      'null',
      Array.from({ length: 200 }, (_, i) => [asProcess({ ...exitEvent, sequence: i })]),
    );
    let ahead = 0;
    let most = 0;
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks(bytes, 100)) {
        ahead += chunk.length;
        most = Math.max(most, ahead);
        yield chunk;
      }
    }
    const seen: number[] = [];
    for await (const item of decode(counted())) if (item.what === 'event') seen.push((ahead = 0));
    expect(seen.length).toBe(200);
    expect(sequences(await readAll(bytes)).length).toBe(200);
    // The header is the largest part that has to be there at once.
    expect(most).toBeLessThan(80_000);
  });
});
