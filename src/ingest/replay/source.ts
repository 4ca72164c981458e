import { setImmediate as immediate } from 'node:timers/promises';
import type { Batch } from '../../core/batch.ts';
import { AgentError, asAgentError } from '../../core/errors.ts';
import type { EventSource, SourceCounts, SourceDescription } from '../../core/event-source.ts';
import type { Heard } from '../../core/kernel-event.ts';
import { FrameReader } from '../proc-connector/frame-reader.ts';
import type { RecordingEnd } from '../recording/end.ts';
import { openRecording } from '../recording/file.ts';
import type { RecordingFile } from '../recording/file.ts';
import type { RecordingReader, TornEnd } from '../recording/reader.ts';
import { Rest } from '../rest.ts';
import type { ReplayConfig } from './config.ts';

/**
 * A batch ends with the frame that brings it to one of these, or before a frame that was received this much later than its first: by what is recorded and
 * nothing else, so that whatever goes by batches further down goes the same way each time, on any machine and at any speed.
 */
const MAX_BATCH = 512;
const MAX_BATCH_BYTES = 256 << 10;
const BATCH_NS = 250e6;

export interface ReplayDeps {
  /** Told once, at the end, when the recording was cut short. */
  readonly onTorn: (end: TornEnd | RecordingEnd) => void;
}

interface Opened {
  readonly recording: RecordingFile;
  readonly frames: FrameReader;
}

interface Ready {
  readonly batch: Batch<Heard>;
  /** Its last frame was received at this moment of the recorded CLOCK_MONOTONIC. */
  readonly receivedNs: number;
}

/** Hears what was recorded, at the pace at which it was recorded, faster, or as fast as it is taken. */
export class ReplaySource implements EventSource {
  readonly id = 'replay';
  readonly #config: ReplayConfig;
  readonly #deps: ReplayDeps;
  readonly #rest = new Rest();
  #recording: RecordingFile | undefined;
  #frames: FrameReader | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** A frame that was found to belong to the next batch; −1: none. */
  #ahead = -1;
  #ready: Ready | undefined;
  #gathering: Promise<Ready | undefined> = Promise.resolve(undefined);
  /** All of the recording is heard, or what is heard of it. */
  #ended = false;
  #failure: AgentError | undefined;
  #openedMs = 0;

  constructor(config: ReplayConfig, deps: ReplayDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Throws FILE_NOT_FOUND, FILE_IO, FILE_CORRUPT and FILE_TOO_NEW. */
  open(boot: AbortSignal): Promise<void> {
    this.#opening ??= this.#open(boot);
    return this.#opening;
  }

  async #open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    this.#recording = await openRecording(this.#config.path);
    this.#frames = new FrameReader(this.#recording.reader.memory);
    this.#openedMs = performance.now();
  }

  describe(): SourceDescription {
    const { sources, degraded, loss_windows: lossWindows, redacted } = this.#opened.recording.reader.header;
    const marks = redacted ? [{ feature: 'args', reason: 'arguments were replaced by marks when this was recorded' }] : [];
    return { sources: ['replay', ...sources], degraded: [...degraded, ...marks], lossWindows };
  }

  get counts(): SourceCounts {
    const { acks = 0, unknown = 0, events = 0, lost = 0 } = this.#frames?.tally ?? {};
    const { foreign, malformed, overruns } = this.#said;
    return { heard: events + acks + unknown, lost, acks, unknown, foreign, malformed, overruns };
  }

  /** What no frame tells; known at the end. */
  get #said(): Pick<SourceCounts, 'foreign' | 'malformed' | 'overruns'> {
    const end = this.#recording?.reader.end;
    return this.#ended && end !== undefined && 'frames' in end ? end : { foreign: 0, malformed: 0, overruns: 0 };
  }

  bootOffsetNs(monotonicNs: number): number {
    return this.#opened.frames.clock.at(monotonicNs).bootNs;
  }

  get kernelSeqs(): Readonly<Record<string, number>> {
    return this.#frames?.kernelSeqs ?? {};
  }

  /** Rejects with FILE_CORRUPT where the recording is damaged, after what is before that. */
  async read(signal: AbortSignal): Promise<Batch<Heard> | undefined> {
    signal.throwIfAborted();
    const opened = this.#opened;
    // Timers and files have their turn, too.
    await immediate();
    if (this.#ready === undefined && !this.#rest.ended) {
      this.#gathering = this.#gather(opened);
      this.#ready = await this.#gathering;
    }
    const ready = this.#ready;
    if (ready === undefined) return this.#last();
    await this.#rest.forMs(this.#untilDueMs(ready.receivedNs), signal);
    this.#ready = undefined;
    return ready.batch;
  }

  #last(): undefined {
    if (this.#failure !== undefined && !this.#rest.ended) throw this.#failure;
    return undefined;
  }

  /** What is read from the file is heard and handed out; the rest of it is not. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  hurry(): void {
    this.#rest.end();
  }

  /** Nothing has been told to anybody that would have to be taken back. */
  closeNow(): void {
    this.#rest.end();
  }

  async #close(): Promise<void> {
    this.#rest.end();
    // Whoever opens gets the error of that; here only its end matters.
    await this.#opening?.catch(() => undefined);
    await this.#gathering;
    await this.#recording?.close();
  }

  get #opened(): Opened {
    if (this.#recording === undefined || this.#frames === undefined) throw new AgentError('BUG', 'a replay was asked before it was open');
    return { recording: this.#recording, frames: this.#frames };
  }

  /** The next batch; undefined at the end of the recording. */
  async #gather({ recording: { reader }, frames }: Opened): Promise<Ready | undefined> {
    const items: Heard[] = [];
    let bytes = 0;
    let receivedNs = 0;
    let endNs = Infinity;
    for (let body = await this.#next(reader); body >= 0; body = await this.#next(reader)) {
      const { floats, words } = reader.memory;
      const ns = floats[body / 8 + 2] as number;
      if (items.length >= MAX_BATCH || bytes >= MAX_BATCH_BYTES || ns >= endNs) {
        this.#ahead = body;
        break;
      }
      if (items.length === 0) endNs = ns + BATCH_NS;
      receivedNs = ns;
      bytes += words[body / 4 - 2] as number;
      frames.read(body, items);
    }
    return items.length === 0 ? undefined : { batch: { items, bytes }, receivedNs };
  }

  async #next(reader: RecordingReader): Promise<number> {
    const ahead = this.#ahead;
    this.#ahead = -1;
    if (ahead >= 0 || this.#ended) return ahead;
    try {
      const body = await reader.next();
      if (body < 0) this.#end(reader.end);
      return body;
    } catch (error) {
      // What came before it is handed out first.
      this.#failure = asAgentError(error);
      this.#ended = true;
      return -1;
    }
  }

  #end(end: TornEnd | RecordingEnd | undefined): void {
    this.#ended = true;
    if (end !== undefined && !('complete' in end && end.complete)) this.#deps.onTorn(end);
  }

  /** Not positive: it is due, or there is no waiting any more. */
  #untilDueMs(receivedNs: number): number {
    const { speed } = this.#config;
    if (speed === 0) return 0;
    const recordedMs = (receivedNs - this.#opened.recording.reader.header.started.monotonic_ns) / 1e6;
    return recordedMs / speed - (performance.now() - this.#openedMs);
  }
}
