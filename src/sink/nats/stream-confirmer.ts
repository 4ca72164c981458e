import { createInbox } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { asAgentError } from '../../core/errors.ts';
import type { AgentError } from '../../core/errors.ts';
import { AcknowledgementReader } from './acknowledgement.ts';
import type { Confirmer } from './confirmer.ts';
import type { Message } from './message.ts';
import type { Window } from './window.ts';

export interface StreamConfirmerParts {
  readonly connection: NatsConnection;
  readonly inboxPrefix: string;
  /** Its name. */
  readonly stream: string;
  readonly window: Window;
  /** The stream had it already. */
  readonly onDuplicate: () => void;
  /** Why nobody listens to a subject: asked when the server says that it is so. */
  readonly whyUnheard: (subject: string) => Promise<AgentError>;
  /** Answers cannot come. */
  readonly onDeaf: (error: Error) => void;
}

/** Of the status of an answer: nobody listens to the subject. */
const NO_RESPONDERS = 503;

/** A stream answers to each message, to an inbox of our own: one subscription for all, and the number of the message is the last token of the subject. */
export class StreamConfirmer implements Confirmer {
  readonly #parts: StreamConfirmerParts;
  readonly #inbox: string;
  readonly #reader: AcknowledgementReader;
  /** Nobody listened to these; why is being asked. */
  #unheard: Message[] = [];
  #ended = false;

  constructor(parts: StreamConfirmerParts) {
    this.#parts = parts;
    this.#reader = new AcknowledgementReader(parts.stream);
    this.#inbox = `${createInbox(parts.inboxPrefix)}.`;
    parts.connection.subscribe(`${this.#inbox}*`, { callback: (error, answer) => this.#take(error, answer) });
  }

  replyTo(token: number): string {
    return this.#inbox + token;
  }

  sent(): void {
    // Each is answered by itself.
  }

  end(fault: AgentError): void {
    this.#ended = true;
    for (const message of this.#unheard.splice(0)) message.owner?.settled(message, fault);
  }

  #take(error: Error | null, answer: Msg): void {
    const { window, onDuplicate, onDeaf } = this.#parts;
    if (error !== null) return onDeaf(error);
    const message = window.answered(Number(answer.subject.slice(this.#inbox.length)));
    if (message === undefined) return;
    if (answer.data.length === 0 && answer.headers?.code === NO_RESPONDERS) return this.#notHeard(message);
    const found = this.#reader.read(answer.data);
    if (found === 'duplicate') onDuplicate();
    message.owner?.settled(message, typeof found === 'string' ? undefined : found);
  }

  /** Asked once for all that come meanwhile. */
  #notHeard(message: Message): void {
    const { whyUnheard } = this.#parts;
    if (this.#unheard.push(message) > 1) return;
    const settle = (fault: AgentError): void => {
      if (this.#ended) return;
      for (const unheard of this.#unheard.splice(0)) unheard.owner?.settled(unheard, fault);
    };
    whyUnheard(message.envelope.subject).then(settle, (error: unknown) => settle(asAgentError(error)));
  }
}
