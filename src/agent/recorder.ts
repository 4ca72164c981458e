import { configHash } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { systemClock } from '../core/clock.ts';
import { AgentError, asAgentError } from '../core/errors.ts';
import { uuidText } from '../core/uuid.ts';
import type { RunIdentity } from '../enrich/identity.ts';
import { loadRunIdentity } from '../enrich/identity.ts';
import { parsePasswd, passwdFile } from '../enrich/users.ts';
import type { EventSource } from '../core/event-source.ts';
import { FORMAT } from '../ingest/recording/format.ts';
import type { RecordingHeader } from '../ingest/recording/header.ts';
import { RecordingWriter } from '../ingest/recording/writer.ts';
import type { OpenFile } from '../ingest/recording/writer.ts';
import type { Logger } from '../telemetry/log.ts';
import { withinBootTime } from './boot.ts';
import { createSource } from './create-source.ts';
import { ownCapabilities } from './origin.ts';
import { stateLog } from './state-log.ts';

/** What a kill may cost. */
const FLUSH_MS = 1000;
const NEVER = new AbortController().signal;

export interface RecorderDeps {
  readonly path: string;
  /** Arguments are masked before they are written. */
  readonly redact: boolean;
  readonly version: string;
  readonly log: Logger;
  /** The system's; tests put disks that fail here. */
  readonly openFile?: OpenFile;
  /** The kernel; tests put something else that has frames here. */
  readonly listen?: (tap: Tap) => EventSource;
}

export type Tap = (frame: Uint8Array) => void;

/** Hears the kernel and writes what the ingest thread gives, as it is, to one file. */
export class Recorder {
  readonly source: EventSource;
  readonly #config: Config;
  readonly #deps: RecorderDeps;
  readonly #identity: RunIdentity;
  readonly #early = new AbortController();
  #tap: Tap = () => undefined;
  #writer: RecordingWriter | undefined;
  #failure: AgentError | undefined;
  #stopReason = 'end of source';

  /** Nothing is opened yet. Throws CONFIG_INVALID where the configuration names another source than the kernel. */
  constructor(config: Config, deps: RecorderDeps) {
    if (config.source.type !== 'proc_connector') throw notRecordable(config.source.type);
    this.#config = config;
    this.#deps = deps;
    this.#identity = loadRunIdentity({});
    const { listen = (tap) => this.#kernel(tap) } = deps;
    this.source = listen((frame) => this.#tap(frame));
  }

  #kernel(tap: Tap): EventSource {
    const onState = stateLog(this.#deps.log, { hostname: this.#identity.hostname, scanIntervalMs: this.#config.source.scanIntervalMs });
    return createSource(this.#config, { onState, onTorn: () => undefined, tap });
  }

  /** Bytes in the file. */
  get size(): number {
    return this.#writer?.size ?? 0;
  }

  /** Resolves when no event can be missed any more. Leaves no file behind where that fails; a `stop` meanwhile ends it with STOPPED_EARLY. */
  async start(): Promise<void> {
    const { path, redact, openFile } = this.#deps;
    const writer = await RecordingWriter.create(path, { redact, ...(openFile === undefined ? {} : { openFile }) });
    this.#writer = writer;
    try {
      await withinBootTime((boot) => this.source.open(AbortSignal.any([boot, this.#early.signal])));
      await writer.begin(this.#header());
      this.#tap = (frame) => writer.add(frame);
    } catch (error) {
      await this.source.close();
      await writer.discard();
      throw error;
    }
  }

  /** Runs until stopped; rejects with what ended it otherwise. What is in the file is sound either way. */
  async run(): Promise<void> {
    const writer = this.#writer;
    if (writer === undefined) throw new AgentError('BUG', 'a recorder was run before it was started');
    const flush = setInterval(() => void writer.flush().catch((error: unknown) => this.#fail(error)), FLUSH_MS);
    if (this.#early.signal.aborted) this.#close();
    try {
      await this.#record(writer);
    } finally {
      clearInterval(flush);
      await this.#drain();
      await this.#finish(writer);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  stop(reason: string): void {
    this.#stopReason = reason;
    this.#early.abort(new AgentError('STOPPED_EARLY', 'stopped before it listened'));
    this.#close();
  }

  stopNow(): void {
    this.source.hurry?.();
  }

  /** For exits that cannot wait: leaves nothing behind in the kernel. Synchronous. */
  abandon(): void {
    this.source.closeNow();
  }

  /** The ring takes the frames of a second or two; a disk that is slower than that makes the kernel drop, which the recording then tells. */
  async #record(writer: RecordingWriter): Promise<void> {
    try {
      while (this.#failure === undefined && (await this.source.read(NEVER)) !== undefined) if (writer.isFull) await writer.flush();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first error counts; nothing more is taken into the file. */
  #fail(error: unknown): void {
    this.#failure ??= asAgentError(error);
    this.#tap = () => undefined;
    this.#close();
  }

  #close(): void {
    this.source.close().catch((error: unknown) => this.#fail(error));
  }

  /** To its end, whatever was left of it; the ingest thread may be waiting for room. */
  async #drain(): Promise<void> {
    this.#close();
    try {
      while ((await this.source.read(NEVER)) !== undefined);
    } catch (error) {
      this.#fail(error);
    }
    await this.source.close();
  }

  async #finish(writer: RecordingWriter): Promise<void> {
    const { heard, lost, foreign, malformed, overruns } = this.source.counts;
    const complete = this.#failure === undefined;
    const reason = this.#failure?.message ?? this.#stopReason;
    try {
      await writer.finish({ complete, reason, heard, lost, foreign, malformed, overruns });
    } catch (error) {
      // Of a disk that is full already the first error tells, and the file is torn, as its readers say.
      this.#failure ??= asAgentError(error);
    } finally {
      await writer.close();
    }
  }

  #header(): RecordingHeader {
    const { agentId, hostId, bootId, hostname } = this.#identity;
    const { sources, degraded, lossWindows } = this.source.describe();
    return {
      format: FORMAT,
      forkcast: this.#deps.version,
      agent_id: uuidText(agentId),
      host: { host_id: uuidText(hostId), boot_id: uuidText(bootId), hostname },
      started: { time_us: systemClock.nowUs(), monotonic_ns: systemClock.monotonicNs() },
      config_hash: configHash(this.#config),
      redacted: this.#deps.redact,
      max_args_bytes: this.#config.enrich.maxArgsBytes,
      capabilities: ownCapabilities(),
      sources,
      degraded,
      loss_windows: lossWindows,
      users: Object.fromEntries(parsePasswd(passwdFile().read() ?? '')),
    };
  }
}

function notRecordable(type: string): AgentError {
  return new AgentError('CONFIG_INVALID', `what a source of type ${type} gives cannot be recorded, only what the kernel says`, {
    context: { type },
    fix: 'remove source.type from the configuration, or add --set source.type=proc_connector',
  });
}
