import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Batch } from '../../core/batch.ts';
import type { Clock } from '../../core/clock.ts';
import type { Sink } from '../../core/component.ts';
import type { RecordContainer } from '../../core/container.ts';
import type { Encoded } from '../../core/encoded.ts';
import { AgentError, asAgentError } from '../../core/errors.ts';
import type { RecordStream } from '../../core/event.ts';
import type { FileSinkConfig } from './config.ts';
import { EventDirectory } from './event-directory.ts';
import type { OpenFile } from './event-file.ts';
import { FileSeries } from './file-series.ts';
import type { FileCounters, FileLog } from './journal.ts';
import { Landed } from './landed.ts';
import { Part } from './part.ts';
import { recoverFiles } from './recovery.ts';
import { Retention } from './retention.ts';
import { StreamWriter } from './stream-writer.ts';

/** Frees what `lock` took; idempotent. */
export type Unlock = () => Promise<void>;

export interface FileSinkDeps {
  readonly id: string;
  readonly containers: Readonly<Record<RecordStream, RecordContainer>>;
  /** Metadata of every file; `agent_id` (UUID as text) must be among it. */
  readonly meta: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: FileLog;
  /** Takes the lock file at the path, or throws: one folder has one writer, whoever else is configured to write there. */
  readonly lock: (path: string) => Promise<Unlock>;
  /**
   * The files are to follow from the records, byte for byte, wherever and however fast they are written: a write makes blocks of its own, file times are those
   * of the records, sync markers are derived. For records that can be made again: the markers can be guessed.
   */
  readonly reproducible?: boolean;
  /** The system's; tests put disks that fail here. */
  readonly openFile?: OpenFile;
}

type Writers = Readonly<Record<RecordStream, StreamWriter>>;

interface Sent {
  readonly part: Part;
  readonly writer: StreamWriter;
}

const STREAMS: readonly RecordStream[] = ['process', 'agent'];

/**
 * Writes two families of files, `process-*` and `agent-*`, in one folder.
 *
 * What `write` promises: it resolves when write(2) of every block that holds a record of the batch has returned, so what it accepted survives
 * the end of this process in any way; a power failure costs at most the last `syncIntervalMs`. To resolve earlier, with records in memory
 * only, would call accepted what `kill -9` loses. So that small batches do not make a block each, a write waits for others up to
 * `lingerMs`, but no longer than until a block is full or `maxInFlight` writes wait: nobody could add to the block then.
 *
 * A rejected write leaves no torn block. Records of it that are in a file already are remembered and not written again when the same batch
 * is retried. An aborted write takes back what is in no block yet; a block on its way is waited for, since only then is the outcome known.
 */
export class FileSink implements Sink {
  readonly id: string;
  /** Many small ones make a good block; their records stay in the queue's bounds meanwhile. */
  readonly maxInFlight: number;
  readonly counters: FileCounters = { finished: 0, recovered: 0, removed: 0, removedBytes: 0, abandoned: 0 };
  readonly #path: string;
  readonly #config: FileSinkConfig;
  readonly #deps: FileSinkDeps;
  readonly #landed = new Landed();
  #inFlight = 0;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #writers: Writers | undefined;
  #directory: EventDirectory | undefined;
  #unlock: Unlock | undefined;

  constructor(config: FileSinkConfig, deps: FileSinkDeps) {
    this.id = deps.id;
    this.#path = resolve(config.path);
    const { reproducible = false } = deps;
    // Which writes share a block, if several may, is a matter of when they come.
    this.maxInFlight = reproducible ? 1 : 64;
    this.#config = reproducible ? { ...config, lingerMs: 0 } : config;
    this.#deps = deps;
  }

  /** Files being written, absolute. */
  get files(): readonly string[] {
    const { process, agent } = this.#writers ?? {};
    return [process?.path, agent?.path].filter((path) => path !== undefined);
  }

  /** Makes the folder, locks it, recovers what an earlier run left, applies retention. Throws DATA_DIR_* and FILE_IO. */
  open(boot: AbortSignal): Promise<void> {
    if (this.#opening !== undefined || this.#closing !== undefined) return Promise.reject(misuse('opened twice, or after it was closed'));
    this.#opening = this.#start(boot);
    return this.#opening;
  }

  async write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const writers = this.#writers;
    if (writers === undefined || this.#closing !== undefined) throw misuse('written to while it was not open');
    this.#inFlight += 1;
    try {
      await this.#writeParts(writers, batch, signal);
    } catch (error) {
      throw this.#tellingLanded(error, batch);
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** How many records of a rejected batch are in the files nevertheless, as `context.landed`: the books must not call them lost. */
  #tellingLanded(error: unknown, { items }: Batch<Encoded>): unknown {
    const landed = items.reduce((count, record) => count + (this.#landed.has(record) ? 1 : 0), 0);
    if (landed === 0) return error;
    const { code, message, context, fix, cause } = asAgentError(error);
    return new AgentError(code, message, { cause: cause ?? error, context: { ...context, landed }, ...(fix === undefined ? {} : { fix }) });
  }

  drain(): void {
    this.#writers?.process.drain();
    this.#writers?.agent.drain();
  }

  /** Writes what waits, finishes the files. What goes wrong with that is logged; what was not accepted rejects at its `write`. */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #start(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    const { containers, lock, log } = this.#deps;
    try {
      this.#directory = await EventDirectory.open(this.#path);
      this.#unlock = await lock(this.#directory.at('.lock'));
      boot.throwIfAborted();
      await recoverFiles({ directory: this.#directory, containers, log, counters: this.counters }, boot);
      const retention = new Retention({ keepBytes: this.#config.keepBytes, directory: this.#directory, log, counters: this.counters });
      await retention.enforce();
      this.#writers = {
        process: this.#writer('process', this.#directory, retention),
        agent: this.#writer('agent', this.#directory, retention),
      };
    } catch (error) {
      await this.#release();
      throw error;
    }
  }

  #writer(stream: RecordStream, directory: EventDirectory, retention: Retention): StreamWriter {
    const { containers, meta, clock, log, openFile = open, reproducible = false } = this.#deps;
    const container = containers[stream];
    const series = new FileSeries({
      stream,
      container,
      meta,
      directory,
      retention,
      clock,
      log,
      counters: this.counters,
      openFile,
      reproducible,
    });
    return new StreamWriter({ container, series, config: this.#config, reproducible });
  }

  async #writeParts(writers: Writers, batch: Batch<Encoded>, signal: AbortSignal): Promise<void> {
    const bytes = { process: 0, agent: 0 };
    const counts = { process: 0, agent: 0 };
    for (const item of batch.items) {
      bytes[item.stream] += item.bytes.length;
      counts[item.stream] += 1;
    }
    const sent: Sent[] = [];
    for (const stream of STREAMS) {
      if (counts[stream] === 0) continue;
      const part = new Part(batch.items, { stream, bytes: bytes[stream], landed: this.#landed });
      writers[stream].append(part);
      sent.push({ part, writer: writers[stream] });
    }
    if (this.#inFlight >= this.maxInFlight) for (const stream of STREAMS) writers[stream].flush();
    await this.#settle(sent, signal);
    this.#landed.forget(batch.items);
  }

  /** Waits for all parts, also when one fails: only then is known which records have landed. */
  async #settle(sent: readonly Sent[], signal: AbortSignal): Promise<void> {
    const cancel = (): void => {
      for (const { part, writer } of sent) writer.cancel(part, signal.reason);
    };
    signal.addEventListener('abort', cancel, { once: true });
    const results = await Promise.allSettled(sent.map(({ part }) => part.settled));
    signal.removeEventListener('abort', cancel);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    for (const { part } of sent) part.markLanded();
    throw failed.reason;
  }

  async #stop(): Promise<void> {
    // Whoever opens gets the error of that; here only its end matters.
    await this.#opening?.catch(() => undefined);
    if (this.#writers !== undefined) await Promise.all([this.#writers.process.close(), this.#writers.agent.close()]);
    await this.#release();
  }

  async #release(): Promise<void> {
    const unlock = this.#unlock;
    const directory = this.#directory;
    this.#unlock = undefined;
    this.#directory = undefined;
    try {
      await directory?.close();
    } finally {
      await unlock?.();
    }
  }
}

export function createFileSink(config: FileSinkConfig, deps: FileSinkDeps): FileSink {
  return new FileSink(config, deps);
}

function misuse(what: string): AgentError {
  return new AgentError('BUG', `the file sink was ${what}`);
}
