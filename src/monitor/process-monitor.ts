import { AgentError } from '../core/errors.ts';
import { StreamSubscriber } from './event-stream.ts';
import type { EventStream } from './event-stream.ts';
import { isGone } from './gone.ts';
import type { ProcessRef } from './gone.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Lease, MonitorState } from './lifecycle.ts';
import { ListenerSubscriber } from './listener.ts';
import type { RecordListener } from './listener.ts';
import { NameFilter } from './name-filter.ts';
import { openSession } from './open-session.ts';
import { DEFAULT_HIGH_WATER_MARK, checkSubscribeOptions, settingsOf, wholeNumber } from './options.ts';
import type { MonitorOptions } from './options.ts';
import { onProcessExit } from './process-exit.ts';
import type { GapRecord, MonitorKind, RecordOf, SnapshotRecord } from './records.ts';
import type { Session } from './session.ts';
import { Signals, rethrow } from './signals.ts';
import type { MonitorSignal, SignalListener } from './signals.ts';
import type { EventsOptions, SubscribeOptions, Subscription } from './subscribing.ts';
import { MONITOR_KINDS, Subscriptions } from './subscriptions.ts';
import { Tally } from './tally.ts';
import type { MonitorCounters } from './tally.ts';

/**
 * Process events of this machine, for any number of subscribers in this process, who share one subscription in the kernel.
 *
 * Listeners are called in the turn in which an event is heard, so what they do delays all others: while they hold the event loop, events wait in the
 * kernel, and what does not fit there is a `gap`. Where a listener returns a promise, it is called again when that has settled; meanwhile events wait, up to
 * `highWaterMark`. What a listener throws, or rejects with, stops nobody: it goes to the listeners for `error`, and where there are none, it is thrown
 * where only `uncaughtException` hears it.
 *
 * No signal handlers are installed. A process that a signal ends leaves a subscription behind in the kernel: call `stop` in a handler of your own. Every
 * other end is seen to.
 */
export class ProcessMonitor implements AsyncDisposable {
  static #shared: ProcessMonitor | undefined;
  readonly #tally = new Tally();
  readonly #signals = new Signals();
  readonly #subscriptions = new Subscriptions(this.#tally);
  readonly #lifecycle: Lifecycle<Session>;
  #unguard: () => void = () => undefined;

  /** Opens nothing yet. Throws USAGE on options that cannot be. */
  constructor(options: MonitorOptions = {}) {
    const settings = settingsOf(options);
    const parts = { settings, subscriptions: this.#subscriptions, signals: this.#signals, tally: this.#tally };
    this.#lifecycle = new Lifecycle({
      open: () => openSession(parts),
      began: (session) => this.#began(session),
      ended: (error) => this.#ended(error),
    });
  }

  /** The one monitor, with default options, that all who ask for it in this process share. */
  static shared(): ProcessMonitor {
    return (ProcessMonitor.#shared ??= new ProcessMonitor());
  }

  get state(): MonitorState {
    return this.#lifecycle.state;
  }

  /**
   * Resolves when no event can be missed any more. May be called any number of times, by anybody: the kernel is asked once, and told to stop when
   * every start has been given back, by `stop`, or by the lease's own, which gives back this start and no other.
   * Rejects with an AgentError (NETLINK_…, NATIVE_UNAVAILABLE, BOOT_TIMEOUT, what a source of your own throws); then nothing was started.
   */
  start(): Promise<Lease> {
    return this.#lifecycle.start();
  }

  /** Gives the latest start back. With the last one, resolves when all that has happened until now has been given to the subscribers. They stay for the next start; loops end. */
  stop(): Promise<void> {
    return this.#lifecycle.stop();
  }

  /** For exits that cannot wait for the event loop: leaves nothing behind in the kernel, synchronously. */
  stopNow(): void {
    this.#lifecycle.run?.closeNow();
  }

  /** As `stop`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Calls `listener` for each event of a kind, before or after the start; its second argument is how many events of this subscription were dropped
   * directly before. Or for what the monitor says of itself: `gap`, `error`, `state`.
   * Throws SUBSCRIPTION_DUPLICATE where this listener has this subscription, and USAGE on what cannot be subscribed to.
   */
  on<K extends MonitorKind>(kind: K, listener: (event: RecordOf<K>, missed: number) => unknown, options?: SubscribeOptions): Subscription;
  on<S extends MonitorSignal>(signal: S, listener: SignalListener<S>): () => void;
  on(what: MonitorKind | MonitorSignal, listener: never, options: SubscribeOptions = {}): () => void {
    if (typeof listener !== 'function') throw new AgentError('USAGE', `the listener for ${what} is no function`);
    if (what === 'gap' || what === 'error' || what === 'state') return this.#onSignal(what, listener);
    return this.#onKind(what, listener, options);
  }

  /**
   * Events in a loop. They are collected from this call on. A GAP says where events are missing: lost in the kernel, or dropped because
   * the loop was slow. The loop ends when the monitor stops, and rejects when its source fails, after what was heard until then.
   * Throws USAGE on options that cannot be, and the reason of a signal that is aborted already.
   */
  events<K extends MonitorKind = 'fork' | 'exec' | 'exit'>(options: EventsOptions<K> = {}): EventStream<RecordOf<K> | GapRecord> {
    const { signal, kinds = ['fork', 'exec', 'exit'] } = options;
    signal?.throwIfAborted();
    checkSubscribeOptions(options, ['kinds', 'signal']);
    if (!Array.isArray(kinds) || kinds.length === 0)
      throw new AgentError('USAGE', 'kinds is no list with a kind in it', { fix: KINDS_FIX });
    for (const kind of kinds) checkKind(kind);
    const stream = new StreamSubscriber<RecordOf<K> | GapRecord>({
      highWaterMark: limitOf(options),
      signal,
      onDrop: () => void (this.#tally.dropped += 1),
      onClose: () => this.#subscriptions.remove(stream),
    });
    this.#subscriptions.add(stream, { kinds, filter: filterOf(options), existing: options.existing });
    return stream;
  }

  /** What is known of the process that runs with this pid; undefined where none is known, or the monitor does not run. It is no event: its `sequence` is 0. */
  get(pid: number): SnapshotRecord | undefined {
    return this.#lifecycle.run?.get(pid) as SnapshotRecord | undefined;
  }

  /** True when all processes that ran before the start are known and were announced; false when the monitor does not run, or stops before. */
  async listed(): Promise<boolean> {
    return (await this.#lifecycle.run?.listed) ?? false;
  }

  /**
   * Those that have ended, in their order. By pid; or by `{ pid, entity_id }`, as `process` of any record is, so that the next process with the same pid is told
   * apart. Works also while the monitor does not run. Throws USAGE on what is no pid.
   */
  findDeleted<T extends number | ProcessRef>(processes: Iterable<T>): T[] {
    const view = this.#lifecycle.run?.processes;
    return Array.from(processes).filter((one) => isGone(one, view));
  }

  /** Totals since the monitor was made, as of now. */
  get counters(): MonitorCounters {
    const { events, lost, calls, dropped, unnamed, starts, failures } = this.#tally;
    const { count: subscribers } = this.#subscriptions;
    return { events, lost, calls, dropped, unnamed, failedCalls: this.#signals.failures, subscribers, starts, failures };
  }

  #onSignal<S extends MonitorSignal>(signal: S, listener: SignalListener<S>): () => void {
    if (this.#signals.has(signal, listener)) throw duplicate(signal);
    this.#signals.add(signal, listener);
    let subscribed = true;
    return () => {
      if (subscribed) this.#signals.remove(signal, listener);
      subscribed = false;
    };
  }

  #onKind(kind: MonitorKind, listener: RecordListener, options: SubscribeOptions): Subscription {
    checkKind(kind);
    checkSubscribeOptions(options);
    const filter = filterOf(options);
    if (this.#subscriptions.hasListener(listener, kind, filter)) throw duplicate(kind);
    const subscriber = new ListenerSubscriber(listener, limitOf(options), {
      called: () => void (this.#tally.calls += 1),
      dropped: () => void (this.#tally.dropped += 1),
      failed: (thrown) => this.#signals.failed(kind, thrown),
    });
    this.#subscriptions.add(subscriber, { kinds: [kind], filter, existing: options.existing, listener });
    const unsubscribe = (): void => {
      subscriber.close();
      this.#subscriptions.remove(subscriber);
    };
    return Object.defineProperties(unsubscribe, {
      dropped: { get: () => subscriber.dropped },
      [Symbol.dispose]: { value: unsubscribe },
    }) as Subscription;
  }

  #began(session: Session): void {
    this.#tally.starts += 1;
    this.#subscriptions.begin(session);
    this.#unguard = onProcessExit(session.closeNow);
    session.begin();
  }

  #ended(error: AgentError | undefined): void {
    this.#unguard();
    if (error !== undefined) this.#tally.failures += 1;
    const passedOn = this.#subscriptions.end(error);
    if (error !== undefined && !this.#signals.error(error) && !passedOn) rethrow(error);
  }
}

function filterOf({ name }: SubscribeOptions): NameFilter | undefined {
  return name === undefined ? undefined : new NameFilter(name);
}

function limitOf({ highWaterMark = DEFAULT_HIGH_WATER_MARK }: SubscribeOptions): number {
  return wholeNumber('highWaterMark', highWaterMark, 1);
}

const KINDS_FIX = `There are: ${MONITOR_KINDS.join(', ')}; and gap, error, state.`;

function checkKind(kind: MonitorKind): void {
  if (MONITOR_KINDS.includes(kind)) return;
  throw new AgentError('USAGE', `nothing to subscribe to is called ${JSON.stringify(kind)}`, {
    fix: KINDS_FIX,
  });
}

function duplicate(what: string): AgentError {
  return new AgentError('SUBSCRIPTION_DUPLICATE', `this listener is subscribed to ${what} already, with the same filter`, {
    fix: 'Unsubscribe the first one, or subscribe another function.',
  });
}
