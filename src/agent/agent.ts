import { systemClock } from '../core/clock.ts';
import { asAgentError } from '../core/errors.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Uuid } from '../core/event.ts';
import type { EventSource } from '../core/event-source.ts';
import { configHash } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { ExeHashes } from '../enrich/exe-hash/exe-hashes.ts';
import { createEnricher } from '../enrich/enricher.ts';
import type { Enricher } from '../enrich/enricher.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import { recordedMachine, thisMachine } from '../enrich/machine.ts';
import { createSequencer } from '../enrich/sequencer.ts';
import type { Sequencer } from '../enrich/sequencer.ts';
import type { Statement } from '../pipeline/account.ts';
import type { Lane } from '../pipeline/lane.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { Logger } from '../telemetry/log.ts';
import { Books } from './books.ts';
import { withinBootTime } from './boot.ts';
import { deliveryLog } from './delivery-log.ts';
import { describeStart } from './describe-start.ts';
import { changeLanes } from './change-lanes.ts';
import { createSource } from './create-source.ts';
import { enrichment } from './enrichment.ts';
import { LaneFactory } from './lanes.ts';
import { LossLog } from './loss-log.ts';
import { checkpointEvent, reloadEvent, startEvent, stopEvent, type AcceptedBefore } from './lifecycle-events.ts';
import type { Origin } from './origin.ts';
import { redactorOf } from './redactor.ts';
import type { ReloadPlan } from './reload-plan.ts';
import { removalLog } from './removal-log.ts';
import { RunContainers } from './run-containers.ts';
import { kernelSeqsOf, readRunRecord, type LastRun } from './run-record.ts';
import { RunRecorder, lastRunPath } from './run-recorder.ts';
import type { Screen } from './screen.ts';
import { derivedSinkIds, keptSinkIds, type SinkIds } from './sink-ids.ts';
import { stateLog } from './state-log.ts';
import { stopReason } from './stop-reason.ts';
import { reasonOfTorn, type Torn } from './torn-recording.ts';
import { Upkeep } from './upkeep.ts';

/** How old the record of a killed run is at most. */
const RECORD_MS = 10_000;

export interface AgentDeps {
  readonly origin: Origin;
  readonly log: Logger;
  readonly screen: Screen;
}

/** The composition root: configuration in, a running pipeline out. One agent is one run. */
export class Agent {
  readonly identity: RunIdentity;
  readonly source: EventSource;
  readonly enricher: Enricher;
  readonly books: Books;
  #config: Config;
  readonly #deps: AgentDeps;
  readonly #losses: LossLog;
  readonly #containers: RunContainers;
  /** Files of a recorded host are not here. */
  readonly #exeHashes: ExeHashes | null;
  readonly #sequencer: Sequencer;
  /** Grows with the sinks that are added. */
  readonly #sinkIds: Map<string, Uuid>;
  readonly #factory: LaneFactory;
  /** By name; those that were removed are not here. */
  readonly #lanes: Map<string, Lane>;
  readonly #recorder: RunRecorder;
  readonly #pipeline: Pipeline;
  readonly #upkeep: Upkeep;
  #previous: LastRun | undefined;
  #stopReason: string;

  /** Nothing is opened yet. */
  constructor(config: Config, deps: AgentDeps) {
    this.#config = config;
    this.#deps = deps;
    this.identity = deps.origin.identity;
    this.#stopReason = deps.origin.reproducible ? 'end of the recording' : 'end of source';
    const { log, screen, origin } = deps;
    const { agentId } = this.identity;
    this.#losses = new LossLog(deps.log);
    this.#containers = new RunContainers(config.enrich.containers, {
      log: deps.log,
      isLive: this.#isLive,
      onNews: (id) => this.enricher.noteContainer(id),
    });
    this.#exeHashes = config.enrich.exeSha256 && this.#isLive ? new ExeHashes() : null;
    this.source = this.#newSource();
    this.enricher = this.#newEnricher();
    this.#sequencer = createSequencer(agentId);
    const sinkIds = (this.#sinkIds = new Map(this.#identify(config.sinks)));
    const ofRun = { host: this.identity, reproducible: origin.reproducible, agentVersion: origin.facts.version };
    this.#factory = new LaneFactory(config.agent.dataDir, { ...ofRun, agentId, sinkIds, log, screen });
    const lanes = config.sinks.map((sink) => this.#factory.create(sink));
    this.#lanes = new Map(lanes.map((lane) => [lane.ledger.sink, lane]));
    this.books = new Books(
      { source: this.source, enricher: this.enricher, sequencer: this.#sequencer },
      lanes.map((lane) => lane.ledger),
    );
    const { identity, enricher, books } = this;
    const source = this.#isLive ? this.source : null;
    this.#recorder = new RunRecorder({ dataDir: config.agent.dataDir, identity, source, enricher, books, log });
    this.#pipeline = this.#newPipeline(lanes);
    this.#upkeep = new Upkeep({ enricher, clock: systemClock, publish: (make) => this.#pipeline.publish(make) });
  }

  #newPipeline(lanes: readonly Lane[]): Pipeline {
    const { log, origin } = this.#deps;
    return new Pipeline({
      source: this.source,
      enrich: enrichment(this.enricher, { clock: origin.clock, losses: this.#losses }),
      sequence: (event) => void this.#sequencer.stamp(event),
      encoders: this.#factory.encoders,
      lanes,
      onUnencodable: (error, { stream, event }) => log.error({ code: error.code, stream, kind: event.kind }, error.message),
      checkpoints: { intervalMs: this.#checkpointIntervalMs(this.#config), event: (...said) => this.#checkpoint(...said) },
      delivery: deliveryLog(log),
      ...removalLog(log, this.#config.agent.dataDir),
      shutdownTimeoutMs: this.#config.agent.shutdownTimeoutMs,
      finish: (emit) => this.enricher.end(emit),
      first: () => this.#first(),
      last: (failure) => this.#last(failure),
    });
  }

  /** What it works with now. */
  get config(): Config {
    return this.#config;
  }

  /** The time of a recording does not pass while it is replayed. */
  #checkpointIntervalMs({ agent }: Config): number {
    return this.#deps.origin.reproducible ? 0 : agent.checkpointIntervalMs;
  }

  #newSource(): EventSource {
    return createSource(this.config, {
      onState: stateLog(this.#deps.log, { hostname: this.identity.hostname, scanIntervalMs: this.config.source.scanIntervalMs }),
      formerSeqs: () => kernelSeqsOf(this.#previous, this.identity.bootId),
      onTorn: (end) => this.#endsTorn(end),
    });
  }

  #newEnricher(): Enricher {
    const { enrich, source } = this.config;
    const { identity, clock, users, facts } = this.#deps.origin;
    const machine = (this.#isLive ? thisMachine : recordedMachine)(facts.capabilities);
    return createEnricher(
      { ...enrich, threads: source.threads, snapshot: source.snapshot, kinds: new Set(source.events) },
      {
        identity,
        clock,
        users,
        machine,
        containers: this.#containers.catalogue,
        redactor: redactorOf(enrich.redact),
        exeHashes: this.#exeHashes,
        bootOffsetNs: (ns) => this.source.bootOffsetNs(ns),
      },
    );
  }

  get state(): Pipeline['state'] {
    return this.#pipeline.state;
  }

  /** Resolves when no event can be missed any more and every sink is open. */
  async start(): Promise<void> {
    const { log, origin } = this.#deps;
    if (this.#isLive) {
      this.#previous = readRunRecord(lastRunPath(this.config.agent.dataDir), (reason) =>
        log.warn({ reason }, 'the record of the last run cannot be read; its end stays unknown'),
      );
    }
    await withinBootTime((boot) => this.#pipeline.start(boot));
    this.#containers.open();
    if (origin.notice !== undefined) log.info(origin.notice);
    this.#recorder.record(false);
  }

  /** Runs until stopped; rejects with what ended it otherwise. The books are closed and recorded either way. */
  async run(): Promise<void> {
    // Where time is that of the events, nothing happens in the time between them.
    if (this.#isLive) this.#upkeep.start();
    const record = setInterval(() => this.#recorder.record(false), RECORD_MS);
    let clean = false;
    try {
      await this.#pipeline.run();
      clean = true;
    } finally {
      this.#upkeep.stop();
      clearInterval(record);
      this.#losses.tell();
      this.#recorder.record(clean);
      if (!clean) this.abandon();
      await Promise.all([this.#containers.close(), this.#exeHashes?.close()]);
    }
  }

  stop(reason: string): void {
    this.#stopReason = reason;
    this.#pipeline.stop();
  }

  /** Gives up what is not delivered. */
  stopNow(): void {
    this.#pipeline.stopNow();
  }

  /**
   * Goes on with another configuration, from one event to the next and as a whole; `plan` is what is different in it. Rejects with the first error when
   * a sink does not open, or STOPPED_EARLY; then all is as before.
   */
  async change(config: Config, plan: ReloadPlan): Promise<void> {
    for (const [name, id] of this.#identify(plan.added)) if (!this.#sinkIds.has(name)) this.#sinkIds.set(name, id);
    const lanes = changeLanes(plan, { factory: this.#factory, laneOf: (name) => this.#lanes.get(name) as Lane });
    const commit = (emit: (event: AnyEvent) => void): AnyEvent => {
      this.enricher.regulate(plan, emit);
      for (const { ledger } of lanes.removed) this.#lanes.delete(ledger.sink);
      for (const lane of [...lanes.added, ...lanes.changed.map(({ to }) => to)]) this.#lanes.set(lane.ledger.sink, lane);
      this.books.add(lanes.added.map(({ ledger }) => ledger));
      this.#config = config;
      return reloadEvent(this.#deps.origin, { config_hash: configHash(config), ok: true, reason: null });
    };
    const { shutdownTimeoutMs } = config.agent;
    const settings = { encoders: this.#factory.encoders, checkpointIntervalMs: this.#checkpointIntervalMs(config), shutdownTimeoutMs };
    await withinBootTime((boot) => this.#pipeline.change({ ...lanes, ...settings, commit }, boot));
  }

  /** Says in the stream that another configuration was refused. */
  tellRefused(reason: string): Promise<void> {
    const refused = reloadEvent(this.#deps.origin, { config_hash: configHash(this.#config), ok: false, reason });
    return this.#pipeline.publish((emit) => emit(refused));
  }

  /** Names of the sinks that deliver: also of those that were removed and have something to deliver yet. */
  get delivering(): ReadonlySet<string> {
    return new Set(this.#pipeline.sinkStates.keys());
  }

  /** For exits that cannot wait: leaves nothing behind in the kernel. Synchronous. */
  abandon(): void {
    this.source.closeNow();
  }

  /** It hears this machine, now. */
  get #isLive(): boolean {
    return this.config.source.type === 'proc_connector';
  }

  #endsTorn(end: Torn): void {
    const { path } = this.config.source.replay;
    this.#stopReason = 'end of the recording, which is not complete';
    this.#deps.log.warn({ path }, `the recording is not complete, ${reasonOfTorn(end)}; what it holds was replayed`);
  }

  #first(): AnyEvent {
    const { origin, log } = this.#deps;
    const start = describeStart({
      config: this.config,
      facts: origin.facts,
      source: this.source.describe(),
      sinkIds: this.#sinkIds,
      previous: this.#previous,
      acceptedBefore: this.#acceptedBefore,
      containerLimit: this.#containers.limit,
    });
    // Where the source itself does not hear, it has said so.
    const limits = start.degraded.filter(({ feature }) => feature !== this.source.id);
    if (this.#isLive)
      for (const { feature, reason } of limits) log.warn({ feature }, `limited: ${reason}; forkcast doctor says what to do`);
    return startEvent(origin, start);
  }

  #identify(sinks: Config['sinks']): SinkIds {
    const names = sinks.map(({ name }) => name);
    if (!this.#isLive) return derivedSinkIds(this.identity.hostId, names);
    return keptSinkIds(this.config.agent.dataDir, names, (reason) =>
      this.#deps.log.warn({ reason }, 'the ids of the sinks are not kept: whoever checks the events will take the sinks for new ones'),
    );
  }

  get #acceptedBefore(): AcceptedBefore {
    const known = [...this.#lanes.values()].map((lane) => [lane.ledger.sink, lane.acceptedBefore?.()] as const);
    return new Map(known.flatMap(([sink, before]) => (before === undefined ? [] : [[sink, before]])));
  }

  #checkpoint(statement: Statement, final: boolean): AnyEvent {
    return this.#sequencer.stamp(checkpointEvent(this.#deps.origin, { ...statement, upstream: this.books.upstream, final }));
  }

  #last(failure: unknown): AnyEvent {
    const clean = failure === undefined;
    const reason = stopReason(clean ? this.#stopReason : asAgentError(failure).message, this.#lanes.values(), this.#pipeline.sinkStates);
    return stopEvent(this.#deps.origin, { reason, clean, upstream: this.books.upstream });
  }
}
