import { onTestFinished } from 'vitest';
import type { Batch } from '../../../src/core/batch.ts';
import type { AgentError } from '../../../src/core/errors.ts';
import type { EventSource, EventSourceDeps, SourceCounts, SourceDescription } from '../../../src/core/event-source.ts';
import type { Heard, ScanEvent, ScanPurpose, SnapshotEvent } from '../../../src/core/kernel-event.ts';
import type { MonitorOptions } from '../../../src/monitor/options.ts';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import { BOOT_OFFSET_NS, capture, snapshot, wallUs } from '../enrich/fixtures.ts';
import type { Described } from '../enrich/fixtures.ts';

/** A source that says what the test makes it say. */
export class ScriptedSource implements EventSource {
  readonly id = 'scripted';
  readonly kernelSeqs = {};
  readonly counts: SourceCounts = { heard: 0, lost: 0, acks: 0, unknown: 0, foreign: 0, malformed: 0, overruns: 0 };
  readonly deps: EventSourceDeps;
  readonly calls: string[] = [];
  /** What `open` waits for, and rejects with. */
  opening: Promise<void> = Promise.resolve();
  readonly #batches: { readonly items: readonly Heard[]; readonly taken: () => void }[] = [];
  #waiting: { resolve(batch: Batch<Heard> | undefined): void; reject(error: Error): void } | undefined;
  #taken: () => void = () => undefined;
  #failure: AgentError | undefined;
  #closed = false;

  constructor(deps: EventSourceDeps) {
    this.deps = deps;
  }

  async open(): Promise<void> {
    this.calls.push('open');
    await this.opening;
  }

  close(): Promise<void> {
    this.calls.push('close');
    return this.end();
  }

  closeNow(): void {
    this.calls.push('closeNow');
  }

  unref(): void {
    this.calls.push('unref');
  }

  describe(): SourceDescription {
    return { sources: ['scripted'], degraded: [], lossWindows: [] };
  }

  bootOffsetNs(): number {
    return BOOT_OFFSET_NS;
  }

  read(): Promise<Batch<Heard> | undefined> {
    this.#taken();
    this.#taken = () => undefined;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#serve();
    });
  }

  /** Resolves when all of it was heard. */
  say(...items: readonly Heard[]): Promise<void> {
    return new Promise((taken) => {
      this.#batches.push({ items, taken });
      this.#serve();
    });
  }

  /** Ends by itself, after what was said. */
  end(): Promise<void> {
    this.#closed = true;
    this.#serve();
    return Promise.resolve();
  }

  fail(error: AgentError): void {
    this.#failure = error;
    this.#serve();
  }

  #serve(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const next = this.#batches.shift();
    if (next === undefined && this.#failure === undefined && !this.#closed) return;
    this.#waiting = undefined;
    if (next !== undefined) {
      this.#taken = next.taken;
      waiting.resolve({ items: next.items, bytes: 0 });
    } else if (this.#failure !== undefined) waiting.reject(this.#failure);
    else waiting.resolve(undefined);
  }
}

export interface Monitored {
  readonly monitor: ProcessMonitor;
  /** One for each start, in order. */
  readonly sources: readonly ScriptedSource[];
  /** The current one. */
  readonly source: ScriptedSource;
}

/** A monitor over scripted sources. `prepare` sees each before it is opened. */
export function newMonitor(options: MonitorOptions = {}, prepare: (source: ScriptedSource) => void = () => undefined): Monitored {
  const sources: ScriptedSource[] = [];
  const monitor = new ProcessMonitor({
    ...options,
    source: (deps) => {
      const source = new ScriptedSource(deps);
      sources.push(source);
      prepare(source);
      return source;
    },
  });
  return {
    monitor,
    sources,
    get source() {
      return sources.at(-1)!;
    },
  };
}

/** The same, started; stopped when the test ends. */
export async function startMonitor(options: MonitorOptions = {}): Promise<Monitored> {
  const made = newMonitor(options);
  const lease = await made.monitor.start();
  onTestFinished(() => lease.stop());
  return made;
}

export function scan(phase: 'BEGIN' | 'END', purpose: ScanPurpose = 'start', ms = 900): ScanEvent {
  return { kind: 'SCAN', phase, purpose, monotonicNs: ms * 1e6, timeUs: wallUs(ms), beganNs: 1e6, processes: 1 };
}

/** A process that was found running. */
export function found(d: Described & { readonly pid: number }, purpose: ScanPurpose = 'start'): SnapshotEvent {
  return { ...snapshot(500, d.pid, capture({ startMs: 1, ...d })), purpose };
}

/** What a listing hears: those that were found running. */
export function listing(...processes: readonly (Described & { readonly pid: number })[]): Heard[] {
  return [scan('BEGIN'), ...processes.map((one) => found(one)), scan('END')];
}

/** What was thrown where nobody could catch it, while the test runs. */
export function uncaught(): unknown[] {
  const thrown: unknown[] = [];
  const others = process.listeners('uncaughtException');
  const listener = (error: unknown): void => void thrown.push(error);
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', listener);
  onTestFinished(() => {
    process.off('uncaughtException', listener);
    for (const other of others) process.on('uncaughtException', other);
  });
  return thrown;
}
