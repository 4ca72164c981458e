import type { Message } from './message.ts';

/** Bounds of what may wait for its acknowledgement at once. */
export interface WindowBounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Part of the bounds. */
const LOW = 0.75;

/** The messages that were sent over a connection and not answered yet, by the numbers under which they were sent. Those rise, so the oldest come first. */
export class Window {
  readonly #bounds: WindowBounds;
  readonly #entries = new Map<number, Message>();
  #bytes = 0;
  #lastToken = 0;
  #highestAnswered = 0;
  #left = 0;
  #low: PromiseWithResolvers<void> | undefined;

  constructor(bounds: WindowBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get lastToken(): number {
    return this.#lastToken;
  }

  /** The lowest number in flight. */
  get oldest(): number {
    return this.#entries.keys().next().value ?? 0;
  }

  /** How many have left. */
  get left(): number {
    return this.#left;
  }

  /** The highest number that an answer came to. */
  get highestAnswered(): number {
    return this.#highestAnswered;
  }

  /** Whether another of this size fits; one fits always. */
  hasRoom(bytes: number): boolean {
    const { maxMessages, maxBytes } = this.#bounds;
    return this.isEmpty || (this.#entries.size < maxMessages && this.#bytes + bytes <= maxBytes);
  }

  /** Resolves when a good part of it is free: with each that leaves one may go, but not well, in a packet of its own. */
  ebb(): Promise<void> {
    this.#low ??= Promise.withResolvers();
    return this.#low.promise;
  }

  /** The number under which it is in flight. */
  enter(message: Message, bytes: number): number {
    this.#lastToken += 1;
    message.token = this.#lastToken;
    message.bytesInFlight = bytes;
    this.#entries.set(this.#lastToken, message);
    this.#bytes += bytes;
    return this.#lastToken;
  }

  /** The message of an answer, which leaves; undefined where it was given up before. */
  answered(token: number): Message | undefined {
    // Whoever may write to the inbox may write any number.
    if (token > this.#highestAnswered && token <= this.#lastToken) this.#highestAnswered = token;
    return this.#leave(token);
  }

  /** Nobody waits for it any longer. Its number may be that of another here, where it is in flight over another connection. */
  giveUp(message: Message): void {
    if (this.#entries.get(message.token) === message) this.#leave(message.token);
  }

  /** Those under numbers up to this one, which leave; the oldest first. */
  *upTo(token: number): Iterable<Message> {
    for (const number of this.#entries.keys()) {
      if (number > token) return;
      yield this.#leave(number) as Message;
    }
  }

  /** Those on this subject, which leave. */
  *of(subject: string): Iterable<Message> {
    for (const [number, message] of this.#entries) if (message.envelope.subject === subject) yield this.#leave(number) as Message;
  }

  #leave(token: number): Message | undefined {
    const message = this.#entries.get(token);
    if (message === undefined) return undefined;
    this.#entries.delete(token);
    this.#bytes -= message.bytesInFlight;
    this.#left += 1;
    message.token = 0;
    if (this.#low !== undefined && this.#isLow()) {
      this.#low.resolve();
      this.#low = undefined;
    }
    return message;
  }

  #isLow(): boolean {
    const { maxMessages, maxBytes } = this.#bounds;
    return this.#entries.size <= LOW * maxMessages && this.#bytes <= LOW * maxBytes;
  }
}
