import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { AcknowledgementReader, isTooLarge } from '../../../../src/sink/nats/acknowledgement.ts';

const reader = new AcknowledgementReader('FORKCAST');
const read = (text: string) => reader.read(Buffer.from(text));
const failed = (text: string): AgentError => {
  const found = read(text);
  expect(found).toBeInstanceOf(AgentError);
  return found as AgentError;
};
const refusing = (err_code: number, code = 400, description = 'no') =>
  failed(JSON.stringify({ error: { code, err_code, description }, stream: 'FORKCAST', seq: 0 }));

describe('what a stream answers', () => {
  test.each([
    ['{"stream":"FORKCAST","seq":1}', 'stored'],
    ['{"stream":"FORKCAST","seq":1,"domain":"hub"}', 'stored'],
    ['{"stream":"FORKCAST","domain":"core","seq":12}', 'stored'],
    ['{"stream":"FORKCAST","seq":1,"duplicate":true}', 'duplicate'],
    ['{"stream":"FORKCAST","seq":1,"duplicate": true}', 'duplicate'],
    ['{"stream":"FORKCAST","seq":1,"domain":"hub","duplicate":true}', 'duplicate'],
    ['{ "stream" : "FORKCAST", "seq" : 1 }', 'stored'],
    ['{"duplicate":true,"seq":1,"stream":"FORKCAST"}', 'duplicate'],
  ])('is read from %s', (text, meaning) => {
    expect(read(text)).toBe(meaning);
  });

  test('is read where it stands among other bytes', () => {
    const text = '{"stream":"FORKCAST","seq":1,"duplicate":true}';
    const slab = Buffer.from(`xxxx${text}yyyy`);
    expect(reader.read(slab.subarray(4, 4 + text.length))).toBe('duplicate');
    const error = Buffer.from('xx{"error":{"code":503,"err_code":10077,"description":"full"}}yy');
    expect(reader.read(error.subarray(2, -2))).toMatchObject({ code: 'SINK_REFUSED' });
  });

  test.each([
    [10077, 'SINK_REFUSED', /full/],
    [10060, 'SINK_REFUSED', /Another stream/],
    [10059, 'SINK_REFUSED', /Create the stream/],
    [10109, 'SINK_REFUSED', /sealed/],
    [10169, 'SINK_REFUSED', /counters/],
    [10002, 'SINK_REFUSED', /account/],
    [10023, 'SINK_REFUSED', /disk or memory/],
    [10028, 'SINK_REFUSED', /limit/],
    [10047, 'SINK_REFUSED', /disk or memory/],
    [10039, 'SINK_REFUSED', /Enable JetStream/],
    [10076, 'SINK_REFUSED', /Enable JetStream/],
    [10054, 'RECORD_REJECTED', /max_msg_size/],
    [10158, 'SINK_UNREACHABLE', /passes/],
  ])('is acted upon by its number %i', (number, code, fix) => {
    expect(refusing(number)).toMatchObject({ code, fix: expect.stringMatching(fix) as string, context: { err_code: number } });
    expect(isTooLarge(refusing(number))).toBe(number === 10054);
  });

  test.each([
    [429, 'SINK_UNREACHABLE'],
    [500, 'SINK_UNREACHABLE'],
    [503, 'SINK_UNREACHABLE'],
    [0, 'SINK_UNREACHABLE'],
    [400, 'SINK_REFUSED'],
    [404, 'SINK_REFUSED'],
    [409, 'SINK_REFUSED'],
  ])('is acted upon by its class %i where its number says nothing', (code, reaction) => {
    expect(refusing(99_999, code)).toMatchObject({ code: reaction });
  });

  test('is told as the server said it, and no more than is fit to print', () => {
    expect(refusing(10077, 503, 'maximum\u001b[31m bytes').message).toBe('the stream does not take it: maximum\\x1b[31m bytes (10077)');
    expect(refusing(10077, 503, 'x'.repeat(10_000)).message.length).toBeLessThan(300);
  });

  test.each([
    '',
    '{}',
    '{"status":"ok"}',
    '{"stream":"OTHER","seq":1}',
    '{"stream":"FORKCAST"}',
    '{"stream":"FORKCAST",',
    '{"stream":"FORKCAST2","seq":1}',
    '{"seq":1}',
    'null',
    '"stored"',
    '7',
    '[]',
    '+OK',
    '{"error":null}',
  ])('is not in %j, which somebody else said', (text) => {
    expect(failed(text)).toMatchObject({
      code: 'SINK_UNREACHABLE',
      message: expect.stringContaining('is not the stream FORKCAST') as string,
    });
  });

  test.each([
    '{"error":"no"}',
    '{"error":{}}',
    '{"error":{"code":"x","err_code":null,"description":7}}',
    '{"error":true}',
    '{"error":{"description":{"toString":1}}}',
  ])('is an error where it looks like one: %s', (text) => {
    expect(failed(text)).toMatchObject({ code: 'SINK_UNREACHABLE' });
  });

  test('is never taken for granted, and never more than an error', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.json().map((text) => Buffer.from(text)),
    );
    fc.assert(fc.property(bytes, (found) => reader.read(found) instanceof AgentError));
  });
});
