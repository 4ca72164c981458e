import { createHash } from 'node:crypto';
import type { Encoded } from '../../core/encoded.ts';
import type { AgentError } from '../../core/errors.ts';
import type { Envelope } from './envelope.ts';

/** Of each record of a batch stands its length before it: 32 bits, big-endian. */
export const LENGTH_BYTES = 4;
/** More than the headers of any message take. */
export const HEADER_ROOM = 1024;
/** Said of the content of a message that is a batch. */
const BATCH_PARAMETER = '; batch=uint32';

/** Whose message it is: told when it is answered, or when no answer will come; `fault`: why it was not taken. */
export interface MessageOwner {
  settled(message: Message, fault: AgentError | undefined): void;
}

/**
 * A message on its way, from the first write of its batch until it is acknowledged or refused. It holds one event, framed as the envelope says, or several: each
 * framed so, with its length before it, and then the headers say `events: N` and `content-type: …; batch=uint32`.
 */
export class Message {
  readonly envelope: Envelope;
  readonly events: readonly Encoded[];
  /** Of its content. */
  readonly size: number;
  readonly isBatch: boolean;
  /** Under which it is in flight; 0: it is not. */
  token = 0;
  /** What it takes of the window then. */
  bytesInFlight = 0;
  owner: MessageOwner | undefined;
  /** Nothing is to be done about it any more: acknowledged, or refused for good. */
  isDone = false;
  /** Why it was not taken when it was sent last. */
  fault: AgentError | undefined;

  constructor(envelope: Envelope, events: readonly Encoded[], isBatch: boolean) {
    this.envelope = envelope;
    this.events = events;
    this.isBatch = isBatch;
    const each = envelope.prefix.length + (isBatch ? LENGTH_BYTES : 0);
    let size = 0;
    for (const event of events) size += each + event.bytes.length;
    this.size = size;
  }

  /** All its headers, as the protocol writes them. The same whenever it is sent: by its id a stream knows what it has. */
  headers(): string {
    const { envelope, events, isBatch } = this;
    const id = this.#id();
    const dedupe = envelope.dedupePrefix === null ? '' : `Nats-Msg-Id: ${envelope.dedupePrefix}${id ?? `checkpoint-${this.#digest()}`}\r\n`;
    const identity = id === undefined ? '' : `event-id: ${envelope.agentId}:${id}\r\n`;
    const rest = isBatch
      ? `${envelope.headers.replace(/^content-type: [^\r]*/m, `$&${BATCH_PARAMETER}`)}events: ${events.length}\r\n`
      : envelope.headers;
    return `NATS/1.0\r\n${dedupe}${identity}${rest}\r\n`;
  }

  /** Two smaller ones with the same events. */
  halves(): [Message, Message] {
    const middle = Math.ceil(this.events.length / 2);
    return [this.events.slice(0, middle), this.events.slice(middle)].map((events) => new Message(this.envelope, events, this.isBatch)) as [
      Message,
      Message,
    ];
  }

  /**
   * The sequence of its event, or the first and the last; where others between them are not in it, also a digest, for another batch may have the same ends.
   * Undefined where it has no sequence: it is a checkpoint by itself.
   */
  #id(): string | undefined {
    const { events } = this;
    const first = (events[0] as Encoded).sequence;
    if (!this.isBatch) return first === 0 ? undefined : String(first);
    const last = (events.at(-1) as Encoded).sequence;
    // Each by itself: a checkpoint may stand where one is missing.
    if (first !== 0 && events.every(({ sequence }, i) => sequence === first + i)) return `${first}-${last}`;
    return `${first}-${last}/${this.#digest()}`;
  }

  /** Of what is in it: equal for the same records only. */
  #digest(): string {
    const hash = createHash('sha256');
    const sequences = new Float64Array(this.events.length);
    this.events.forEach(({ sequence, bytes }, i) => {
      // A checkpoint has no number of its own; its length tells where its bytes end.
      sequences[i] = sequence === 0 ? -bytes.length : sequence;
      if (sequence === 0) hash.update(bytes);
    });
    return hash.update(sequences).digest('hex').slice(0, 16);
  }
}
