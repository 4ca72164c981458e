import type { AgentError } from '../../core/errors.ts';
import { Followed } from '../../core/followed.ts';
import type { Link } from './link.ts';
import type { Message } from './message.ts';

/** A batch on its way, from the first write of it until it is done with, or nobody will come with it again. */
export class Consignment extends Followed {
  /** Once they are made. */
  messages: readonly Message[] | undefined;
  /** The connection over which all of it that was open has gone; undefined: it waits to be sent. */
  sentOver: Link | undefined;
  /** Those that will never be taken, and why. */
  readonly refused = new Map<Message, AgentError>();
  #inFlight = 0;
  #wake: (() => void) | undefined;

  get open(): readonly Message[] {
    return (this.messages ?? []).filter(({ isDone }) => !isDone);
  }

  sending(message: Message): void {
    message.fault = undefined;
    this.#inFlight += 1;
  }

  /** It is answered, or no answer to it will come. */
  settled(message: Message, fault: AgentError | undefined): void {
    if (fault === undefined) message.isDone = true;
    else if (fault.category === 'reject') this.refuse(message, fault);
    else message.fault = fault;
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#wake?.();
  }

  refuse(message: Message, fault: AgentError): void {
    message.isDone = true;
    this.refused.set(message, fault);
  }

  /** Resolves when all that was sent is settled. */
  async quiet(): Promise<void> {
    if (this.#inFlight === 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}
