import type { Stage } from '../core/component.ts';
import type { DeliveryState } from '../core/delivery-state.ts';
import type { Encoded } from '../core/encoded.ts';
import type { AgentError } from '../core/errors.ts';
import type { Delivery } from '../core/queue.ts';
import { Attempts } from './delivery/attempts.ts';
import { Circuit } from './delivery/circuit.ts';
import { InFlight } from './delivery/in-flight.ts';
import { DEFAULT_POLICY } from './delivery/policy.ts';
import { countOf, settleDelivered, settleLost } from './delivery/settle.ts';
import type { DeliveryTime } from './delivery/time.ts';
import { systemTime } from './delivery/time.ts';
import type { Lane } from './lane.ts';
import { LossEpisode } from './loss-episode.ts';

/** Changes of a sink's state, one call a change and not one a retry; `lost` at the first loss of an episode and at its end with the rest. */
export interface DeliveryEvents {
  /** It fails, or fails in another way than before: `state.circuit` says what is done about it. */
  down(sink: string, error: AgentError, state: DeliveryState): void;
  up(sink: string): void;
  lost(sink: string, error: AgentError, events: number): void;
}

/** What tests replace. */
export interface DeliveryDeps {
  readonly time: DeliveryTime;
  /** In [0, 1). */
  readonly random: () => number;
}

const SYSTEM: DeliveryDeps = { time: systemTime, random: Math.random };

/** From one queue into its sink: in-flight limit, retries, outcomes in the books. */
export class DeliveryStage implements Stage {
  readonly name: string;
  readonly #lane: Lane;
  readonly #circuit: Circuit;
  readonly #attempts: Attempts;
  readonly #losses: LossEpisode;

  constructor(lane: Lane, events: DeliveryEvents, { time, random }: DeliveryDeps = SYSTEM) {
    const { sink } = lane.ledger;
    this.name = `delivery:${sink}`;
    this.#lane = lane;
    this.#losses = new LossEpisode((error, count) => events.lost(sink, error, count));
    this.#circuit = new Circuit(time, (state) => {
      if (state.lastError === null) events.up(sink);
      else events.down(sink, state.lastError, state);
    });
    this.#attempts = new Attempts({ policy: lane.policy ?? DEFAULT_POLICY, circuit: this.#circuit, time, random });
  }

  get state(): DeliveryState {
    return this.#circuit.state;
  }

  /** Ends when the queue has ended and is empty, or when `hard` aborts: what is not written by then goes back to the queue, or is lost with it. */
  async run(hard: AbortSignal): Promise<void> {
    const inFlight = new InFlight(this.#lane.sink.maxInFlight);
    try {
      for (;;) {
        await inFlight.room();
        const delivery = await this.#pull(hard);
        if (delivery === undefined) break;
        inFlight.add(this.#deliver(delivery, hard));
      }
    } finally {
      await inFlight.idle();
      this.#circuit.end();
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

  async #deliver(delivery: Delivery<Encoded>, hard: AbortSignal): Promise<void> {
    const { ledger, sink, durable = false } = this.#lane;
    const count = countOf(delivery.batch.items);
    const failure = await this.#attempts.until(() => sink.write(delivery.batch, hard), hard);
    if (failure === undefined) {
      settleDelivered(ledger, count);
      this.#losses.end();
      delivery.done('delivered');
      return;
    }
    if (hard.aborted && durable) {
      delivery.done('returned');
      return;
    }
    const lost = count - landedOf(failure, count);
    settleDelivered(ledger, count - lost);
    settleLost(ledger, lost, hard.aborted ? 'shutdown' : 'rejected');
    if (lost > 0) this.#losses.add(failure, lost);
    delivery.done(lost === 0 ? 'delivered' : 'dead_lettered');
  }
}

/** How many records of a batch of `count` are with the other side although its write was rejected. */
function landedOf({ context: { landed } }: AgentError, count: number): number {
  return typeof landed === 'number' && landed > 0 ? Math.min(Math.floor(landed), count) : 0;
}
