import type { DeliveryState } from '../core/delivery-state.ts';
import type { Encoded } from '../core/encoded.ts';
import { AgentError } from '../core/errors.ts';
import type { Delivery } from '../core/queue.ts';
import { DeliveryStage } from './delivery.ts';
import type { DeliveryEvents } from './delivery.ts';
import type { PullSource } from './delivery/parcel.ts';
import type { Lane } from './lane.ts';
import { GRACE_MS, within } from './waits.ts';

/** What a sink that is to be replaced gets to answer the writes that are under way. */
const PATIENCE_MS = 2000;
/** How often it is looked whether a queue that takes no events any more is empty. */
const LOOK_MS = 20;

export interface LaneRunParts {
  readonly events: DeliveryEvents;
  readonly hard: AbortSignal;
  /** The delivery ended by itself. */
  readonly crash: (error: unknown) => void;
  /** Puts into its queue what its account has not told yet; false where that is nothing. */
  readonly amend: (lane: Lane) => boolean;
}

/** One lane at work. Its delivery can be stopped and go on with another sink, and nothing is lost or sent twice in between that the first sink answered for. */
export class LaneRun {
  readonly #parts: LaneRunParts;
  #lane: Lane;
  #stage: DeliveryStage;
  #finished: Promise<void> = Promise.resolve();
  #left: Delivery<Encoded>[] = [];
  #ended = false;
  #looking: NodeJS.Timeout | undefined;
  /** It was told to stop and did not; it goes on by itself when it can. */
  #isStuck = false;

  constructor(lane: Lane, parts: LaneRunParts) {
    this.#parts = parts;
    this.#lane = lane;
    this.#stage = new DeliveryStage(lane, parts.events);
  }

  get lane(): Lane {
    return this.#lane;
  }

  get state(): DeliveryState {
    return this.#stage.state;
  }

  /** Resolves when there is nothing more to deliver, or may not be any more. */
  get finished(): Promise<void> {
    return this.#finished;
  }

  /** Begins to deliver; everything is open. */
  start(): void {
    const { hard, crash } = this.#parts;
    if (this.#ended) this.#stage.drain();
    this.#finished = this.#stage
      .run(hard)
      .catch(crash)
      .then(() => this.#stopped());
  }

  /**
   * Stops delivering; the queue goes on taking. What the sink does not answer for in time is kept for the next one. Rejects with SINK_UNREACHABLE where
   * it does not let go of what it is writing, either; then it goes on delivering as soon as it does.
   */
  async halt(patienceMs = PATIENCE_MS): Promise<void> {
    const stage = this.#stage;
    if (this.#isStuck) throw stuck(stage.sink);
    stage.rest();
    const timer = setTimeout(() => stage.handOver(), patienceMs);
    const finished = this.#finished.then(() => void this.#left.unshift(...stage.left));
    try {
      await within(patienceMs + GRACE_MS, finished, () => stuck(stage.sink));
    } catch (error) {
      this.#isStuck = true;
      this.#finished = finished.then(() => this.#again());
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #again(): Promise<void> {
    this.#isStuck = false;
    this.resume(this.#lane);
    return this.#finished;
  }

  /** Goes on with the sink of `lane`, which is open, and its policy; the queue and the books are the same. */
  resume(lane: Lane): void {
    const { state } = this.#stage;
    this.#lane = lane;
    this.#stage = new DeliveryStage({ ...lane, queue: this.#source }, this.#parts.events);
    this.#stage.follow(state);
    this.start();
  }

  /** Nothing more comes in: runs the queue empty. */
  end(): void {
    this.#ended = true;
    this.#lane.sink.drain?.();
    this.#stage.drain();
    this.#endQueue();
  }

  /** Once it is empty and everything is told: the last records, too, may have an end that their account has to tell. */
  #endQueue(): void {
    const { queue } = this.#lane;
    if (queue.depth.events === 0 && !this.#amended()) queue.end();
    else this.#looking = setTimeout(() => this.#endQueue(), LOOK_MS);
  }

  /** The delivery has ended: by itself, or it was told to; then what is left is told by those that deliver it. */
  #stopped(): void {
    if (!this.#ended) return;
    clearTimeout(this.#looking);
    if (this.#lane.durable === true) this.#amended();
    this.#lane.queue.end();
  }

  #amended(): boolean {
    try {
      return this.#parts.amend(this.#lane);
    } catch (error) {
      this.#parts.crash(error);
      return false;
    }
  }

  /** The agent ends: does not wait for a sink that takes nothing, where nothing is lost by that. After `end`. */
  leaveWhenStuck(): void {
    this.#stage.leaveWhenStuck();
  }

  /** First what an earlier delivery left. */
  get #source(): PullSource {
    const { queue } = this.#lane;
    const left = this.#left;
    return {
      pull: async (signal) => {
        signal.throwIfAborted();
        return left.shift() ?? queue.pull(signal);
      },
    };
  }
}

function stuck(sink: string): AgentError {
  return new AgentError('SINK_UNREACHABLE', `the sink ${sink} does not let go of what it is writing, so it cannot be exchanged now`, {
    fix: 'See what it writes to, a disk that hangs for one, and reload again.',
  });
}
