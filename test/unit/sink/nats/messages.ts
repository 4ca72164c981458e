import type { Encoded } from '../../../../src/core/encoded.ts';
import type { Envelope } from '../../../../src/sink/nats/envelope.ts';
import { Message } from '../../../../src/sink/nats/message.ts';
import { record } from '../../../contract/records.ts';

export const never = new AbortController().signal;

export const AGENT = '01970000-0000-7000-8000-00000000000a';
export const SINK = '01970000-0000-7000-8000-00000000000c';

export function envelopeOf(subject = 'f.exec', more: Partial<Envelope> = {}): Envelope {
  return {
    subject,
    prefix: Buffer.from([0xc3, 0x01]),
    agentId: AGENT,
    dedupePrefix: `${SINK}/${AGENT}/`,
    headers: 'schema: S/1\r\nhost-id: H\r\ncontent-type: application/vnd.apache.avro; framing=single_object\r\nNats-Expected-Stream: S\r\n',
    ...more,
  };
}

/** A message with one event. */
export function messageOf(sequence: number, subject = 'f.exec'): Message {
  return new Message(envelopeOf(subject), [record(sequence)], false);
}

export function batchMessage(events: readonly Encoded[], envelope = envelopeOf()): Message {
  return new Message(envelope, events, true);
}

/** Until whatever can go on by itself has. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await new Promise((resolve) => setImmediate(resolve));
}
