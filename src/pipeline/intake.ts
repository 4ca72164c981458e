import type { Encoder, Source, Stage } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import type { AgentError } from '../core/errors.ts';
import { asAgentError } from '../core/errors.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Heard } from '../core/kernel-event.ts';
import { add } from '../core/ledger.ts';
import type { Lane } from './lane.ts';

const NEVER = new AbortController().signal;

export interface IntakeParts {
  readonly source: Source<Heard>;
  /** Emits what is to be in the stream, at once; nothing for what is only heard and counted. */
  readonly enrich: (heard: Heard, emit: (event: AnyEvent) => void) => void;
  /** Gives the event its place in the stream; after all filters, exactly once an event. */
  readonly sequence: (event: AnyEvent) => void;
  /** One for each distinct format in use. */
  readonly encoders: readonly Encoder<AnyEvent>[];
  readonly lanes: readonly Lane[];
  readonly onUnencodable: (error: AgentError, event: AnyEvent) => void;
}

/** From the source to the queues: the part of the pipeline that all sinks share. */
export class Intake implements Stage {
  readonly name = 'intake';
  readonly #parts: IntakeParts;
  readonly #pending: Encoded[][];
  /** The event at hand in each format; null where it cannot be encoded, undefined while nobody asked. */
  readonly #formats: (Encoded | null | undefined)[];
  #turn: Promise<void> = Promise.resolve();
  /** Made once: a closure for each thing heard would cost more than what it does. */
  readonly #emit = (event: AnyEvent): void => this.#spread(event);

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#pending = parts.lanes.map(() => []);
    this.#formats = parts.encoders.map(() => undefined);
  }

  /**
   * Ends when the source has ended and is empty; the queues are left open. `hard` ends all waiting for room, not the hearing: what the source still
   * has is counted, with the sinks that cannot take it.
   */
  async run(hard: AbortSignal): Promise<void> {
    for (;;) {
      const batch = await this.#parts.source.read(NEVER);
      if (batch === undefined) return;
      await this.#inTurn(async () => {
        for (const heard of batch.items) this.#parts.enrich(heard, this.#emit);
        await this.#flush(hard);
      });
    }
  }

  /** Puts events of the agent's own into the stream, after what is being handled; they are made then. */
  inject(make: (emit: (event: AnyEvent) => void) => void, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      make(this.#emit);
      await this.#flush(signal);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    // The next turn starts whatever became of this one; its own caller gets the error.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Sequences the event, encodes it once a format, and hands it to each lane that wants it. */
  #spread(event: AnyEvent): void {
    const { lanes, sequence } = this.#parts;
    sequence(event);
    this.#formats.fill(undefined);
    for (let i = 0; i < lanes.length; i += 1) {
      const lane = lanes[i] as Lane;
      lane.ledger.sequenced += 1;
      // What the agent says of itself goes everywhere.
      if (event.stream === 'process' && !lane.wants(event.event.kind)) {
        lane.ledger.filtered += 1;
        continue;
      }
      const encoded = this.#formatted(lane.encoder, event);
      if (encoded === null) add(lane.ledger.dropped, 'unencodable', 1);
      else (this.#pending[i] as Encoded[]).push(encoded);
    }
  }

  #formatted(format: number, event: AnyEvent): Encoded | null {
    let encoded = this.#formats[format];
    if (encoded === undefined) {
      encoded = this.#encode(format, event);
      this.#formats[format] = encoded;
    }
    return encoded;
  }

  #encode(format: number, event: AnyEvent): Encoded | null {
    try {
      return (this.#parts.encoders[format] as Encoder<AnyEvent>).encode(event);
    } catch (error) {
      this.#parts.onUnencodable(asAgentError(error), event);
      return null;
    }
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const { lanes } = this.#parts;
    for (let i = 0; i < lanes.length; i += 1) {
      const items = this.#pending[i] as Encoded[];
      if (items.length === 0) continue;
      this.#pending[i] = [];
      await this.#enqueue(lanes[i] as Lane, items, signal);
    }
  }

  async #enqueue(lane: Lane, items: Encoded[], signal: AbortSignal): Promise<void> {
    const { ledger } = lane;
    let bytes = 0;
    for (const item of items) bytes += item.bytes.length;
    let taken: boolean;
    try {
      taken = await lane.enqueue({ items, bytes }, signal);
    } catch (error) {
      add(ledger.dropped, 'shutdown', items.length);
      if (signal.aborted) return;
      throw error;
    }
    if (!taken) return;
    ledger.accepted += items.length;
    ledger.waiting += items.length;
  }
}
