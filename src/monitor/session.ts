import { readFileSync } from 'node:fs';
import type { AnyEvent } from '../core/any-event.ts';
import { effectiveCapabilities } from '../core/capabilities.ts';
import { systemClock } from '../core/clock.ts';
import { asAgentError } from '../core/errors.ts';
import type { AgentError } from '../core/errors.ts';
import type { ProcessEvent } from '../core/event.ts';
import type { EventSource } from '../core/event-source.ts';
import type { Heard, ScanEvent, SnapshotEvent } from '../core/kernel-event.ts';
import { createEnricher } from '../enrich/enricher.ts';
import type { Enricher } from '../enrich/enricher.ts';
import { loadRunIdentity } from '../enrich/identity.ts';
import { recordedMachine, thisMachine } from '../enrich/machine.ts';
import type { ProcessView } from '../enrich/process-view.ts';
import { createSequencer } from '../enrich/sequencer.ts';
import { systemUserNames } from '../enrich/users.ts';
import type { Run } from './lifecycle.ts';
import type { MonitorSettings } from './options.ts';
import { Publisher } from './publisher.ts';
import type { ProcessRecord } from './records.ts';
import type { Signals } from './signals.ts';
import type { RunView, Subscriptions } from './subscriptions.ts';
import type { Tally } from './tally.ts';

const SWEEP_MS = 1000;
/** How long a source may take to end by itself. */
const PATIENCE_MS = 5000;
const NEVER = new AbortController().signal;

export interface SessionParts {
  readonly settings: MonitorSettings;
  readonly subscriptions: Subscriptions;
  readonly signals: Signals;
  readonly tally: Tally;
}

/** One run of the monitor, from an open source to its end: hears, enriches, dispatches. */
export class Session implements Run, RunView {
  readonly #ended = Promise.withResolvers<AgentError | undefined>();
  readonly #source: EventSource;
  readonly #parts: SessionParts;
  readonly #identity = loadRunIdentity({});
  readonly #publisher = new Publisher(this.#identity);
  readonly #sequencer = createSequencer(this.#identity.agentId);
  readonly #enricher: Enricher;
  readonly #listed = Promise.withResolvers<boolean>();
  /** What is heard tells of the time before the start. */
  #announcing = false;
  #closing: Promise<AgentError | undefined> | undefined;

  /** Takes an open source over. Throws FILE_NOT_FOUND where the machine shows no boot id. */
  constructor(source: EventSource, parts: SessionParts) {
    const { maxProcesses, exitTtlMs, maxArgsBytes, ancestors, threads } = parts.settings;
    this.#source = source;
    this.#parts = parts;
    const machine = this.#isLive ? thisMachine(ownCapabilities()) : recordedMachine([]);
    this.#enricher = createEnricher(
      { maxProcesses, exitTtlMs, maxArgsBytes, ancestors, threads, kinds: parts.subscriptions.wanted },
      { identity: this.#identity, clock: systemClock, users: systemUserNames(), machine, bootOffsetNs: (ns) => source.bootOffsetNs(ns) },
    );
  }

  /** From now on subscribers get what is heard. */
  begin(): void {
    this.#run().then(this.#ended.resolve, this.#ended.reject);
  }

  get ended(): Promise<AgentError | undefined> {
    return this.#ended.promise;
  }

  get processes(): ProcessView {
    return this.#enricher.processes;
  }

  /** True when all processes that were there before are known; false when the run is over before. */
  get listed(): Promise<boolean> {
    return this.#listed.promise;
  }

  publish(event: ProcessEvent): ProcessRecord {
    this.#sequencer.stamp({ stream: 'process', event });
    return this.#publisher.record(event);
  }

  exeOf(pid: number): string | null {
    return this.processes.exeOf(pid);
  }

  *known(): Generator<ProcessEvent> {
    for (const pid of this.processes.living()) {
      const event = this.#recall(pid);
      // Without a start it is a mere pid, which the next listing will know more of, and tell.
      if (event !== undefined && event.process.start_time !== null) yield event;
    }
  }

  /** As an answer, which is no event: without a number. */
  get(pid: number): ProcessRecord | undefined {
    const event = this.#recall(pid);
    return event === undefined ? undefined : this.#publisher.record(event);
  }

  #recall(pid: number): ProcessEvent | undefined {
    return this.processes.recall(pid, { monotonicNs: systemClock.monotonicNs(), timeUs: systemClock.nowUs() });
  }

  /** A source of the user's own may tell of another machine, and of another time. */
  get #isLive(): boolean {
    return this.#parts.settings.source === undefined;
  }

  /** Hears out what has happened so far. */
  async close(): Promise<void> {
    this.#closing ??= this.#closeSource();
    await this.ended;
  }

  /** For exits that cannot wait. */
  readonly closeNow = (): void => this.#source.closeNow();

  async #run(): Promise<AgentError | undefined> {
    const sweep = this.#isLive ? setInterval(() => this.#enricher.sweep(systemClock.monotonicNs()), SWEEP_MS).unref() : undefined;
    const failure = await this.#hearAll();
    // Nobody reads any more: a source that has much left must not wait for room.
    if (failure !== undefined) this.#source.hurry?.();
    this.#closing ??= this.#closeSource();
    const closed = await this.#closing;
    clearInterval(sweep);
    this.#listed.resolve(false);
    return failure ?? closed;
  }

  /** Resolves with what went wrong, if anything did. */
  async #closeSource(): Promise<AgentError | undefined> {
    const impatience = setTimeout(() => this.#source.hurry?.(), PATIENCE_MS);
    try {
      await this.#source.close();
      return undefined;
    } catch (error) {
      return asAgentError(error);
    } finally {
      clearTimeout(impatience);
    }
  }

  async #hearAll(): Promise<AgentError | undefined> {
    try {
      for (let batch = await this.#source.read(NEVER); batch !== undefined; batch = await this.#source.read(NEVER)) {
        for (const heard of batch.items) this.#hear(heard);
      }
      return undefined;
    } catch (error) {
      return asAgentError(error);
    }
  }

  #hear(heard: Heard): void {
    if (heard.kind === 'SCAN' || heard.kind === 'SNAPSHOT') return this.#list(heard);
    const { tally } = this.#parts;
    if (heard.kind === 'LOSS') tally.lost += heard.count;
    else if (heard.kind !== 'RECOVERED' && heard.kind !== 'MOVED') tally.heard[heard.kind] += 1;
    this.#enricher.enrich(heard, this.#emit);
  }

  #list(heard: ScanEvent | SnapshotEvent): void {
    const ofStart = heard.purpose === 'start';
    this.#announcing = ofStart;
    this.#enricher.enrich(heard, this.#emit);
    this.#announcing = false;
    if (ofStart && heard.kind === 'SCAN' && heard.phase === 'END') this.#listed.resolve(true);
  }

  readonly #emit = (made: AnyEvent): void => {
    const { subscriptions, signals } = this.#parts;
    if (made.stream === 'process') {
      if (this.#announcing && made.event.kind === 'SNAPSHOT') subscriptions.announce(made.event);
      else subscriptions.dispatch(made.event);
      return;
    }
    const gap = this.#publisher.gap(made.event);
    if (gap === undefined) return;
    subscriptions.gap(gap);
    signals.gap(gap);
  };
}

function ownCapabilities(): readonly string[] {
  return [...effectiveCapabilities(readFileSync('/proc/self/status', 'latin1'))];
}
