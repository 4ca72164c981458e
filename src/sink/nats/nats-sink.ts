import { abortable } from '../../core/abortable.ts';
import type { Batch } from '../../core/batch.ts';
import type { Sink } from '../../core/component.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError, asAgentError, isWrittenAgain } from '../../core/errors.ts';
import { isTooLarge } from './acknowledgement.ts';
import { Consignment } from './consignment.ts';
import type { Link } from './link.ts';
import { HEADER_ROOM } from './message.ts';
import type { Message } from './message.ts';
import type { Packer } from './packer.ts';
import { SendOrder } from './send-order.ts';

/** Where connections come from. */
export interface Dialer {
  /** Rejects with SINK_UNREACHABLE and SINK_REFUSED. */
  dial(signal: AbortSignal): Promise<Link>;
}

export interface NatsSinkDeps {
  readonly id: string;
  readonly loadDialer: () => Promise<Dialer>;
  readonly packer: Packer;
  readonly onClose?: () => Promise<void>;
}

/** Batches on their way at once: while one is acknowledged others are sent. */
export const MAX_IN_FLIGHT = 8;

/** What was begun may still be answered when the sink closes. */
const CLOSE_MS = 1000;

/**
 * Sends to NATS. With a stream, what a write resolves for is stored by it; without one, it is with the server, and nobody knows who heard it.
 *
 * A batch is made into messages once; when the same batch is written again what was acknowledged is not sent again, and the rest goes as it was, under the same ids,
 * before whatever came after it. A stream may still store a message that it refused at first after those that were on their way behind it.
 */
export class NatsSink implements Sink {
  readonly id: string;
  readonly maxInFlight = MAX_IN_FLIGHT;
  readonly #deps: NatsSinkDeps;
  readonly #order = new SendOrder();
  readonly #consignments = new WeakMap<Batch<Encoded>, Consignment>();
  readonly #closing = new AbortController();
  /** Those that are not closed yet; the last is the one in use. */
  readonly #links = new Set<Link>();
  readonly #running = new Set<Promise<void>>();
  #state: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #dialer: Dialer | undefined;
  #link: Link | undefined;
  #dialing: Promise<Link> | undefined;
  #closed: Promise<void> | undefined;

  constructor(deps: NatsSinkDeps) {
    this.id = deps.id;
    this.#deps = deps;
  }

  /** Throws SINK_UNREACHABLE and SINK_REFUSED. */
  async open(boot: AbortSignal): Promise<void> {
    if (this.#state !== 'new') throw misuse('opened twice, or after it was closed');
    this.#state = 'opening';
    boot.throwIfAborted();
    this.#dialer = await this.#deps.loadDialer();
    // It may have been closed meanwhile.
    if ((this.#state as string) !== 'opening') return;
    await abortable(this.#connected(), boot);
    if ((this.#state as string) === 'opening') this.#state = 'open';
  }

  /** Rejects with SINK_UNREACHABLE, SINK_REFUSED and RECORD_REJECTED; the last with the indexes of those that will never be taken, when all others have been. */
  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#state !== 'open') throw misuse('written to while it was not open');
    const consignment = this.#consignmentOf(batch);
    consignment.follow(signal, () => this.#giveUp(batch, consignment));
    const delivery = abortable(this.#deliver(consignment, batch, signal), signal);
    this.#running.add(delivery);
    try {
      await delivery;
    } catch (error) {
      consignment.sentOver = undefined;
      if (!isWrittenAgain(asAgentError(error))) this.#giveUp(batch, consignment);
      throw error;
    } finally {
      this.#running.delete(delivery);
    }
    this.#end(batch, consignment);
    if (consignment.refused.size > 0) throw rejection(batch, consignment);
  }

  close(): Promise<void> {
    this.#state = 'closed';
    this.#closed ??= this.#shut();
    return this.#closed;
  }

  async #shut(): Promise<void> {
    // What is under way is answered soon, where anybody answers at all.
    if (this.#link?.isAlive === true) await settled(this.#running, CLOSE_MS);
    const reason = new AgentError('SINK_UNREACHABLE', 'the sink was closed');
    this.#closing.abort(reason);
    this.#order.end(reason);
    await Promise.all([...[...this.#links].map((link) => link.close()), this.#deps.onClose?.()]);
  }

  /** Where it is new, it gets its place here and now: behind those that were written before. */
  #consignmentOf(batch: Batch<Encoded>): Consignment {
    let consignment = this.#consignments.get(batch);
    if (consignment === undefined) {
      consignment = new Consignment();
      this.#order.enter(consignment);
      this.#consignments.set(batch, consignment);
    }
    return consignment;
  }

  async #deliver(consignment: Consignment, { items }: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    consignment.messages ??= await this.#deps.packer.pack(items);
    while (consignment.open.length > 0) {
      // Whoever comes first connects: the others would only knock at the same doors.
      await this.#order.turnOf(consignment, signal);
      const link = await this.#connected();
      signal.throwIfAborted();
      await this.#send(consignment, link, signal);
      await consignment.quiet();
      if (!divideTooLarge(consignment)) break;
      consignment.sentOver = undefined;
    }
    const fault = worst(consignment.open);
    if (fault !== undefined) throw fault;
  }

  async #send(consignment: Consignment, link: Link, signal: AbortSignal): Promise<void> {
    consignment.messages = fitting(consignment, link.maxPayload);
    for (const message of consignment.open) {
      const headers = message.headers();
      message.owner = consignment;
      if (link.fault !== undefined || !link.hasRoom(message, headers)) {
        await link.room(message, headers, signal);
        signal.throwIfAborted();
      }
      consignment.sending(message);
      link.send(message, headers);
    }
    link.flush();
    consignment.sentOver = link;
    this.#order.changed();
  }

  /** A connection that lives: the one that there is, or a new one. */
  async #connected(): Promise<Link> {
    if (this.#link?.isAlive === true && !this.#link.isLeaving) return this.#link;
    this.#dialing ??= this.#dial().finally(() => {
      this.#dialing = undefined;
    });
    return this.#dialing;
  }

  async #dial(): Promise<Link> {
    const before = this.#link;
    try {
      const link = await (this.#dialer as Dialer).dial(this.#closing.signal);
      if (this.#closing.signal.aborted) {
        await link.close();
        throw this.#closing.signal.reason as Error;
      }
      this.#links.add(link);
      this.#link = link;
      link.onEnd(() => {
        this.#links.delete(link);
        this.#order.changed();
      });
      return link;
    } catch (error) {
      // A server that is about to stop takes more until it does.
      if (before?.isAlive === true) return before;
      throw error;
    }
  }

  /** Nobody will come with it again, so that nothing waits for it any longer. */
  #giveUp(batch: Batch<Encoded>, consignment: Consignment): void {
    if (consignment.isOver) return;
    for (const message of consignment.open) for (const link of this.#links) link.giveUp(message);
    this.#end(batch, consignment);
  }

  #end(batch: Batch<Encoded>, consignment: Consignment): void {
    consignment.end();
    this.#consignments.delete(batch);
    this.#order.leave(consignment);
  }
}

/** Resolves when all of them are, or the time is up. */
async function settled(running: Iterable<Promise<void>>, limitMs: number): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([Promise.allSettled(running), late]);
  clearTimeout(timer);
}

function misuse(what: string): AgentError {
  return new AgentError('BUG', `a NATS sink was ${what}`);
}

/** The messages with those in parts that the server would not take whole; an event that is too large by itself is refused. */
function fitting(consignment: Consignment, maxPayload: number): readonly Message[] {
  const { messages = [] } = consignment;
  const isLarge = (message: Message): boolean => !message.isDone && message.size + message.headers().length > maxPayload;
  // Most are far from it.
  if (!messages.some((message) => message.size + HEADER_ROOM > maxPayload && isLarge(message))) return messages;
  const fit = (message: Message): readonly Message[] => {
    if (!isLarge(message)) return [message];
    if (message.events.length > 1) return message.halves().flatMap(fit);
    consignment.refuse(message, tooLarge(message, maxPayload));
    return [message];
  };
  return messages.flatMap(fit);
}

function tooLarge({ size, envelope }: Message, maxPayload: number): AgentError {
  return new AgentError('RECORD_REJECTED', `of ${size} bytes it is larger than the server takes (max_payload ${maxPayload})`, {
    context: { subject: envelope.subject, max_payload: maxPayload },
    fix: 'Raise max_payload of the servers, or lower enrich.max_args_bytes; and replay it: forkcast dlq replay.',
  });
}

/** Batches that the stream found too large, in parts that it may take. */
function divideTooLarge(consignment: Consignment): boolean {
  const { messages = [], refused } = consignment;
  const divided = messages.filter((message) => message.events.length > 1 && isTooLarge(refused.get(message) ?? NONE));
  if (divided.length === 0) return false;
  for (const message of divided) refused.delete(message);
  consignment.messages = messages.flatMap((message) => (divided.includes(message) ? message.halves() : [message]));
  return true;
}

const NONE = new AgentError('BUG', 'no fault');

/** Rather of one that is soon to be tried again than of one that waits for somebody. */
function worst(open: readonly Message[]): AgentError | undefined {
  let found: AgentError | undefined;
  for (const { fault } of open) {
    if (fault === undefined) continue;
    if (fault.retry === 'backoff') return fault;
    found ??= fault;
  }
  return found ?? (open.length === 0 ? undefined : new AgentError('BUG', 'a message was neither taken nor refused'));
}

function rejection({ items }: Batch<Encoded>, { refused }: Consignment): AgentError {
  const events = new Set([...refused.keys()].flatMap((message) => message.events));
  const rejected = items.flatMap((item, index) => (events.has(item) ? [index] : []));
  const { message, cause, context, fix } = refused.values().next().value as AgentError;
  return new AgentError('RECORD_REJECTED', message, {
    cause,
    context: { ...context, rejected, landed: items.length - rejected.length },
    ...(fix === undefined ? {} : { fix }),
  });
}
