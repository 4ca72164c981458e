import { createHash } from 'node:crypto';
import type { ProcessKind } from '../core/event.ts';
import type { KernelKind } from '../core/kernel-event.ts';
import { parseDuration, parseSize } from '../core/units.ts';
import { compileFilter } from '../enrich/filter/config.ts';
import type { FilterRule } from '../enrich/filter/rule.ts';
import { compileRedact } from '../enrich/redact/config.ts';
import type { RedactSettings } from '../enrich/redact/config.ts';
import { compileThrottle } from '../enrich/throttle/config.ts';
import type { ThrottleConfig } from '../enrich/throttle/config.ts';
import { compileReplay } from '../ingest/replay/config.ts';
import type { ReplayConfig } from '../ingest/replay/config.ts';
import { compileSynthetic } from '../ingest/synthetic/config.ts';
import type { SyntheticConfig } from '../ingest/synthetic/config.ts';
import type { WhenFull } from '../queue/when-full.ts';
import { compileDeadLetter } from '../sink/dead-letter/config.ts';
import type { DeadLetterConfig } from '../sink/dead-letter/config.ts';
import type { EffectiveConfig, EffectiveSink } from './effective.ts';
import { DISK_QUEUE, WRITTEN_KINDS } from './schema.ts';
import type { WrittenKind } from './schema.ts';
import { SINK_TYPES } from './sink-types.ts';
import type { SinkSettings, SinkType } from './sink-types.ts';

/** The configuration as the agent works with it: numbers with their unit in the name, lists in the kernel's words, frozen throughout. */
export interface Config {
  readonly agent: {
    /** As written; relative to the working directory. */
    readonly dataDir: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly shutdownTimeoutMs: number;
    readonly checkpointIntervalMs: number;
  };
  readonly source: {
    readonly type: EffectiveConfig['source']['type'];
    readonly receiveBufferBytes: number;
    readonly threads: boolean;
    readonly events: readonly KernelKind[];
    readonly snapshot: boolean;
    readonly kernelFilter: boolean;
    readonly fallback: 'scan' | 'none';
    readonly scanIntervalMs: number;
    readonly resyncIntervalMs: number;
    readonly canaryAfterMs: number;
    /** Of the types of these names. */
    readonly replay: ReplayConfig;
    readonly synthetic: SyntheticConfig;
  };
  readonly enrich: {
    readonly maxProcesses: number;
    readonly exitTtlMs: number;
    readonly maxArgsBytes: number;
    readonly execCache: EffectiveConfig['enrich']['exec_cache'];
    readonly ancestors: number;
    readonly redact: RedactSettings;
    /** In the order in which they are asked. */
    readonly filter: readonly FilterRule[];
    /** null: off */
    readonly throttle: ThrottleConfig | null;
    /** `docker`: auto, off, or the path of a socket. */
    readonly containers: { readonly docker: string; readonly labels: boolean };
    readonly env: readonly string[];
    readonly exeSha256: boolean;
  };
  /** Ordered by name. */
  readonly sinks: readonly SinkConfig[];
  readonly telemetry: { readonly logLevel: LogLevel };
}

export type LogLevel = EffectiveConfig['telemetry']['log_level'];
export type ProcessKindChoice = Exclude<ProcessKind, 'UNKNOWN'>;

export interface SinkQueueConfig {
  readonly type: 'memory' | 'disk';
  readonly maxBytes: number;
  readonly maxEvents: number;
  readonly whenFull: WhenFull;
  /** How soon a queue on disk is forced to the disk; 0: each batch at once. */
  readonly syncIntervalMs: number;
}

/** What is written to a sink at once. */
export interface SinkBatchConfig {
  readonly maxEvents: number;
  readonly maxBytes: number;
  readonly lingerMs: number;
}

interface SinkConfigOf<T extends SinkType> {
  readonly name: string;
  readonly type: T;
  readonly queue: SinkQueueConfig;
  readonly batch: SinkBatchConfig;
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
  /** The wait where a person has to do something first. */
  readonly holdMs: number;
  readonly deadLetter: DeadLetterConfig;
  /** The ProcessEvents it gets; AgentEvents are never filtered. */
  readonly kinds: readonly ProcessKindChoice[];
  /** What the sink's own factory takes. */
  readonly settings: SinkSettings<T>;
}

export type SinkConfig = { readonly [T in SinkType]: SinkConfigOf<T> }[SinkType];

export function compileConfig({ agent, source, enrich, sinks, telemetry }: EffectiveConfig): Config {
  const named = Object.entries(sinks).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return deepFreeze({
    agent: {
      dataDir: agent.data_dir,
      labels: { ...agent.labels },
      shutdownTimeoutMs: parseDuration(agent.shutdown_timeout),
      checkpointIntervalMs: parseDuration(agent.checkpoint_interval),
    },
    source: {
      type: source.type,
      receiveBufferBytes: parseSize(source.receive_buffer),
      threads: source.threads,
      events: chosen(source.events) as readonly KernelKind[],
      snapshot: source.snapshot,
      kernelFilter: source.kernel_filter,
      fallback: source.fallback,
      scanIntervalMs: parseDuration(source.scan_interval),
      resyncIntervalMs: parseDuration(source.resync_interval),
      canaryAfterMs: parseDuration(source.canary_after),
      replay: compileReplay(source.replay),
      synthetic: compileSynthetic(source.synthetic),
    },
    enrich: {
      maxProcesses: enrich.max_processes,
      exitTtlMs: parseDuration(enrich.exit_ttl),
      maxArgsBytes: parseSize(enrich.max_args_bytes),
      execCache: enrich.exec_cache,
      ancestors: enrich.ancestors,
      redact: compileRedact(enrich.redact),
      filter: compileFilter(enrich.filter),
      throttle: compileThrottle(enrich.throttle),
      containers: { ...enrich.containers },
      // Their order means nothing.
      env: enrich.env.toSorted(),
      exeSha256: enrich.exe_sha256,
    },
    sinks: named.map(([name, sink]) => compileSink(name, sink)),
    telemetry: { logLevel: telemetry.log_level },
  });
}

function compileSink(name: string, sink: EffectiveSink): SinkConfig {
  const { type, queue, filter, batch, retry, dead_letter, ...values } = sink;
  const compile = SINK_TYPES[type].compile as (values: object, batch: object) => SinkSettings<SinkType>;
  return {
    name,
    type,
    queue: {
      type: queue.type,
      maxBytes: parseSize(queue.max_size),
      maxEvents: queue.max_events,
      whenFull: queue.when_full,
      syncIntervalMs: parseDuration(queue.sync_interval ?? DISK_QUEUE.sync_interval.default),
    },
    batch: compileBatch(sink),
    retry: { initialMs: parseDuration(retry.initial), maxMs: parseDuration(retry.max) },
    holdMs: parseDuration(retry.hold),
    deadLetter: compileDeadLetter(dead_letter),
    kinds: chosen(filter.kinds),
    settings: compile(values, batch),
  } as SinkConfig;
}

/** For NATS `batch` says what a message is; several are written at once. */
function compileBatch({ type, batch }: EffectiveSink): SinkBatchConfig {
  const [maxEvents, maxBytes, lingerMs] = [batch.max_events, parseSize(batch.max_bytes), parseDuration(batch.linger)];
  if (type !== 'nats') return { maxEvents, maxBytes, lingerMs };
  return { maxEvents: Math.max(1000, 10 * maxEvents), maxBytes: Math.max(2 * 1024 * 1024, maxBytes), lingerMs };
}

/** In the order of the schema, so that the order of a list means nothing. */
function chosen(kinds: readonly WrittenKind[]): readonly ProcessKindChoice[] {
  return WRITTEN_KINDS.filter((kind) => kinds.includes(kind)).map((kind) => kind.toUpperCase() as ProcessKindChoice);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const child of Object.values(value)) deepFreeze(child);
  return Object.freeze(value);
}

/** SHA-256, in hex, of what the configuration means: equal for files that differ in order, units or spelt-out defaults only. */
export function configHash(config: Config): string {
  return createHash('sha256').update(canonical(config)).digest('hex');
}

/** JSON with the keys of every map in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, child: unknown) => {
    if (typeof child !== 'object' || child === null || Array.isArray(child)) return child;
    return Object.fromEntries(Object.entries(child).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}
