import type { NatsConnection } from '@nats-io/transport-node';
import { abortable } from '../../core/abortable.ts';
import { AgentError, asAgentError } from '../../core/errors.ts';
import type { Confirmer } from './confirmer.ts';
import { FrameWriter, frameBytes } from './frame-writer.ts';
import type { Message } from './message.ts';
import type { Window } from './window.ts';

export interface LinkParts {
  readonly connection: NatsConnection;
  /** `host:port`, for people. */
  readonly place: string;
  readonly window: Window;
  readonly confirmer: Confirmer;
  /** Why the server ended the connection, or refused a subject. */
  readonly explain: (error: Error) => AgentError;
}

/** A connection with what is in flight on it. It ends once, and then all that was in flight is settled with the reason. */
export class Link {
  readonly #parts: LinkParts;
  readonly #writer: FrameWriter;
  #fault: AgentError | undefined;
  #closing: Promise<void> | undefined;
  #isLeaving = false;
  readonly #listeners: (() => void)[] = [];

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.#writer = new FrameWriter(parts.connection);
    const broken = (error: unknown): void => this.fail(asAgentError(error));
    this.#watchEnd().catch(broken);
    this.#watchStatus().catch(broken);
  }

  /** Nothing more is to be expected of it where it is set. */
  get fault(): AgentError | undefined {
    return this.#fault;
  }

  get isAlive(): boolean {
    return this.#fault === undefined;
  }

  /** The server is about to stop: what comes next is for another. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Calls back when it has ended, at once where it has. */
  onEnd(listener: () => void): void {
    if (this.#fault === undefined) this.#listeners.push(listener);
    else listener();
  }

  /** What a message and its headers may have together, bytes. */
  get maxPayload(): number {
    return this.#parts.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
  }

  hasRoom(message: Message, headers: string): boolean {
    return this.#parts.window.hasRoom(frameBytes(message, headers));
  }

  /** Resolves when there is room. Rejects with the fault, and with the signal's reason. */
  async room(message: Message, headers: string, signal: AbortSignal): Promise<void> {
    while (this.#fault === undefined && !this.hasRoom(message, headers)) {
      this.flush();
      // What is in a window that is full leaves it when the connection ends, too.
      await abortable(this.#parts.window.ebb(), signal);
    }
    if (this.#fault !== undefined) throw this.#fault;
  }

  /** It is on its way with the next `flush`, or before. */
  send(message: Message, headers: string): void {
    const { window, confirmer } = this.#parts;
    const token = window.enter(message, frameBytes(message, headers));
    this.#writer.write(message, headers, confirmer.replyTo(token));
  }

  flush(): void {
    if (this.#fault !== undefined) return;
    this.#writer.flush();
    this.#parts.confirmer.sent();
  }

  giveUp(message: Message): void {
    this.#parts.window.giveUp(message);
  }

  /** Ends it, for this reason. */
  fail(fault: AgentError): void {
    if (this.#fault !== undefined) return;
    this.#fault = fault;
    const { confirmer, window, connection } = this.#parts;
    confirmer.end(fault);
    for (const message of window.upTo(Number.POSITIVE_INFINITY)) message.owner?.settled(message, fault);
    for (const listener of this.#listeners) listener();
    // It does not reject.
    this.#closing = connection.close().catch(() => undefined);
  }

  /** Whatever is under way is not waited for. */
  async close(): Promise<void> {
    this.fail(new AgentError('SINK_UNREACHABLE', 'the sink was closed'));
    await this.#closing;
  }

  async #watchEnd(): Promise<void> {
    const error = await this.#parts.connection.closed();
    const { place, explain } = this.#parts;
    this.fail(error instanceof Error ? explain(error) : new AgentError('SINK_UNREACHABLE', `${place}: the connection was lost`));
  }

  async #watchStatus(): Promise<void> {
    const { connection, explain } = this.#parts;
    for await (const status of connection.status()) {
      if (status.type === 'ldm') this.#isLeaving = true;
      if (status.type === 'error') this.#refused(explain(status.error), status.error);
    }
  }

  /** A refused subject costs only what is on its way there; whatever else the server complains of, nobody knows what it costs. */
  #refused(fault: AgentError, error: Error): void {
    const { operation, subject } = error as { operation?: string; subject?: string };
    if (operation !== 'publish' || subject === undefined || subject === '') return this.fail(fault);
    for (const message of this.#parts.window.of(subject)) message.owner?.settled(message, fault);
  }
}
