import type { Component, Source } from '../core/component.ts';
import { AgentError } from '../core/errors.ts';
import type { AnyEvent } from '../core/any-event.ts';
import { add } from '../core/ledger.ts';
import type { Heard } from '../core/kernel-event.ts';
import { DeliveryStage } from './delivery.ts';
import type { DeliveryEvents } from './delivery.ts';
import { Intake } from './intake.ts';
import type { IntakeParts } from './intake.ts';

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
}

function stoppedEarly(): AgentError {
  return new AgentError('STOPPED_EARLY', 'stopped before it listened');
}

function incomplete(): AgentError {
  return new AgentError('SHUTDOWN_INCOMPLETE', 'the agent was stopped before everything was delivered', {
    fix: 'Raise agent.shutdown_timeout, or see why a sink is slow.',
  });
}

/**
 * created → starting → running → draining → stopped | failed.
 * Sinks open first and the source last, so that nothing heard has nowhere to go; it closes the other way round. The first error wins.
 */
export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #intake: Intake;
  readonly #deliveries: readonly DeliveryStage[];
  readonly #hard = new AbortController();
  #state: PipelineState = 'created';
  #failure: { error: unknown } | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Aborted: asked to stop before it ran. */
  readonly #early = new AbortController();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
    this.#intake = new Intake(parts);
    this.#deliveries = parts.lanes.map((lane) => new DeliveryStage(lane, parts.delivery));
  }

  get state(): PipelineState {
    return this.#state;
  }

  /** Opens everything; a `stop` meanwhile ends it with STOPPED_EARLY. When anything fails, what was opened is closed again and the first error is thrown. */
  async start(boot: AbortSignal): Promise<void> {
    this.#state = 'starting';
    const until = AbortSignal.any([boot, this.#early.signal]);
    const opened: Component[] = [];
    try {
      for (const component of [...this.#parts.lanes.map((lane) => lane.sink), this.#parts.source]) {
        opened.push(component);
        await component.open(until);
      }
      this.#state = 'running';
    } catch (error) {
      this.#state = 'failed';
      for (const component of opened.toReversed()) await this.#close(component);
      throw error;
    }
  }

  /** Runs until the source ends (after `stop`, or by itself). Rejects with the first error, after everything is closed. */
  async run(): Promise<void> {
    const deliveries = this.#deliveries.map((stage) => stage.run(this.#hard.signal).catch((error: unknown) => this.#crash(error)));
    if (this.#early.signal.aborted) this.stop();
    await this.#takeIn();
    this.#armDeadline();
    for (const { queue, sink } of this.#parts.lanes) {
      queue.end();
      sink.drain?.();
    }
    await Promise.all(deliveries);
    this.#writeOff();
    for (const { sink, queue } of this.#parts.lanes) {
      await this.#close(sink);
      await queue.close();
    }
    clearTimeout(this.#deadline);
    this.#state = this.#failure === undefined ? 'stopped' : 'failed';
    if (this.#failure !== undefined) throw this.#failure.error;
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
    await this.#close(source);
    try {
      await this.#intake.inject((emit) => this.#parts.finish?.(emit), signal);
      await this.#intake.inject((emit) => emit(last(this.#failure?.error)), signal);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the queues hold when nobody delivers any more, so that every event ends in the books. */
  #writeOff(): void {
    let left = 0;
    for (const { ledger } of this.#parts.lanes) {
      if (ledger.waiting > 0) add(ledger.lost, 'shutdown', ledger.waiting);
      ledger.waiting = 0;
      left += (ledger.lost['shutdown'] ?? 0) + (ledger.dropped['shutdown'] ?? 0);
    }
    if (left > 0) this.#fail(this.#hard.signal.reason ?? incomplete());
  }

  /** Closes the source; the rest drains behind it. At three quarters of the deadline retries stop and what is unsent is written off. */
  stop(): void {
    if (this.#state === 'created' || this.#state === 'starting') this.#early.abort(stoppedEarly());
    if (this.#state !== 'running') return;
    this.#state = 'draining';
    this.#armDeadline();
    this.#close(this.#parts.source).catch((error: unknown) => this.#fail(error));
  }

  #armDeadline(): void {
    this.#deadline ??= setTimeout(() => this.stopNow(), this.#parts.shutdownTimeoutMs * 0.75);
  }

  /** Ends all waiting at once; what has been heard by the kernel's socket is still counted. */
  stopNow(): void {
    this.#hard.abort(incomplete());
    this.#parts.source.hurry?.();
  }

  /** Puts events into the stream that nothing heard gave rise to. Never rejects: what goes wrong ends the run. */
  async publish(make: (emit: (event: AnyEvent) => void) => void): Promise<void> {
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

  #fail(error: unknown): void {
    this.#failure ??= { error };
  }

  async #close(component: Source<Heard> | Component): Promise<void> {
    try {
      await component.close();
    } catch (error) {
      this.#fail(error);
    }
  }
}
