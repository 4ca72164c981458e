import type { Encoder, Source, Stage } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import type { AgentError } from '../core/errors.ts';
import { asAgentError } from '../core/errors.ts';
import type { Dropped } from '../core/agent-event.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Heard } from '../core/kernel-event.ts';
import { add } from '../core/ledger.ts';
import type { Statement } from './account.ts';
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
  readonly checkpoints: Checkpoints;
}

/** What each lane with an account states now and then, and at the end. */
export interface Checkpoints {
  /** 0: at the end only. */
  readonly intervalMs: number;
  /** The statement as an event of this moment; stamped already. `final`: no other is to follow. */
  readonly event: (statement: Statement, final: boolean) => AnyEvent;
}

/** What changes between two things heard. */
export interface Swap {
  /** Those that there are, and may be more. */
  readonly encoders: readonly Encoder<AnyEvent>[];
  readonly added: readonly Lane[];
  /** Each with what takes its place: the books are the same. */
  readonly changed: readonly { readonly from: Lane; readonly to: Lane }[];
  readonly removed: readonly Lane[];
  readonly checkpointIntervalMs: number;
  /** Does what else is to be changed at this moment, and returns what tells of it: the first event of the added, the last one of the removed lanes. */
  readonly commit: (emit: (event: AnyEvent) => void) => AnyEvent;
}

/** Ends the waiting for room in the queue of one lane. */
interface Leave {
  readonly controller: AbortController;
  /** Aborted with that, too; made with the first batch. */
  until?: AbortSignal;
}

/** From the source to the queues: the part of the pipeline that all sinks share. */
export class Intake implements Stage {
  readonly name = 'intake';
  readonly #parts: IntakeParts;
  #lanes: readonly Lane[] = [];
  /** By lane. */
  #pending: Encoded[][] = [];
  readonly #leaves = new Map<Lane['ledger'], Leave>();
  #encoders: readonly Encoder<AnyEvent>[];
  /** The event at hand in each format; null where it cannot be encoded, undefined while nobody asked. */
  #formats: (Encoded | null | undefined)[];
  #last = 0;
  #checkpointing: NodeJS.Timeout | undefined;
  #checkpointIntervalMs: number;
  #turn: Promise<void> = Promise.resolve();
  /** A turn for checkpoints is asked for. */
  #isDue = false;
  #failure: { readonly error: unknown } | undefined;
  /** Made once: a closure for each thing heard would cost more than what it does. */
  readonly #emit = (event: AnyEvent): void => this.#spread(event);

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#encoders = parts.encoders;
    this.#formats = parts.encoders.map(() => undefined);
    this.#checkpointIntervalMs = parts.checkpoints.intervalMs;
    this.#serve(parts.lanes);
  }

  /**
   * Ends when the source has ended and is empty; the queues are left open. `hard` ends all waiting for room, not the hearing: what the source still
   * has is counted, with the sinks that cannot take it.
   */
  async run(hard: AbortSignal): Promise<void> {
    this.#checkpointEach(this.#checkpointIntervalMs);
    try {
      await this.#readAll(hard);
    } finally {
      clearInterval(this.#checkpointing);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #readAll(hard: AbortSignal): Promise<void> {
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

  /** Puts in the last event, and behind it what closes the accounts. */
  conclude(event: AnyEvent, signal: AbortSignal): Promise<void> {
    return this.#inTurn(async () => {
      clearInterval(this.#checkpointing);
      this.#spread(event);
      await this.#flush(signal);
      for (const lane of this.#lanes) this.#checkpoint(lane, true);
    });
  }

  /** For a lane that gets no events any more: what became of earlier ones since its last statement goes behind them; false where there is nothing to tell. */
  amend(lane: Lane): boolean {
    return lane.account?.hasNews === true && this.#checkpoint(lane, true);
  }

  /** Changes what there is for events to go to, before the source has ended. What leaves has its account closed. */
  swap({ encoders, added, changed, removed, checkpointIntervalMs, commit }: Swap, signal: AbortSignal): Promise<void> {
    // The turn would never come where the intake waits for room in the very queue that is to go.
    for (const { ledger } of removed) this.#leaves.get(ledger)?.controller.abort();
    return this.#inTurn(async () => {
      this.#encoders = encoders;
      this.#formats = encoders.map(() => undefined);
      for (const lane of added) this.#join(lane);
      const kept = this.#lanes.map((lane) => changed.find(({ from }) => from.ledger === lane.ledger)?.to ?? lane);
      this.#serve([...kept, ...added]);
      this.#spread(commit(this.#emit));
      const leaving = this.#lanes.filter((lane) => removed.some(({ ledger }) => ledger === lane.ledger));
      for (const { ledger } of leaving) ledger.to = this.#last;
      if (checkpointIntervalMs !== this.#checkpointIntervalMs) this.#checkpointEach(checkpointIntervalMs);
      try {
        await this.#flush(signal);
      } finally {
        for (const lane of leaving) this.#checkpoint(lane, true);
        this.#serve(this.#lanes.filter((lane) => !leaving.includes(lane)));
      }
    });
  }

  #join({ ledger, account }: Lane): void {
    ledger.from = this.#last + 1;
    account?.join(ledger.from);
  }

  #serve(lanes: readonly Lane[]): void {
    this.#lanes = lanes;
    this.#pending = lanes.map(() => []);
    const ledgers = new Set(lanes.map(({ ledger }) => ledger));
    for (const ledger of this.#leaves.keys()) if (!ledgers.has(ledger)) this.#leaves.delete(ledger);
    for (const ledger of ledgers) if (!this.#leaves.has(ledger)) this.#leaves.set(ledger, { controller: new AbortController() });
  }

  #checkpointEach(intervalMs: number): void {
    clearInterval(this.#checkpointing);
    this.#checkpointIntervalMs = intervalMs;
    if (intervalMs > 0) this.#checkpointing = setInterval(() => this.#checkpointSoon(), intervalMs).unref();
  }

  /** Where a queue makes the intake wait, the next one covers more instead of following at once. */
  #checkpointSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#inTurn(() => {
      this.#isDue = false;
      for (const lane of this.#lanes) if (lane.account?.hasEnoughWaiting === false) this.#checkpoint(lane, false);
      return Promise.resolve();
    }).catch((error: unknown) => (this.#failure ??= { error }));
  }

  #checkpoint({ account, encoder, queue }: Lane, final: boolean): boolean {
    if (account === undefined) return false;
    // What cannot be encoded is not stated: the next one covers it too.
    const record = this.#encode(encoder, this.#parts.checkpoints.event(account.statement, final));
    if (record === null) return false;
    const items = account.stated(record);
    queue.append({ items, bytes: bytesOf(items) });
    return true;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(work);
    // The next turn starts whatever became of this one; its own caller gets the error.
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** Sequences the event, encodes it once a format, and hands it to each lane that wants it. */
  #spread(event: AnyEvent): void {
    const lanes = this.#lanes;
    this.#parts.sequence(event);
    const number = event.event.sequence ?? 0;
    this.#last = number;
    this.#formats.fill(undefined);
    for (let i = 0; i < lanes.length; i += 1) {
      const lane = lanes[i] as Lane;
      lane.ledger.sequenced += 1;
      lane.account?.sequenced(number);
      // What the agent says of itself goes everywhere.
      if (event.stream === 'process' && !lane.wants(event.event.kind)) {
        lane.ledger.filtered += 1;
        lane.account?.filtered();
        continue;
      }
      const encoded = this.#formatted(lane.encoder, event);
      if (encoded === null) drop(lane, { from: number, to: number, count: 1, reason: 'unencodable' });
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
      return (this.#encoders[format] as Encoder<AnyEvent>).encode(event);
    } catch (error) {
      this.#parts.onUnencodable(asAgentError(error), event);
      return null;
    }
  }

  async #flush(signal: AbortSignal): Promise<void> {
    const lanes = this.#lanes;
    for (let i = 0; i < lanes.length; i += 1) {
      const items = this.#pending[i] as Encoded[];
      if (items.length === 0) continue;
      this.#pending[i] = [];
      const lane = lanes[i] as Lane;
      await this.#enqueue(lane, items, signal);
      // What is on the disk survives a kill. So must that something of it is gone: else it would be missing without a reason.
      if (lane.durable === true && lane.account?.isUrgent === true) this.#checkpoint(lane, false);
    }
  }

  async #enqueue(lane: Lane, items: Encoded[], signal: AbortSignal): Promise<void> {
    const { ledger } = lane;
    const count = items.length;
    const from = (items[0] as Encoded).sequence;
    const to = (items[count - 1] as Encoded).sequence;
    const batch = { items, bytes: bytesOf(items) };
    const leave = this.#leaves.get(ledger) as Leave;
    leave.until ??= AbortSignal.any([signal, leave.controller.signal]);
    // Its policy may be to wait for room; where the agent ends, nothing waits, and what the policy drops it counts.
    const isLeaving = leave.controller.signal.aborted && !signal.aborted;
    let taken: boolean;
    try {
      taken = isLeaving ? lane.queue.offer(batch) : await lane.enqueue(batch, leave.until);
    } catch (error) {
      drop(lane, { from, to, count, reason: leave.controller.signal.aborted && !signal.aborted ? 'removed' : 'shutdown' });
      if (leave.until.aborted) return;
      throw error;
    }
    if (!taken && isLeaving) drop(lane, { from, to, count, reason: 'removed' });
    if (!taken) return;
    ledger.accepted += count;
    ledger.acceptedBytes += batch.bytes;
    ledger.waiting += count;
    ledger.lastAccepted = to;
    lane.account?.accepted(items);
  }
}

function drop({ ledger, account }: Lane, range: Dropped): void {
  add(ledger.dropped, range.reason, range.count);
  account?.dropped(range);
}

function bytesOf(items: readonly Encoded[]): number {
  let bytes = 0;
  for (const item of items) bytes += item.bytes.length;
  return bytes;
}
