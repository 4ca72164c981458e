import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Encoded, Origin } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { Envelopes } from '../../../../src/sink/framing/envelopes.ts';
import type { Envelope } from '../../../../src/sink/nats/envelope.ts';
import type { Message } from '../../../../src/sink/nats/message.ts';
import { Packer } from '../../../../src/sink/nats/packer.ts';
import { record } from '../../../contract/records.ts';
import { envelopeOf } from './messages.ts';

function packer(maxEvents: number, maxBytes = 1e6): Packer {
  const make = ({ stream, kind, origin }: Encoded): Promise<{ envelope: Envelope }> =>
    Promise.resolve({ envelope: envelopeOf(`${stream}.${kind}`, origin === undefined ? {} : { agentId: 'earlier' }) });
  return new Packer(new Envelopes(make, true), { maxEvents, maxBytes });
}

const told = (messages: readonly Message[]) =>
  messages.map(({ envelope, events, isBatch }) => [envelope.subject, events.map(({ sequence }) => sequence), isBatch]);
const kind = (sequence: number, name: string, size = 16): Encoded => ({ ...record(sequence, size), kind: name });
const earlier: Origin = { agentId: new Uint8Array(16), format: 'avro' };

describe('messages of events', () => {
  test('are one for each, in their order, where it may hold no more', async () => {
    const messages = await packer(1).pack([kind(1, 'EXEC'), kind(2, 'EXIT'), kind(3, 'EXEC')]);
    expect(told(messages)).toEqual([
      ['process.EXEC', [1], false],
      ['process.EXIT', [2], false],
      ['process.EXEC', [3], false],
    ]);
    expect(await packer(1).pack([])).toEqual([]);
  });

  test('hold those of one subject together, in the order of their first', async () => {
    const messages = await packer(3).pack([1, 2, 3, 4, 5, 6, 7, 8].map((i) => kind(i, i % 2 === 0 ? 'EXIT' : 'EXEC')));
    expect(told(messages)).toEqual([
      ['process.EXEC', [1, 3, 5], true],
      ['process.EXIT', [2, 4, 6], true],
      ['process.EXEC', [7], true],
      ['process.EXIT', [8], true],
    ]);
  });

  test('keep apart what different runs of the agent made', async () => {
    const messages = await packer(9).pack([record(1), { ...record(1), origin: earlier }, record(2), { ...record(2), origin: earlier }]);
    expect(messages.map(({ envelope, events }) => [envelope.agentId === 'earlier', events.length])).toEqual([
      [false, 2],
      [true, 2],
    ]);
  });

  test('hold no more bytes than they may, except one event that does by itself', async () => {
    // 4 of the length, 2 of the prefix.
    const messages = await packer(9, 44).pack([kind(1, 'A'), kind(2, 'A'), kind(3, 'A'), kind(4, 'A', 500), kind(5, 'A')]);
    expect(told(messages).map(([, sequences]) => sequences)).toEqual([[1, 2], [3], [4], [5]]);
    expect(messages.map(({ size }) => size)).toEqual([44, 22, 506, 22]);
  });

  test('hold every event once, those of a subject in their order', async () => {
    const some = fc.array(fc.record({ name: fc.constantFrom('A', 'B', 'C'), size: fc.integer({ min: 12, max: 60 }) }), { maxLength: 60 });
    const bounds = fc.record({ maxEvents: fc.integer({ min: 1, max: 9 }), maxBytes: fc.integer({ min: 1, max: 300 }) });
    await fc.assert(
      fc.asyncProperty(some, bounds, async (shapes, { maxEvents, maxBytes }) => {
        const events = shapes.map(({ name, size }, i) => kind(i + 1, name, size));
        const messages = await packer(maxEvents, maxBytes).pack(events);
        for (const name of ['A', 'B', 'C']) {
          const sent = messages.filter(({ envelope }) => envelope.subject === `process.${name}`).flatMap((message) => message.events);
          expect(sent).toEqual(events.filter((event) => event.kind === name));
        }
        expect(messages.reduce((sum, message) => sum + message.events.length, 0)).toBe(events.length);
        for (const { events: held, size, isBatch } of messages) {
          expect(held.length).toBeLessThanOrEqual(maxEvents);
          expect(isBatch).toBe(maxEvents > 1);
          if (held.length > 1) expect(size).toBeLessThanOrEqual(maxBytes);
        }
      }),
    );
  });

  test('are not made where it cannot be said what the events are', async () => {
    const error = new AgentError('REGISTRY_UNREACHABLE', 'away');
    const failing = new Packer(new Envelopes(() => Promise.reject(error), false), { maxEvents: 1, maxBytes: 100 });
    await expect(failing.pack([record(1)])).rejects.toBe(error);
  });
});
