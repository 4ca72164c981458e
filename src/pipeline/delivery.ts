import type { Stage } from '../core/component.ts';
import type { Encoded } from '../core/encoded.ts';
import type { DeliveryState } from '../core/delivery-state.ts';
import { AgentError } from '../core/errors.ts';
import type { Delivery } from '../core/queue.ts';
import { Attempts } from './delivery/attempts.ts';
import { Batcher } from './delivery/batcher.ts';
import { Circuit } from './delivery/circuit.ts';
import { Courier, HANDED_OVER } from './delivery/courier.ts';
import { InFlight } from './delivery/in-flight.ts';
import { asDelivery } from './delivery/parcel.ts';
import type { PullSource } from './delivery/parcel.ts';
import { DEFAULT_POLICY } from './delivery/policy.ts';
import type { DeliveryTime } from './delivery/time.ts';
import { systemTime } from './delivery/time.ts';
import type { Lane } from './lane.ts';

/** Changes of a sink's state, one call a change and not one a retry; `lost` and `deadLettered` at the first of an episode and at its end with the rest. */
export interface DeliveryEvents {
  /** It fails, or fails in another way than before: `state.circuit` says what is done about it. */
  down(sink: string, error: AgentError, state: DeliveryState): void;
  up(sink: string): void;
  lost(sink: string, error: AgentError, events: number): void;
  /** The sink will never take them: they are kept aside. */
  deadLettered?(sink: string, error: AgentError, events: number): void;
}

/** As much of a lane as delivering needs. */
export interface DeliveredLane extends Omit<Lane, 'queue'> {
  readonly queue: PullSource;
}

/** What tests replace. */
export interface DeliveryDeps {
  readonly time: DeliveryTime;
  /** In [0, 1). */
  readonly random: () => number;
}

const SYSTEM: DeliveryDeps = { time: systemTime, random: Math.random };

/** What a sink that fails gets to take something again, when the agent ends and loses nothing by it. */
const STUCK_MS = 2000;
/** How often that is looked at. */
const LOOK_MS = 100;
const STUCK = new AgentError('STOPPED_EARLY', 'the agent ends, and the sink takes nothing');

/** From one queue into its sink: batches, in-flight limit, retries, dead letters, outcomes in the books. */
export class DeliveryStage implements Stage {
  readonly name: string;
  readonly sink: string;
  readonly #lane: DeliveredLane;
  readonly #circuit: Circuit;
  readonly #batcher: Batcher;
  readonly #attempts: Attempts;
  readonly #courier: Courier;
  /** Aborted: nothing more is pulled. */
  readonly #rest = new AbortController();
  /** Aborted: what is being written is handed over. */
  readonly #handOver = new AbortController();
  /** Aborted: what is not delivered stays in the queue. */
  readonly #leave = new AbortController();
  readonly #time: DeliveryTime;
  #callOff: () => void = () => undefined;
  #ended = false;
  #left: readonly Delivery<Encoded>[] = [];

  constructor(lane: DeliveredLane, events: DeliveryEvents, { time, random }: DeliveryDeps = SYSTEM) {
    const { policy = DEFAULT_POLICY, queue, ledger, durable = false } = lane;
    const { sink } = ledger;
    this.name = `delivery:${sink}`;
    this.sink = sink;
    this.#lane = lane;
    this.#time = time;
    this.#circuit = new Circuit(time, (state) => {
      if (state.lastError === null) events.up(sink);
      else events.down(sink, state.lastError, state);
    });
    this.#batcher = new Batcher(queue, policy.batch, time);
    this.#attempts = new Attempts({ policy, circuit: this.#circuit, time, random, durable });
    this.#courier = new Courier({
      lane,
      attempts: this.#attempts,
      time,
      onLost: (error, count) => events.lost(sink, error, count),
      onDeadLettered: (error, count) => events.deadLettered?.(sink, error, count),
    });
  }

  get state(): DeliveryState {
    return this.#circuit.state;
  }

  /** Before `run`: the state of the delivery that this one follows, so that the end of its trouble is told, too. */
  follow(state: DeliveryState): void {
    this.#circuit.continue(state);
  }

  /** What another delivery has to go on with before it pulls: where this one was told to `handOver`. There once `run` has ended. */
  get left(): readonly Delivery<Encoded>[] {
    return this.#left;
  }

  /** Ends when the queue has ended and is empty, or when `hard` aborts: what is not written by then goes back to the queue, or is lost with it. */
  async run(hard: AbortSignal): Promise<void> {
    const inFlight = new InFlight(this.#lane.sink.maxInFlight);
    const pulling = AbortSignal.any([hard, this.#rest.signal, this.#leave.signal]);
    const writing = AbortSignal.any([hard, this.#handOver.signal, this.#leave.signal]);
    try {
      for (;;) {
        await inFlight.room();
        const parcel = await this.#batcher.next(pulling);
        if (parcel === undefined) break;
        inFlight.add(this.#courier.deliver(parcel, writing));
      }
    } finally {
      await inFlight.idle();
      this.#ended = true;
      this.#callOff();
      await this.#release();
      this.#circuit.end();
      this.#courier.end();
    }
  }

  /** From now on nothing more is pulled; `run` ends with what is being written. */
  rest(): void {
    this.#rest.abort(HANDED_OVER);
  }

  /** Ends `run` as soon as the sink lets go of what is being written. Nothing of it is lost: see `left`. */
  handOver(): void {
    this.rest();
    this.#handOver.abort(HANDED_OVER);
  }

  /** The agent ends: from now on a sink that takes nothing ends `run` soon, as long as all that waits for it is safe. What it has is returned to the queue. */
  leaveWhenStuck(): void {
    if (this.#ended) return;
    if (this.#lane.isSafe?.() === true && this.#circuit.isStuck(STUCK_MS)) this.#leave.abort(STUCK);
    else this.#callOff = this.#time.after(LOOK_MS, () => this.leaveWhenStuck());
  }

  async #release(): Promise<void> {
    const pulled = await this.#batcher.release();
    if (this.#rest.signal.aborted) this.#left = [...this.#courier.left.map(asDelivery), ...pulled];
    else for (const delivery of pulled) delivery.done('returned');
  }

  /** No more will come than what is queued already: from now on nothing waits for company, and what failed is tried at once. */
  drain(): void {
    this.#batcher.drain();
    this.#attempts.hurry();
  }
}
