import { closeSync } from 'node:fs';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Batch } from '../../core/batch.ts';
import { AgentError } from '../../core/errors.ts';
import type { EventSource, EventSourceDeps, SourceCounts, SourceDescription } from '../../core/event-source.ts';
import type { Heard } from '../../core/kernel-event.ts';
import { openLibc } from '../native/ffi.ts';
import { RingConsumer, createRingMemory } from '../ring/ring.ts';
import type { IngestReport, IngestWorkerData } from '../worker.ts';
import { ring } from './bell.ts';
import { CONTROL_BYTES, IngestControl, Phase } from './control.ts';
import { minFrameBytes } from './frame-writer.ts';
import { FrameReader } from './frame-reader.ts';
import type { ReaderConfig } from './reader.ts';
import type { SelfTestResult } from './self-test.ts';
import { SelfTest } from './self-test.ts';
import { describeSocket } from './describe-socket.ts';
import type { ConnectorSocket } from './socket.ts';
import { sendIgnore } from './subscription.ts';

/** Enough for 40,000 events, or 2,500 captures: the main thread may pause for a second of a storm before the kernel's buffer has to take over. */
const RING_BYTES = 4 << 20;
/**
 * How much one turn of the event loop takes in. Sinks get on by one step a turn (a block of 256 KiB, for files), so that a larger batch would fill
 * their queues although nothing is slow.
 */
const MAX_BATCH = 512;
const MAX_BATCH_BYTES = 256 << 10;
/** Events are gathered this long, so that a busy host costs 100 wake-ups a second and not one an event. */
const GATHER_MS = 10;
const WAIT_MS = 2000;
/** How long an ingest thread may be stuck, in a /proc file that hangs, before the rest goes on without it. */
const HURRY_TIMEOUT_MS = 2000;
const EMERGENCY_TIMEOUT_MS = 150;

/** Process events of the live kernel, through a worker thread that is the only one to make native calls. */
export class ProcConnectorSource implements EventSource {
  readonly id = 'proc_connector';
  readonly #config: ReaderConfig;
  readonly #deps: EventSourceDeps;
  readonly #ring: SharedArrayBuffer;
  readonly #consumer: RingConsumer;
  readonly #frames: FrameReader;
  readonly #controlMemory = new SharedArrayBuffer(CONTROL_BYTES);
  readonly #control = new IngestControl(this.#controlMemory);
  readonly #selfTest = new SelfTest();
  readonly #subscribed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #worker: Worker | undefined;
  #socket: ConnectorSocket | undefined;
  #failure: AgentError | undefined;
  #closing: Promise<void> | undefined;
  #lastReadMs = 0;
  #patience: NodeJS.Timeout | undefined;

  constructor(config: ReaderConfig, deps: EventSourceDeps = { onState: () => undefined }) {
    this.#deps = deps;
    this.#config = config;
    this.#ring = createRingMemory(Math.max(RING_BYTES, 2 ** Math.ceil(Math.log2(4 * minFrameBytes(config.maxArgsBytes)))));
    this.#consumer = new RingConsumer(this.#ring);
    this.#frames = new FrameReader(this.#consumer);
    // It may fail before anybody waits for it; whoever waits still gets the error.
    this.#subscribed.promise.catch(() => undefined);
    this.#selfTest.result.then(
      (result) => this.#selfTested(result),
      // Abandoned with the source, whose own error tells why.
      () => undefined,
    );
  }

  /** Resolves when the kernel has confirmed the subscription: from then on no event is missed. Rejects with NETLINK_* or NATIVE_UNAVAILABLE. */
  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    const workerData: IngestWorkerData = { ring: this.#ring, control: this.#controlMemory, config: this.#config };
    // The entry lies beside this folder both as source and as built JavaScript.
    const entry = new URL(import.meta.url.endsWith('.ts') ? '../worker.ts' : '../worker.js', import.meta.url);
    // Its heap stays small: it makes strings of paths and little else.
    const worker = new Worker(entry, {
      workerData,
      name: 'forkcast-ingest',
      resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 },
    });
    this.#worker = worker;
    worker.on('message', (report: IngestReport) => this.#take(report));
    worker.on('error', (error) =>
      this.#fail(
        new AgentError('WORKER_DIED', `the ingest thread died: ${error instanceof Error ? error.message : String(error)}`, {
          cause: error,
        }),
      ),
    );
    worker.on('exit', (code) => this.#exited(code));
    const abort = (): void => this.#subscribed.reject(boot.reason);
    boot.addEventListener('abort', abort, { once: true });
    try {
      await this.#subscribed.promise;
    } finally {
      boot.removeEventListener('abort', abort);
    }
  }

  describe(): SourceDescription {
    if (this.#socket === undefined) throw new AgentError('BUG', 'a source describes itself once it is open');
    return describeSocket(this.#socket, this.#config.receiveBufferBytes);
  }

  /** Whether the kernel really delivers; settles within two seconds after `open` and the start-up scan, while `read` is being called. */
  selfTest(): Promise<SelfTestResult> {
    return this.#selfTest.result;
  }

  bootOffsetNs(monotonicNs: number): number {
    return this.#frames.clock.at(monotonicNs).bootNs;
  }

  get kernelSeqs(): Readonly<Record<string, number>> {
    return this.#frames.kernelSeqs;
  }

  get counts(): SourceCounts {
    const { foreign, malformed, overruns } = this.#control.counts;
    const { acks, unknown, events, lost } = this.#frames.tally;
    return { heard: events + acks + unknown, lost, acks, unknown, foreign, malformed, overruns };
  }

  /**
   * The next events in order. Captures in them are views into the ring: they are valid until the next call.
   * Resolves undefined after `close` once everything heard has been handed out; rejects when the ingest thread failed.
   */
  async read(signal: AbortSignal): Promise<Batch<Heard> | undefined> {
    this.#consumer.release();
    await this.#gather();
    const items: Heard[] = [];
    for (;;) {
      signal.throwIfAborted();
      const bytes = this.#decode(items);
      if (items.length > 0) return { items, bytes };
      this.#consumer.release();
      if (this.#control.phase === Phase.CLOSED && this.#consumer.empty) return this.#last();
      await this.#consumer.waitForFrame(WAIT_MS);
    }
  }

  /** Lets a few events come together while they come slowly enough to be worth waiting for; in a storm lets timers and I/O have their turn at least. */
  async #gather(): Promise<void> {
    const sinceMs = performance.now() - this.#lastReadMs;
    const calm = this.#control.phase === Phase.RUNNING && this.#consumer.used < RING_BYTES / 16;
    if (calm && sinceMs < GATHER_MS) await sleep(GATHER_MS);
    else await immediate();
    this.#lastReadMs = performance.now();
  }

  #decode(items: Heard[]): number {
    let bytes = 0;
    while (items.length < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
      const frame = this.#consumer.next();
      if (frame === undefined) break;
      this.#frames.read(frame.offset, items);
      bytes += frame.length;
    }
    if (this.#selfTest.running) this.#selfTest.see(items);
    return bytes;
  }

  async #last(): Promise<undefined> {
    await this.#ended.promise;
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  /** Hears what the kernel has queued, undoes the subscription and ends the thread; `read` then runs empty. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#worker === undefined) return;
    this.#stop('drain');
    await this.#ended.promise;
    clearTimeout(this.#patience);
  }

  /** Before the end of `close`: the same without captures; a thread that does not answer is left behind, with nothing of it left in the kernel. */
  hurry(): void {
    if (this.#worker === undefined || this.#patience !== undefined) return;
    this.#stop('hurry');
    this.#patience = setTimeout(() => this.#leaveBehind(), HURRY_TIMEOUT_MS);
  }

  #leaveBehind(): void {
    this.#fail(new AgentError('WORKER_DIED', 'the ingest thread does not answer; events may be lost uncounted'));
    this.#undo();
    this.#control.setPhase(Phase.CLOSED);
    this.#worker?.unref();
    this.#end();
  }

  /** For exits that cannot wait for the event loop: blocks until the subscription is undone, for at most a fifth of a second. */
  closeNow(): void {
    if (this.#worker === undefined) return;
    this.#stop('now');
    if (!this.#control.waitUntilClosed(EMERGENCY_TIMEOUT_MS)) this.#undo();
  }

  #stop(how: 'drain' | 'hurry' | 'now'): void {
    this.#control.requestStop(how);
    if (this.#control.bellFd > 0) ring(this.#control.bellFd);
  }

  #take(report: IngestReport): void {
    switch (report.type) {
      case 'subscribed':
        this.#socket = report.socket;
        this.#subscribed.resolve();
        return;
      case 'scanned':
        this.#selfTest.start();
        return;
      case 'failed':
        this.#fail(
          new AgentError(report.code, report.message, { ...(report.fix === undefined ? {} : { fix: report.fix }), cause: report.stack }),
        );
    }
  }

  #selfTested(result: SelfTestResult): void {
    if (result !== 'deaf') return this.#deps.onState({ state: result === 'passed' ? 'listening' : 'unconfirmed' });
    this.#fail(deaf());
    this.#stop('drain');
  }

  #fail(error: AgentError): void {
    this.#failure ??= error;
    this.#subscribed.reject(error);
    this.#selfTest.abandon(error);
  }

  /** The thread is gone; if it died, what it owed is done here: the main thread may make native calls now. */
  #exited(code: number): void {
    if (this.#control.phase !== Phase.CLOSED) {
      this.#fail(new AgentError('WORKER_DIED', `the ingest thread ended with code ${code}`));
      this.#undo();
      if (this.#control.socketFd > 0) closeSync(this.#control.socketFd);
      this.#control.setPhase(Phase.CLOSED);
    }
    if (this.#control.bellFd > 0) closeSync(this.#control.bellFd);
    this.#control.bellFd = 0;
    this.#end();
  }

  #end(): void {
    const early = this.#failure ?? new AgentError('NETLINK_SOCKET', 'the source was closed before the kernel had answered');
    this.#subscribed.reject(early);
    this.#selfTest.abandon(early);
    this.#ended.resolve();
    this.#consumer.interrupt();
  }

  /** Also for a thread that does not answer any more: the one case in which two threads might call, just before the process ends. */
  #undo(): void {
    sendIgnore(openLibc(), this.#control);
  }
}

function deaf(): AgentError {
  return new AgentError('NETLINK_DEAF', 'the kernel accepted the subscription and delivers no events', {
    fix: 'Use a kernel built with CONFIG_PROC_EVENTS=y.',
  });
}
