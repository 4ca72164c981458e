import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import type { AgentError } from '../core/errors.ts';
import { asAgentError } from '../core/errors.ts';
import { add } from '../core/ledger.ts';
import type { Delivery } from '../core/queue.ts';
import { Backoff } from './backoff.ts';
import type { Lane } from './lane.ts';
import { LossEpisode } from './loss-episode.ts';

const RETRY = { initialMs: 100, maxMs: 30_000 };
const HOLD_MS = 60_000;

/** Changes of a sink's state, one call a change and not one a retry; `lost` at the first loss of an episode and at its end with the rest. */
export interface DeliveryEvents {
  down(sink: string, error: AgentError): void;
  up(sink: string): void;
  lost(sink: string, error: AgentError, events: number): void;
}

/** From one queue into its sink: in-flight limit, retries, outcomes in the books. */
export class DeliveryStage implements Stage {
  readonly name: string;
  readonly #lane: Lane;
  readonly #events: DeliveryEvents;
  readonly #losses: LossEpisode;
  #isDown = false;

  constructor(lane: Lane, events: DeliveryEvents) {
    this.name = `delivery:${lane.ledger.sink}`;
    this.#lane = lane;
    this.#events = events;
    this.#losses = new LossEpisode((error, count) => events.lost(lane.ledger.sink, error, count));
  }

  /** Ends when the queue has ended and is empty, or when `hard` aborts: what is not written by then is the pipeline's to write off. */
  async run(hard: AbortSignal): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    try {
      for (;;) {
        while (inFlight.size >= this.#lane.sink.maxInFlight) await Promise.race(inFlight);
        const delivery = await this.#pull(hard);
        if (delivery === undefined) break;
        const writing = this.#deliver(delivery, hard).finally(() => inFlight.delete(writing));
        inFlight.add(writing);
      }
    } finally {
      await Promise.all(inFlight);
      this.#losses.end();
    }
  }

  async #pull(hard: AbortSignal): Promise<Delivery<Encoded> | undefined> {
    try {
      return await this.#lane.queue.pull(hard);
    } catch (error) {
      if (hard.aborted) return undefined;
      throw error;
    }
  }

  /** Never rejects: whatever happens ends as an outcome in the books. */
  async #deliver(delivery: Delivery<Encoded>, hard: AbortSignal): Promise<void> {
    const { ledger } = this.#lane;
    const count = delivery.batch.items.length;
    const failure = await this.#writeWithRetries(delivery, hard);
    ledger.waiting -= count;
    const lost = failure === undefined ? 0 : count - landedOf(failure, count);
    ledger.delivered += count - lost;
    if (failure !== undefined && lost > 0) {
      add(ledger.lost, hard.aborted ? 'shutdown' : 'rejected', lost);
      this.#losses.add(failure, lost);
    }
    delivery.done(lost === 0 ? 'delivered' : 'dead_lettered');
  }

  /** undefined when written, else the error that ended the attempts. */
  async #writeWithRetries(delivery: Delivery<Encoded>, hard: AbortSignal): Promise<AgentError | undefined> {
    const backoff = new Backoff(RETRY);
    for (;;) {
      try {
        await this.#lane.sink.write(delivery.batch, hard);
        this.#recovered();
        return undefined;
      } catch (thrown) {
        const error = asAgentError(thrown);
        if (error.retry === 'never' || hard.aborted) return error;
        this.#failed(error);
        const waitMs = error.retry === 'hold' ? HOLD_MS : backoff.next();
        await sleep(waitMs, undefined, { signal: hard }).catch(() => undefined);
        if (hard.aborted) return error;
      }
    }
  }

  #failed(error: AgentError): void {
    if (this.#isDown) return;
    this.#isDown = true;
    this.#events.down(this.#lane.ledger.sink, error);
  }

  #recovered(): void {
    this.#losses.end();
    if (!this.#isDown) return;
    this.#isDown = false;
    this.#events.up(this.#lane.ledger.sink);
  }
}

/** How many records of a batch of `count` are with the other side although its write was rejected. */
function landedOf({ context: { landed } }: AgentError, count: number): number {
  return typeof landed === 'number' && landed > 0 ? Math.min(Math.floor(landed), count) : 0;
}
