import type { Encoded } from '../../core/encoded.ts';
import type { Envelopes } from '../framing/envelopes.ts';
import type { Envelope } from './envelope.ts';
import { LENGTH_BYTES, Message } from './message.ts';

/** Bounds of one message. */
export interface MessageBounds {
  /** 1: each event is a message of its own, without a length before it. */
  readonly maxEvents: number;
  readonly maxBytes: number;
}

interface Filling {
  readonly envelope: Envelope;
  readonly events: Encoded[];
  size: number;
}

/** Makes messages of events: of those of one subject as many as fit into one, in their order. */
export class Packer {
  readonly #envelopes: Envelopes<Envelope>;
  readonly #bounds: MessageBounds;

  constructor(envelopes: Envelopes<Envelope>, bounds: MessageBounds) {
    this.#envelopes = envelopes;
    this.#bounds = bounds;
  }

  /** In the order of their first events. Rejects with what the envelopes reject with. */
  async pack(events: readonly Encoded[]): Promise<Message[]> {
    this.#envelopes.refresh();
    return this.#bounds.maxEvents === 1 ? this.#alone(events) : this.#together(events);
  }

  async #alone(events: readonly Encoded[]): Promise<Message[]> {
    const messages: Message[] = [];
    for (const event of events) {
      const found = this.#envelopes.of(event);
      messages.push(new Message(found instanceof Promise ? await found : found, [event], false));
    }
    return messages;
  }

  async #together(events: readonly Encoded[]): Promise<Message[]> {
    const { maxEvents, maxBytes } = this.#bounds;
    const all: Filling[] = [];
    const open = new Map<Envelope, Filling>();
    for (const event of events) {
      const found = this.#envelopes.of(event);
      const envelope = found instanceof Promise ? await found : found;
      const size = LENGTH_BYTES + envelope.prefix.length + event.bytes.length;
      let filling = open.get(envelope);
      if (filling === undefined || filling.events.length === maxEvents || filling.size + size > maxBytes) {
        filling = { envelope, events: [], size: 0 };
        open.set(envelope, filling);
        all.push(filling);
      }
      filling.events.push(event);
      filling.size += size;
    }
    return all.map(({ envelope, events: some }) => new Message(envelope, some, true));
  }
}
