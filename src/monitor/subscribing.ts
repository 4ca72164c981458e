import type { MonitorKind } from './records.ts';

export interface SubscribeOptions {
  /**
   * Only processes of this name: the kernel's name for them (15 bytes at most) or the file name of their executable is equal to the text, or matches
   * the pattern. An exit is judged by what the process was. Where neither is known the event is withheld, and counted as `unnamed`.
   */
  readonly name?: string | RegExp;
  /**
   * For exec: the processes that run already, as SNAPSHOT. By default whoever has subscribed before the start is told of them; true tells a later
   * subscriber too, before anything else; false nobody.
   */
  readonly existing?: boolean;
  /** How many events wait at most, for a listener whose promise has not settled or a loop that is slow; 5000. What comes then is dropped and counted. */
  readonly highWaterMark?: number;
}

export interface EventsOptions<K extends MonitorKind> extends SubscribeOptions {
  /** fork, exec and exit, unless told. */
  readonly kinds?: readonly K[];
  /** Ends the loop by rejecting with its reason. */
  readonly signal?: AbortSignal;
}

/** Unsubscribes when it is called, or disposed of; idempotent. Nothing is delivered after that, not even what waits. */
export interface Subscription extends Disposable {
  (): void;
  /** Events dropped so far because the listener was slow. */
  readonly dropped: number;
}
