import { describe, expect, test } from 'vitest';
import { createContentOf, createViewOf } from '../../../../src/sink/framing/contents.ts';
import type { ContentOptions, RecordSchema } from '../../../../src/sink/framing/contents.ts';

const schema = (stream: 'process' | 'agent', fingerprint: string): RecordSchema => ({
  stream,
  fullName: `forkcast.v1.${stream}`,
  fingerprint,
  text: '{}',
});

function options(changes: Partial<ContentOptions>): ContentOptions {
  return {
    framing: 'raw',
    schemas: { process: schema('process', '0102030405060708'), agent: schema('agent', '1112131415161718') },
    hostId: 'host',
    ids: undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

const idsWith = (id: number) => ({ known: () => id, idOf: () => Promise.resolve(id) });

const prefixOf = async (changes: Partial<ContentOptions>): Promise<string> =>
  Buffer.from((await createContentOf(options(changes))('process', 't', undefined)).prefix).toString('hex');

test('before JSON nothing stands, and its headers say what it is', async () => {
  const contentOf = createViewOf({ process: 'ecs/9.4.0', agent: 'ecs/9.4.0' }, 'host');
  expect(await contentOf('process', 't', undefined)).toEqual({
    prefix: new Uint8Array(0),
    headers: [
      ['schema', 'ecs/9.4.0'],
      ['host-id', 'host'],
      ['content-type', 'application/json'],
    ],
  });
});

describe('what stands before a record', () => {
  test('is nothing with framing raw', async () => {
    expect(await prefixOf({ framing: 'raw' })).toBe('');
  });

  test('is the marker and the fingerprint, little-endian, with framing single_object', async () => {
    expect(await prefixOf({ framing: 'single_object' })).toBe('c3010807060504030201');
  });

  test('is a zero and the id of the schema, big-endian, with framing confluent', async () => {
    const asked: unknown[] = [];
    const ids = {
      known: () => 258,
      idOf: (wanted: unknown) => {
        asked.push(wanted);
        return Promise.resolve(258);
      },
    };
    expect(await prefixOf({ framing: 'confluent', ids })).toBe('0000000102');
    expect(asked).toMatchObject([{ topic: 't', stream: 'process', fullName: 'forkcast.v1.process' }]);
  });

  test('is current as long as the id is that of the schema', async () => {
    let known: number | undefined = 258;
    const ids = { known: () => known, idOf: () => Promise.resolve(258) };
    const { isCurrent } = await createContentOf(options({ framing: 'confluent', ids }))('process', 't', undefined);
    expect(isCurrent?.()).toBe(true);
    known = 3;
    expect(isCurrent?.()).toBe(false);
    known = undefined;
    expect(isCurrent?.()).toBe(false);
  });

  test('is refused where the id cannot be had', async () => {
    const ids = { known: () => undefined, idOf: () => Promise.reject(new Error('no registry')) };
    await expect(prefixOf({ framing: 'confluent', ids })).rejects.toThrow('no registry');
  });

  test('names the schema that an earlier run wrote by', async () => {
    const contentOf = createContentOf(options({ framing: 'single_object' }));
    const { prefix, headers } = await contentOf('agent', 't', {
      agentId: Buffer.alloc(16),
      format: 'avro process=aa agent=2122232425262728',
    });
    expect(Buffer.from(prefix).toString('hex')).toBe('c3012827262524232221');
    expect(headers).toEqual([
      ['schema', 'forkcast.v1.agent/2122232425262728'],
      ['host-id', 'host'],
      ['content-type', 'application/vnd.apache.avro; framing=single_object'],
    ]);
  });

  test.each([
    ['confluent', 'avro process=0102030405060708 agent=2122232425262728', /forkcast\.v1\.agent\/2122232425262728, whose id is not known/],
    ['confluent', 'json', /the format json, which names no Avro schema/],
    ['single_object', 'line', /the format line, which names no Avro schema/],
    ['raw', 'avro process=0102030405060708', /which names no Avro schema/],
  ] as const)('is never that of another schema: framing %s refuses %s', async (framing, format, message) => {
    const contentOf = createContentOf(options({ framing, ids: idsWith(258) }));
    await expect(contentOf('agent', 't', { agentId: Buffer.alloc(16), format })).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      message: expect.stringMatching(message) as string,
      fix: expect.stringContaining('forkcast dlq replay') as string,
    });
  });

  test('is the same for what an earlier run wrote by the same schema', async () => {
    const contentOf = createContentOf(options({ framing: 'confluent', ids: idsWith(258) }));
    const origin = { agentId: Buffer.alloc(16), format: 'avro process=0102030405060708 agent=2122232425262728' };
    expect(Buffer.from((await contentOf('process', 't', origin)).prefix).toString('hex')).toBe('0000000102');
  });
});
