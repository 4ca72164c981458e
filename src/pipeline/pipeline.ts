import type { Component } from '../core/component.ts';
import type { DeliveryState } from '../core/delivery-state.ts';
import { AgentError } from '../core/errors.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { DeliveryEvents } from './delivery.ts';
import { Intake } from './intake.ts';
import type { IntakeParts, Swap } from './intake.ts';
import { openComponent, openQueue } from './open-component.ts';
import { GRACE_MS, Waits, closeInTime, incomplete } from './waits.ts';
import { closeLane, openChanges } from './lane-changes.ts';
import type { ChangedLane, LaneChanges } from './lane-changes.ts';
import { LaneRun } from './lane-run.ts';
import type { LaneRunParts } from './lane-run.ts';
import type { Lane } from './lane.ts';
import { lostAtTheEnd, writeOff } from './write-off.ts';

export type PipelineState = 'created' | 'starting' | 'running' | 'draining' | 'stopped' | 'failed';

export interface PipelineParts extends IntakeParts {
  readonly delivery: DeliveryEvents;
  /** Opens the stream, once the source listens. */
  readonly first: () => AnyEvent;
  /** What is to be published when everything has been heard. */
  readonly finish?: (emit: (event: AnyEvent) => void) => void;
  /** Closes it, after everything heard; `failure` is what ended the run, if anything went wrong. */
  readonly last: (failure: unknown) => AnyEvent;
  /** Parts of the shutdown deadline; see `Pipeline.stop`. */
  readonly shutdownTimeoutMs: number;
  /** A lane that was removed delivers nothing any more: its queue is empty, or the agent ends. Before anything of it is closed. */
  readonly onRetired?: (lane: Lane) => void;
  /** What the queue of a lane still holds when nobody delivers any more waits there for the next start. Before anything of it is closed. */
  readonly onLeft?: (lane: Lane, state: DeliveryState) => void;
  /** Something of a lane that was removed, or exchanged, does not close as it should; the run goes on. */
  readonly onCloseFailed?: (error: unknown) => void;
}

/** What may be another from one moment to the next while events flow. */
export interface PipelineChange extends LaneChanges, Omit<Swap, keyof LaneChanges> {
  readonly changed: readonly ChangedLane[];
  readonly shutdownTimeoutMs: number;
}

function stoppedEarly(): AgentError {
  return new AgentError('STOPPED_EARLY', 'stopped before it listened');
}

/**
 * created → starting → running → draining → stopped | failed.
 * Sinks open first and the source last, so that nothing heard has nowhere to go; it closes the other way round. The first error wins.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #intake: Intake;
  /** Those that the intake feeds. */
  #runs: readonly LaneRun[];
  /** Those that were removed and run empty, each until it is closed; when the agent ends before that, to the end. */
  readonly #retired = new Map<LaneRun, Promise<void>>();
  #changing: Promise<unknown> | undefined;
  #shutdownTimeoutMs: number;
  /** Aborted: nothing more is changed. */
  readonly #ending = new AbortController();
  readonly #hard = new AbortController();
  #state: PipelineState = 'created';
  #failure: { error: unknown } | undefined;
  #begun = false;
  #isWrittenOff = false;
  #deadline: NodeJS.Timeout | undefined;
  /** Aborted: asked to stop before it ran. */
  readonly #early = new AbortController();
  readonly #waits = new Waits();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts);
    this.#shutdownTimeoutMs = parts.shutdownTimeoutMs;
    this.#runs = parts.lanes.map((lane) => this.#newRun(lane));
  }

  get state(): PipelineState {
    return this.#state;
  }

  /** How each sink does, by name. */
  get sinkStates(): ReadonlyMap<string, DeliveryState> {
    return new Map([...this.#retired.keys(), ...this.#runs].map(({ lane, state }) => [lane.ledger.sink, state]));
  }

  /** Opens everything; a `stop` meanwhile ends it with STOPPED_EARLY. When anything fails, what was opened is closed again and the first error is thrown. */
  async start(boot: AbortSignal): Promise<void> {
    this.#state = 'starting';
    const until = AbortSignal.any([boot, this.#early.signal]);
    const opened: Pick<Component, 'close'>[] = [];
    try {
      for (const lane of this.#parts.lanes) {
        opened.push(lane.queue);
        await openQueue(lane, until);
      }
      for (const component of [...this.#parts.lanes.map((lane) => lane.sink), this.#parts.source]) {
        opened.push(component);
        await openComponent(component, until);
      }
      this.#state = 'running';
    } catch (error) {
      this.#state = 'failed';
      for (const component of opened.toReversed()) await this.#closeMeanwhile(component);
      throw error;
    }
  }

  /**
   * Runs until the source ends (after `stop`, or by itself). Rejects with the first error, after everything is closed; with SHUTDOWN_INCOMPLETE where
   * something does not let go some time after it was told to.
   */
  async run(): Promise<void> {
    this.#begun = true;
    try {
      await this.#waits.whole(this.#run());
    } catch (error) {
      this.#fail(error);
      this.#writeOff();
    }
    clearTimeout(this.#deadline);
    this.#state = this.#failure === undefined ? 'stopped' : 'failed';
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  async #run(): Promise<void> {
    for (const run of this.#runs) run.start();
    if (this.#early.signal.aborted) this.stop();
    await this.#waits.for('the source', this.#takeIn());
    this.#armDeadline();
    for (const run of this.#runs) run.end();
    for (const run of [...this.#runs, ...this.#retired.keys()]) run.leaveWhenStuck();
    await Promise.all([
      ...this.#runs.map(({ finished, lane }) => this.#waits.for(`the sink ${lane.ledger.sink}`, finished)),
      ...[...this.#retired].map(([{ lane }, closed]) => this.#waits.for(`the sink ${lane.ledger.sink}`, closed)),
    ]);
    this.#writeOff();
    for (const { lane, state } of this.#runs) if (lane.durable === true && lane.queue.depth.events > 0) this.#parts.onLeft?.(lane, state);
    const closing = this.#runs.map(({ lane }) =>
      this.#waits.for(
        `the sink ${lane.ledger.sink}`,
        closeLane(lane, (one) => this.#close(one)),
      ),
    );
    await Promise.all(closing);
    this.#tellLeft();
  }

  async #takeIn(): Promise<void> {
    const { source, first, last } = this.#parts;
    const { signal } = this.#hard;
    try {
      await this.#intake.inject((emit) => emit(first()), signal);
      await this.#intake.run(signal);
    } catch (error) {
      this.#fail(error);
    }
    // Whatever is changed at this moment is changed before the last event, or not at all.
    this.#ending.abort(stoppedEarly());
    await this.#close(source);
    await this.#changing;
    try {
      await this.#intake.inject((emit) => this.#parts.finish?.(emit), signal);
      await this.#intake.conclude(last(this.#failure?.error), signal);
    } catch (error) {
      this.#fail(error);
    }
  }

  #writeOff(): void {
    if (!this.#isWrittenOff) writeOff(this.#lanes, incomplete(), this.#parts.delivery);
    this.#isWrittenOff = true;
    this.#tellLeft();
  }

  /** Also once all is closed: what a durable queue could not bring to its disk is lost only then. */
  #tellLeft(): void {
    if (lostAtTheEnd(this.#lanes) > 0) this.#fail(this.#hard.signal.reason ?? incomplete());
  }

  get #lanes(): readonly Lane[] {
    return [...this.#runs, ...this.#retired.keys()].map(({ lane }) => lane);
  }

  /**
   * Changes which lanes there are and what goes with them while events flow. All or nothing: rejects with the first error when anything does not open,
   * and everything is as it was. Rejects with STOPPED_EARLY once it is being stopped.
   */
  async change(change: PipelineChange, boot: AbortSignal): Promise<void> {
    this.#ending.signal.throwIfAborted();
    if (!this.#begun || this.#changing !== undefined)
      throw new AgentError('BUG', 'a change was begun before the run, or while another was under way');
    const changed = this.#change(change, AbortSignal.any([boot, this.#ending.signal]));
    this.#changing = changed.catch(() => undefined);
    try {
      await changed;
    } finally {
      this.#changing = undefined;
    }
  }

  async #change(change: PipelineChange, until: AbortSignal): Promise<void> {
    const { signal: hard } = this.#hard;
    const runOf = ({ ledger }: Lane): LaneRun => this.#runs.find((run) => run.lane.ledger === ledger) as LaneRun;
    await openChanges(change, { runOf, until, hard, close: (component) => this.#closeMeanwhile(component) });
    const added = change.added.map((lane) => this.#newRun(lane));
    const removed = change.removed.map(runOf);
    this.#shutdownTimeoutMs = change.shutdownTimeoutMs;
    // Before the swap: the intake may be waiting for room in one of their queues.
    for (const { from, to } of change.changed) runOf(from).resume(to);
    try {
      await this.#intake.swap(change, hard);
    } finally {
      for (const run of added) run.start();
      this.#runs = [...this.#runs.filter((run) => !removed.includes(run)), ...added];
      for (const run of removed) this.#retire(run);
    }
  }

  #retire(run: LaneRun): void {
    run.end();
    this.#retired.set(run, this.#outlive(run));
  }

  async #outlive(run: LaneRun): Promise<void> {
    await run.finished;
    this.#parts.onRetired?.(run.lane);
    await closeLane(run.lane, (component) => this.#closeMeanwhile(component));
    if (!this.#hard.signal.aborted) this.#retired.delete(run);
  }

  /** Closes the source; the rest drains behind it. At three quarters of the deadline retries stop and what is unsent is written off. */
  stop(): void {
    if (this.#state === 'created' || this.#state === 'starting') this.#early.abort(stoppedEarly());
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    this.#ending.abort(stoppedEarly());
    this.#armDeadline();
    this.#close(this.#parts.source).catch((error: unknown) => this.#fail(error));
  }

  #armDeadline(): void {
    this.#deadline ??= setTimeout(() => this.stopNow(), this.#shutdownTimeoutMs * 0.75);
  }

  /** Ends all waiting at once; what has been heard by the kernel's socket is still counted. */
  stopNow(): void {
    this.#hard.abort(incomplete());
    this.#waits.limit(Math.max(GRACE_MS, this.#shutdownTimeoutMs * 0.25));
    this.#parts.source.hurry?.();
  }

  /** Puts events into the stream that nothing heard gave rise to, unless that comes to its end. Never rejects: what goes wrong ends the run. */
  async publish(make: (emit: (event: AnyEvent) => void) => void): Promise<void> {
    if (this.#ending.signal.aborted) return;
    try {
      await this.#intake.inject(make, this.#hard.signal);
    } catch (error) {
      this.#crash(error);
    }
  }

  /** Ends the run with this error, after delivering what was heard. */
  fail(error: unknown): void {
    this.#crash(error);
  }

  /** A stage that ends by itself is a bug; without it the others have no purpose. */
  #crash(error: unknown): void {
    this.#fail(error);
    this.stop();
  }

  #newRun(lane: Lane): LaneRun {
    const [hard, crash] = [this.#hard.signal, (error: unknown): void => this.#crash(error)];
    const parts: LaneRunParts = { events: this.#parts.delivery, hard, crash, amend: (one) => this.#intake.amend(one) };
    return new LaneRun(lane, parts);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  async #close(component: Pick<Component, 'close'>): Promise<void> {
    try {
      await component.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #closeMeanwhile(component: Pick<Component, 'close'> & Partial<Pick<Component, 'id'>>): Promise<void> {
    try {
      await closeInTime(component);
    } catch (error) {
      this.#parts.onCloseFailed?.(error);
    }
  }
}
