import type { Stage } from '../core/component.ts';
import type { DeliveryState } from '../core/delivery-state.ts';
import type { AgentError } from '../core/errors.ts';
import { Attempts } from './delivery/attempts.ts';
import { Batcher } from './delivery/batcher.ts';
import { Circuit } from './delivery/circuit.ts';
import { InFlight } from './delivery/in-flight.ts';
import { settleParcel } from './delivery/parcel.ts';
import type { Parcel } from './delivery/parcel.ts';
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

/** From one queue into its sink: batches, in-flight limit, retries, outcomes in the books. */
export class DeliveryStage implements Stage {
  readonly name: string;
  readonly #lane: Lane;
  readonly #circuit: Circuit;
  readonly #batcher: Batcher;
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
    const { policy = DEFAULT_POLICY } = lane;
    this.#batcher = new Batcher(lane.queue, policy.batch, time);
    this.#attempts = new Attempts({ policy, circuit: this.#circuit, time, random });
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
        const parcel = await this.#batcher.next(hard);
        if (parcel === undefined) break;
        inFlight.add(this.#deliver(parcel, hard));
      }
    } finally {
      await inFlight.idle();
      await this.#batcher.release();
      this.#circuit.end();
      this.#losses.end();
    }
  }

  /** No more will come than what is queued already: from now on nothing waits for company. */
  drain(): void {
    this.#batcher.drain();
  }

  async #deliver(parcel: Parcel, hard: AbortSignal): Promise<void> {
    const { ledger, sink, durable = false } = this.#lane;
    const count = countOf(parcel.batch.items);
    const failure = await this.#attempts.until(() => sink.write(parcel.batch, hard), hard);
    if (failure === undefined) {
      settleDelivered(ledger, count);
      this.#losses.end();
      settleParcel(parcel, 'delivered');
      return;
    }
    if (hard.aborted && durable) {
      settleParcel(parcel, 'returned');
      return;
    }
    const lost = count - landedOf(failure, count);
    settleDelivered(ledger, count - lost);
    settleLost(ledger, lost, hard.aborted ? 'shutdown' : 'rejected');
    if (lost > 0) this.#losses.add(failure, lost);
    settleParcel(parcel, lost === 0 ? 'delivered' : 'dead_lettered');
  }
}

/** How many records of a batch of `count` are with the other side although its write was rejected. */
function landedOf({ context: { landed } }: AgentError, count: number): number {
  return typeof landed === 'number' && landed > 0 ? Math.min(Math.floor(landed), count) : 0;
}
