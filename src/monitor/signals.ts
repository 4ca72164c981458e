import { AgentError } from '../core/errors.ts';
import type { SourceState } from '../core/event-source.ts';
import type { GapRecord } from './records.ts';
import { isThenable } from './thenable.ts';

/** What the monitor says of itself. */
export interface MonitorSignals {
  /** Events were lost before they could be heard. */
  gap: GapRecord;
  /** A listener failed (LISTENER_FAILED, with what it threw as `cause`), or the source did and the monitor has stopped. */
  error: AgentError;
  /** How it hears has changed. */
  state: SourceState;
}
export type MonitorSignal = keyof MonitorSignals;
export type SignalListener<S extends MonitorSignal> = (value: MonitorSignals[S]) => unknown;

type AnyListener = (value: never) => unknown;

/** Listeners of signals, and where errors of all listeners go: to who asked for errors, or, where nobody did, up to the process. */
export class Signals {
  readonly #listeners: Record<MonitorSignal, readonly AnyListener[]> = { gap: [], error: [], state: [] };
  /** Failed calls of listeners of any kind. */
  failures = 0;

  has(signal: MonitorSignal, listener: AnyListener): boolean {
    return this.#listeners[signal].includes(listener);
  }

  add(signal: MonitorSignal, listener: AnyListener): void {
    this.#listeners[signal] = [...this.#listeners[signal], listener];
  }

  remove(signal: MonitorSignal, listener: AnyListener): void {
    this.#listeners[signal] = this.#listeners[signal].filter((one) => one !== listener);
  }

  gap(gap: GapRecord): void {
    this.#emit('gap', gap, (thrown) => this.failed('gap', thrown));
  }

  state(state: SourceState): void {
    this.#emit('state', state, (thrown) => this.failed('state', thrown));
  }

  /** False: nobody listens for errors. */
  error(error: AgentError): boolean {
    this.#emit('error', error, rethrow);
    return this.#listeners.error.length > 0;
  }

  /** A listener of `what` threw, or rejected. */
  failed(what: string, thrown: unknown): void {
    this.failures += 1;
    const message = `a listener for ${what} failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    if (!this.error(new AgentError('LISTENER_FAILED', message, { cause: thrown, context: { subscription: what } }))) rethrow(thrown);
  }

  #emit<S extends MonitorSignal>(signal: S, value: MonitorSignals[S], failed: (thrown: unknown) => void): void {
    for (const listener of this.#listeners[signal] as readonly SignalListener<S>[]) {
      try {
        const result = listener(value);
        if (isThenable(result)) result.then(undefined, failed);
      } catch (thrown) {
        failed(thrown);
      }
    }
  }
}

/** Where no caller is in the way: it ends the process unless somebody hears `uncaughtException`, like what listeners of Node's own events throw. */
export function rethrow(thrown: unknown): void {
  process.nextTick(() => {
    throw thrown;
  });
}
