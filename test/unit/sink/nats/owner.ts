import type { AgentError } from '../../../../src/core/errors.ts';
import type { Message, MessageOwner } from '../../../../src/sink/nats/message.ts';

/** Notes what becomes of messages: by sequence, `stored` or the code of the fault; a message that is settled twice is there twice. */
export class NotingOwner implements MessageOwner {
  readonly noted: (readonly [sequence: number, outcome: string])[] = [];
  readonly faults: AgentError[] = [];

  settled({ events }: Message, fault: AgentError | undefined): void {
    this.noted.push([events[0]?.sequence ?? -1, fault?.code ?? 'stored']);
    if (fault !== undefined) this.faults.push(fault);
  }

  owning(message: Message): Message {
    message.owner = this;
    return message;
  }
}
