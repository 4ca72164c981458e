import { release } from 'node:os';
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../core/batch.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { AgentError } from '../../core/errors.ts';
import type { EventSource, EventSourceDeps, SourceCounts, SourceDescription } from '../../core/event-source.ts';
import type { Heard, KernelKind } from '../../core/kernel-event.ts';
import { RingConsumer, createRingMemory } from '../ring/ring.ts';
import type { IngestReport } from '../worker.ts';
import type { CaptureState } from './captures.ts';
import { CONTROL_BYTES, IngestControl, Phase } from './control.ts';
import { describeScanning, describeSocket } from './describe.ts';
import { foreignNamespace } from './foreign-namespace.ts';
import { FrameReader } from './frame-reader.ts';
import { minFrameBytes } from './frame-writer.ts';
import { HearingTest } from './hearing-test.ts';
import { filterMechanism } from './kernel-filter.ts';
import { IngestThread, revived } from './ingest-thread.ts';
import type { ReaderConfig } from './reader.ts';
import type { SelfTestResult } from './self-test.ts';
import type { ConnectorSocket } from './socket.ts';
import { deaf } from './subscription.ts';

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

const DEFAULTS: Omit<ReaderConfig, 'receiveBufferBytes' | 'maxArgsBytes'> = {
  env: [],
  execCache: 'auto',
  threads: false,
  kernelFilter: null,
  foreignNamespace: null,
  fallback: 'none',
  silenceMs: 30_000,
  reconcileEveryMs: 600_000,
  fallbackEveryMs: 1000,
  kernelSeqs: {},
};

export type ProcConnectorConfig = Pick<ReaderConfig, 'receiveBufferBytes' | 'maxArgsBytes'> &
  Partial<Omit<ReaderConfig, 'kernelFilter' | 'foreignNamespace'>> & {
    /** Kinds that the kernel is to let through, where it can be asked to; null or none: all, and losses are counted exactly. */
    readonly kernelKinds?: readonly KernelKind[] | null;
  };

export interface ConnectorDeps extends EventSourceDeps {
  /** Told of every frame that `read` takes, in order, before its events are handed out: a view of the ring, valid during the call. */
  readonly tap?: (frame: Uint8Array) => void;
  /** 64-bit sequences where an earlier run on this boot ended, by CPU; asked for at `open`. */
  readonly formerSeqs?: () => Readonly<Record<string, number>>;
}

/** Process events of the live kernel, through a worker thread that is the only one to make native calls. */
export class ProcConnectorSource implements EventSource {
  readonly id = 'proc_connector';
  readonly #config: ReaderConfig;
  /** A filter was asked for, of a kernel that must not be asked. */
  readonly #unfiltered: boolean;
  readonly #deps: ConnectorDeps;
  readonly #ring: SharedArrayBuffer;
  readonly #consumer: RingConsumer;
  readonly #frames: FrameReader;
  readonly #controlMemory = new SharedArrayBuffer(CONTROL_BYTES);
  readonly #control = new IngestControl(this.#controlMemory);
  readonly #thread: IngestThread;
  readonly #hearing: HearingTest;
  readonly #opened = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();
  #socket: ConnectorSocket | undefined;
  #captures: CaptureState | undefined;
  /** Why the kernel cannot be heard now. */
  #obstacle: AgentError | undefined;
  /** The obstacle told last, until the kernel was heard again. */
  #told: ErrorCode | undefined;
  #failure: AgentError | undefined;
  #closing: Promise<void> | undefined;
  #lastReadMs = 0;
  /** `read` has found the ring empty and waits for more. */
  #waits = false;
  #keepsAlive = true;

  constructor(config: ProcConnectorConfig, deps: ConnectorDeps = { onState: () => undefined }) {
    const { kernelKinds = null, ...given } = config;
    const mechanism = filterMechanism(release());
    const kernelFilter = kernelKinds === null || mechanism === 'none' ? null : { kinds: kernelKinds, mechanism };
    this.#config = { ...DEFAULTS, ...given, kernelFilter };
    this.#unfiltered = kernelKinds !== null && mechanism === 'none';
    this.#deps = deps;
    this.#ring = createRingMemory(Math.max(RING_BYTES, 2 ** Math.ceil(Math.log2(4 * minFrameBytes(config.maxArgsBytes)))));
    this.#consumer = new RingConsumer(this.#ring);
    this.#frames = new FrameReader(this.#consumer);
    this.#hearing = new HearingTest(this.#config.kernelFilter?.kinds ?? null, {
      onResult: (result) => this.#tested(result),
      isCaughtUp: () => this.#waits && this.#consumer.empty,
    });
    this.#thread = new IngestThread(this.#control, {
      report: (report) => this.#take(report),
      failed: (error) => this.#fail(error),
      ended: () => this.#end(),
    });
    // It may fail before anybody waits for it; whoever waits still gets the error.
    this.#opened.promise.catch(() => undefined);
  }

  /**
   * Resolves when the kernel has confirmed the subscription: from then on no event is missed; with a fallback also when the kernel cannot be heard, see
   * `describe`. Rejects with NETLINK_* or NATIVE_UNAVAILABLE.
   */
  async open(boot: AbortSignal): Promise<void> {
    boot.throwIfAborted();
    const kernelSeqs = this.#deps.formerSeqs?.() ?? {};
    Object.assign(this.#frames.kernelSeqs, kernelSeqs);
    this.#thread.start({
      ring: this.#ring,
      control: this.#controlMemory,
      config: { ...this.#config, kernelSeqs, foreignNamespace: foreignNamespace() },
    });
    const abort = (): void => this.#opened.reject(boot.reason);
    boot.addEventListener('abort', abort, { once: true });
    try {
      await this.#opened.promise;
    } finally {
      boot.removeEventListener('abort', abort);
    }
  }

  describe(): SourceDescription {
    if (this.#obstacle !== undefined) return describeScanning(this.#obstacle, this.#config.fallbackEveryMs);
    if (this.#socket === undefined || this.#captures === undefined)
      throw new AgentError('BUG', 'a source describes itself once it is open');
    return describeSocket(this.#socket, { ...this.#config, unfiltered: this.#unfiltered, captures: this.#captures });
  }

  /** Whether the kernel really delivers; settles within two seconds after `open` and the start-up scan, while `read` is being called. */
  selfTest(): Promise<SelfTestResult> {
    return this.#hearing.first;
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
      this.#waits = true;
      await this.#consumer.waitForFrame(WAIT_MS);
      this.#waits = false;
    }
  }

  /** Lets a few events come together while they come slowly enough to be worth waiting for; in a storm lets timers and I/O have their turn at least. */
  async #gather(): Promise<void> {
    const sinceMs = performance.now() - this.#lastReadMs;
    const calm = this.#control.phase === Phase.RUNNING && this.#consumer.used < RING_BYTES / 16;
    const options = { ref: this.#keepsAlive };
    if (calm && sinceMs < GATHER_MS) await sleep(GATHER_MS, undefined, options);
    else await immediate(undefined, options);
    this.#lastReadMs = performance.now();
  }

  #decode(items: Heard[]): number {
    let bytes = 0;
    while (items.length < MAX_BATCH && bytes < MAX_BATCH_BYTES) {
      const frame = this.#consumer.next();
      if (frame === undefined) break;
      this.#deps.tap?.(this.#consumer.bytes.subarray(frame.offset, frame.offset + frame.length));
      this.#frames.read(frame.offset, items);
      bytes += frame.length;
    }
    this.#hearing.see(items);
    return bytes;
  }

  async #last(): Promise<undefined> {
    await this.#ended.promise;
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  /** Hears what the kernel has queued, undoes the subscription and ends the thread; `read` then runs empty. */
  close(): Promise<void> {
    this.#closing ??= this.#thread.close();
    return this.#closing;
  }

  /** Before the end of `close`: the same without captures; a thread that does not answer is left behind, with nothing of it left in the kernel. */
  hurry(): void {
    this.#thread.hurry();
  }

  unref(): void {
    this.#keepsAlive = false;
    this.#thread.unref();
  }

  /** For exits that cannot wait for the event loop: blocks until the subscription is undone, for at most a fifth of a second. */
  closeNow(): void {
    this.#thread.closeNow();
  }

  #take(report: Exclude<IngestReport, { type: 'failed' }>): void {
    switch (report.type) {
      case 'subscribed':
        this.#socket = report.socket;
        this.#captures = report.captures;
        this.#obstacle = undefined;
        this.#opened.resolve();
        return this.#hearing.subscribed();
      case 'scanned':
        return this.#hearing.scanned();
      case 'silent':
        return this.#hearing.silent();
      case 'lost':
        return this.#lose(revived(report));
    }
  }

  #lose(obstacle: AgentError): void {
    // Each attempt that fails comes here, and each one that proves deaf: only a change is worth telling.
    const isNews = this.#told !== obstacle.code;
    this.#told = obstacle.code;
    this.#obstacle = obstacle;
    this.#hearing.lost();
    this.#opened.resolve();
    if (isNews) this.#deps.onState({ state: 'scanning', reason: obstacle });
  }

  #tested(result: SelfTestResult): void {
    if (result !== 'deaf') {
      this.#told = undefined;
      this.#deps.onState({ state: result === 'passed' ? 'listening' : 'unconfirmed' });
    } else if (this.#config.fallback === 'none') this.#thread.fail(deaf());
    else this.#thread.renew();
  }

  #fail(error: AgentError): void {
    this.#failure ??= error;
    this.#opened.reject(error);
    this.#hearing.end(error);
  }

  #end(): void {
    const early = this.#failure ?? new AgentError('NETLINK_SOCKET', 'the source was closed before the kernel had answered');
    this.#opened.reject(early);
    this.#hearing.end(early);
    this.#ended.resolve();
    this.#consumer.interrupt();
  }
}
