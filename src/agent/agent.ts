import { systemClock } from '../core/clock.ts';
import { asAgentError } from '../core/errors.ts';
import { fileError } from '../core/system-error.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { EventSource } from '../core/event-source.ts';
import type { Config } from '../config/config.ts';
import { ExeHashes } from '../enrich/exe-hash/exe-hashes.ts';
import { readSecret } from '../config/read-secret.ts';
import { createEnricher } from '../enrich/enricher.ts';
import type { Enricher } from '../enrich/enricher.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import { recordedMachine, thisMachine } from '../enrich/machine.ts';
import { createRedactor } from '../enrich/redact/redactor.ts';
import type { Redactor } from '../enrich/redact/redactor.ts';
import { createSequencer } from '../enrich/sequencer.ts';
import type { Sequencer } from '../enrich/sequencer.ts';
import { uuidText } from '../core/uuid.ts';
import type { RecordingEnd } from '../ingest/recording/end.ts';
import type { TornEnd } from '../ingest/recording/reader.ts';
import type { DeliveryEvents } from '../pipeline/delivery.ts';
import type { IntakeParts } from '../pipeline/intake.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import type { Logger } from '../telemetry/log.ts';
import { Books } from './books.ts';
import { withinBootTime } from './boot.ts';
import { describeStart } from './describe-start.ts';
import { createSource } from './create-source.ts';
import { EventClock } from './event-clock.ts';
import { createLanes, lastRunPath } from './lanes.ts';
import { LossLog } from './loss-log.ts';
import { startEvent, stopEvent } from './lifecycle-events.ts';
import type { Origin } from './origin.ts';
import { RunContainers } from './run-containers.ts';
import { kernelSeqsOf, readRunRecord, writeRunRecord } from './run-record.ts';
import type { LastRun } from './run-record.ts';
import type { Screen } from './screen.ts';
import { stateLog } from './state-log.ts';
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
  readonly config: Config;
  readonly #deps: AgentDeps;
  readonly #losses: LossLog;
  readonly #containers: RunContainers;
  /** Files of a recorded host are not here. */
  readonly #exeHashes: ExeHashes | null;
  readonly #sequencer: Sequencer;
  readonly #pipeline: Pipeline;
  readonly #upkeep: Upkeep;
  readonly #startedMs = performance.now();
  #previous: LastRun | undefined;
  #stopReason: string;

  /** Nothing is opened yet. */
  constructor(config: Config, deps: AgentDeps) {
    this.config = config;
    this.#deps = deps;
    this.identity = deps.origin.identity;
    this.#stopReason = deps.origin.reproducible ? 'end of the recording' : 'end of source';
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
    const { reproducible } = deps.origin;
    const { lanes, encoders } = createLanes(config, { agentId, reproducible, log: deps.log, screen: deps.screen });
    this.books = new Books(
      { source: this.source, enricher: this.enricher, sequencer: this.#sequencer },
      lanes.map((lane) => lane.ledger),
    );
    this.#pipeline = new Pipeline({
      source: this.source,
      enrich: this.#enrichment(),
      sequence: (event) => void this.#sequencer.stamp(event),
      encoders,
      lanes,
      onUnencodable: (error, { stream, event }) => deps.log.error({ code: error.code, stream, kind: event.kind }, error.message),
      delivery: this.#deliveryEvents(),
      shutdownTimeoutMs: config.agent.shutdownTimeoutMs,
      finish: (emit) => this.enricher.end(emit),
      first: () => this.#first(),
      last: (failure) => this.#last(failure),
    });
    this.#upkeep = new Upkeep({ enricher: this.enricher, clock: systemClock, publish: (make) => this.#pipeline.publish(make) });
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

  #enrichment(): IntakeParts['enrich'] {
    const { clock } = this.#deps.origin;
    if (!(clock instanceof EventClock))
      return (heard, emit) => {
        if (heard.kind === 'LOSS') this.#losses.note(heard);
        this.enricher.enrich(heard, emit);
      };
    return (heard, emit) => {
      clock.heed(heard);
      this.enricher.enrich(heard, emit);
    };
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
    this.#record(false);
  }

  /** Runs until stopped; rejects with what ended it otherwise. The books are closed and recorded either way. */
  async run(): Promise<void> {
    // Where time is that of the events, nothing happens in the time between them.
    if (this.#isLive) this.#upkeep.start();
    const record = setInterval(() => this.#record(false), RECORD_MS);
    let clean = false;
    try {
      await this.#pipeline.run();
      clean = true;
    } finally {
      this.#upkeep.stop();
      clearInterval(record);
      this.#losses.tell();
      this.#record(clean);
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

  /** For exits that cannot wait: leaves nothing behind in the kernel. Synchronous. */
  abandon(): void {
    this.source.closeNow();
  }

  /** It hears this machine, now. */
  get #isLive(): boolean {
    return this.config.source.type === 'proc_connector';
  }

  #endsTorn(end: TornEnd | RecordingEnd): void {
    const { path } = this.config.source.replay;
    const why =
      'reason' in end
        ? `its recorder had to stop: ${end.reason}`
        : `it was cut at byte ${end.at}: its recorder was killed, had no room, or is still writing`;
    this.#stopReason = 'end of the recording, which is not complete';
    this.#deps.log.warn({ path }, `the recording is not complete, ${why}; what it holds was replayed`);
  }

  #first(): AnyEvent {
    const { origin, log } = this.#deps;
    const start = describeStart({
      config: this.config,
      facts: origin.facts,
      source: this.source.describe(),
      hostId: this.identity.hostId,
      previous: this.#previous,
      containerLimit: this.#containers.limit,
    });
    // Where the source itself does not hear, it has said so.
    const limits = start.degraded.filter(({ feature }) => feature !== this.source.id);
    if (this.#isLive)
      for (const { feature, reason } of limits) log.warn({ feature }, `limited: ${reason}; forkcast doctor says what to do`);
    return startEvent(origin, start);
  }

  #last(failure: unknown): AnyEvent {
    const clean = failure === undefined;
    const reason = clean ? this.#stopReason : asAgentError(failure).message;
    return stopEvent(this.#deps.origin, { reason, clean, upstream: this.books.upstream });
  }

  #deliveryEvents(): DeliveryEvents {
    const { log } = this.#deps;
    return {
      down: (sink, error) =>
        log.warn({ sink, code: error.code, ...(error.fix === undefined ? {} : { fix: error.fix }) }, `${error.message}; trying again`),
      up: (sink) => log.info({ sink }, 'delivering again'),
      lost: (sink, error, events) => log.error({ sink, code: error.code, events }, `events lost: ${error.message}`),
    };
  }

  /** Never in the way of the run: it only helps the next one. */
  #record(clean: boolean): void {
    try {
      this.#writeRecord(clean);
    } catch (error) {
      const { message, code } = fileError({ action: 'write the record of this run', path: lastRunPath(this.config.agent.dataDir) }, error);
      this.#deps.log.warn({ code }, message);
    }
  }

  #writeRecord(clean: boolean): void {
    const { args, exe, cgroup } = this.enricher.counters;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    writeRunRecord(lastRunPath(this.config.agent.dataDir), {
      version: 1,
      agent_id: uuidText(this.identity.agentId),
      clean,
      time: Date.now() * 1000,
      upstream: this.books.upstream,
      sinks: this.books.sinks,
      last_sequence: this.#sequencer.last,
      boot_id: uuidText(this.identity.bootId),
      kernel_seqs: this.#isLive ? this.source.kernelSeqs : {},
      resources: { cpu_us: userCPUTime + systemCPUTime, max_rss_kib: maxRSS, seconds: (performance.now() - this.#startedMs) / 1000 },
      provenance: { args, exe, cgroup },
    });
  }
}

/** Throws SECRET_UNREADABLE. */
function redactorOf(settings: Config['enrich']['redact']): Redactor | null {
  const { defaults, patterns, hmacKey } = settings;
  if (!defaults && patterns.length === 0) return null;
  return createRedactor({ defaults, patterns }, hmacKey === null ? null : readSecret(hmacKey));
}
