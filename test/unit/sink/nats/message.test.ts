import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { HEADER_ROOM, Message } from '../../../../src/sink/nats/message.ts';
import { record } from '../../../contract/records.ts';
import { headerOf } from './frames.ts';
import { AGENT, SINK, batchMessage, envelopeOf, messageOf } from './messages.ts';

const idOf = (message: Message): string | undefined => headerOf({ headers: message.headers() }, 'Nats-Msg-Id');
const events = (...sequences: number[]): Encoded[] => sequences.map((sequence) => record(sequence));
const checkpoint = (text: string): Encoded => ({ ...record(0, 16, 'agent'), bytes: Buffer.from(text) });
const idOfBatch = (...some: Encoded[]): string => (idOf(batchMessage(some)) ?? '').slice(`${SINK}/${AGENT}/`.length);

describe('a message', () => {
  test('of one event has these headers, byte for byte', () => {
    expect(messageOf(7).headers()).toBe(
      `NATS/1.0\r\nNats-Msg-Id: ${SINK}/${AGENT}/7\r\nevent-id: ${AGENT}:7\r\nschema: S/1\r\nhost-id: H\r\n` +
        'content-type: application/vnd.apache.avro; framing=single_object\r\nNats-Expected-Stream: S\r\n\r\n',
    );
    expect(messageOf(7).size).toBe(2 + 16);
  });

  test('of several says how many, and that their lengths are there', () => {
    const message = batchMessage(events(7, 8));
    expect(message.headers()).toBe(
      `NATS/1.0\r\nNats-Msg-Id: ${SINK}/${AGENT}/7-8\r\nevent-id: ${AGENT}:7-8\r\nschema: S/1\r\nhost-id: H\r\n` +
        'content-type: application/vnd.apache.avro; framing=single_object; batch=uint32\r\nNats-Expected-Stream: S\r\nevents: 2\r\n\r\n',
    );
    expect(message.size).toBe(2 * (4 + 2 + 16));
  });

  test('has no id of its own where no stream looks for one', () => {
    const { headers } = envelopeOf();
    const message = new Message(envelopeOf('f', { dedupePrefix: null }), events(7), false);
    expect(message.headers()).toBe(`NATS/1.0\r\nevent-id: ${AGENT}:7\r\n${headers}\r\n`);
  });

  test('of a checkpoint is known by its bytes, and is no event', () => {
    const one = (text: string) => new Message(envelopeOf(), [checkpoint(text)], false);
    expect(idOf(one('state one'))).toMatch(/\/checkpoint-[0-9a-f]{16}$/);
    expect(idOf(one('state one'))).toBe(idOf(one('state one')));
    expect(idOf(one('state one'))).not.toBe(idOf(one('state two')));
    expect(headerOf({ headers: one('state one').headers() }, 'event-id')).toBeUndefined();
  });

  test('has headers that fit into the room kept for them, at their longest', () => {
    const name = 'x'.repeat(255);
    const envelope = envelopeOf('f', {
      headers:
        `schema: forkcast.v1.ProcessEvent/${'0'.repeat(16)}\r\nhost-id: ${AGENT}\r\n` +
        `content-type: application/vnd.apache.avro; framing=single_object\r\nNats-Expected-Stream: ${name}\r\n`,
    });
    const last = Number.MAX_SAFE_INTEGER;
    expect(batchMessage(events(last - 9, last), envelope).headers().length).toBeLessThan(HEADER_ROOM);
  });

  test('can be taken apart into two that have the same events, each under an id of its own', () => {
    const [one, two] = batchMessage(events(1, 2, 3)).halves();
    expect([one, two].map((half) => half.events.map(({ sequence }) => sequence))).toEqual([[1, 2], [3]]);
    expect([idOf(one), idOf(two)].map((id) => id?.split('/').at(-1))).toEqual(['1-2', '3-3']);
    expect(two.isBatch).toBe(true);
  });
});

describe('the id of a batch', () => {
  test('is its ends, and a digest where something between them is missing', () => {
    expect(idOfBatch(...events(5, 6, 7))).toBe('5-7');
    expect(idOfBatch(...events(5))).toBe('5-5');
    expect(idOfBatch(...events(5, 7))).toMatch(/^5-7\/[0-9a-f]{16}$/);
    expect(idOfBatch(checkpoint('x'))).toMatch(/^0-0\/[0-9a-f]{16}$/);
  });

  test('is not taken by a checkpoint in the place of an event', () => {
    const [whole, one, another] = [
      idOfBatch(...events(1, 2, 3)),
      idOfBatch(record(1), checkpoint('one'), record(3)),
      idOfBatch(record(1), checkpoint('two'), record(3)),
    ];
    expect(new Set([whole, one, another]).size).toBe(3);
  });

  test('tells checkpoints apart that are as many bytes together', () => {
    expect(idOfBatch(checkpoint('ab'), checkpoint('c'))).not.toBe(idOfBatch(checkpoint('a'), checkpoint('bc')));
  });

  test('is the same for the same events, and for no others', () => {
    const some = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 8 }).map((sequence) => record(sequence)),
        fc.constantFrom('a', 'b', 'ab').map((text) => checkpoint(text)),
      ),
      { minLength: 1, maxLength: 5 },
    );
    const said = (set: readonly Encoded[]): string =>
      set.map(({ sequence, bytes }) => (sequence === 0 ? Buffer.from(bytes).toString() : String(sequence))).join(' ');
    fc.assert(
      fc.property(some, some, (one, other) => {
        expect(idOfBatch(...one)).toBe(idOfBatch(...one.map((event) => ({ ...event, bytes: Buffer.from(event.bytes) }))));
        expect(idOfBatch(...one) === idOfBatch(...other)).toBe(said(one) === said(other));
      }),
      { numRuns: 3000 },
    );
  });
});
