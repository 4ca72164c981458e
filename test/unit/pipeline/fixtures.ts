import type { Batch } from '../../../src/core/batch.ts';
import type { Encoder, Source } from '../../../src/core/component.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { AgentError } from '../../../src/core/errors.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { Heard, SidEvent } from '../../../src/core/kernel-event.ts';
import { openLedger } from '../../../src/core/ledger.ts';
import type { Checkpoints } from '../../../src/pipeline/intake.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { Pipeline } from '../../../src/pipeline/pipeline.ts';
import type { PipelineParts } from '../../../src/pipeline/pipeline.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';

/** Gives `batches`, then waits for `close`. */
export class ScriptedSource implements Source<Heard> {
  readonly id = 'scripted';
  readonly #batches: Heard[][];
  #more = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly log: string[];
  failure: Error | undefined;

  constructor(batches: Heard[][], log: string[]) {
    this.#batches = batches;
    this.log = log;
  }

  async open(): Promise<void> {
    this.log.push('open source');
  }

  async read(signal: AbortSignal): Promise<Batch<Heard> | undefined> {
    const items = this.#batches.shift();
    if (items !== undefined) return { items, bytes: 100 };
    if (this.failure !== undefined) throw this.failure;
    const aborted = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
    );
    const ended = await Promise.race([this.#closed.promise.then(() => true), aborted, this.#more.promise.then(() => false)]);
    return ended ? undefined : this.read(signal);
  }

  /** Something else is heard, later. */
  hear(...items: Heard[]): void {
    this.#batches.push(items);
    this.#more.resolve();
    this.#more = Promise.withResolvers<void>();
  }

  async close(): Promise<void> {
    if (!this.log.includes('close source')) this.log.push('close source');
    this.#closed.resolve();
  }
}

export interface FakeSink {
  readonly written: number[];
  write(batch: Batch<Encoded>, signal: AbortSignal): Promise<void>;
  open?: () => Promise<void>;
}

export function lane(name: string, sink: FakeSink, log: string[], options: Pick<Partial<Lane>, 'wants' | 'account'> = {}): Lane {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 1000, maxBytes: 1e6 });
  return {
    sink: {
      id: name,
      maxInFlight: 2,
      open: async () => {
        log.push(`open ${name}`);
        await sink.open?.();
      },
      close: async () => void log.push(`close ${name}`),
      write: (batch, signal) => sink.write(batch, signal),
    },
    queue,
    ledger: openLedger(name),
    encoder: 0,
    wants: options.wants ?? ((): boolean => true),
    ...(options.account === undefined ? {} : { account: options.account }),
    enqueue: async (batch) => queue.offer(batch),
  };
}

export function recorder(): FakeSink {
  const written: number[] = [];
  return { written, write: async (batch) => void written.push(...batch.items.map((item) => item.sequence)) };
}

export function heard(n: number): SidEvent {
  return { kind: 'SID', monotonicNs: n, timeUs: n, delayUs: 0, cpu: 0, kernelSeq: n, pid: n, tgid: n };
}

export function event(kind: string, stream: 'process' | 'agent' = 'process'): AnyEvent {
  return { stream, event: { kind, sequence: 0 } } as unknown as AnyEvent;
}

export const encoders: readonly Encoder<AnyEvent>[] = [
  {
    encode: (any) => {
      if (any.event.kind === 'UID') throw new AgentError('RECORD_UNENCODABLE', 'no');
      return { stream: any.stream, kind: any.event.kind, sequence: any.event.sequence ?? 0, timeUs: 0, bytes: new Uint8Array(10) };
    },
  },
];

export function build(
  batches: Heard[][],
  lanes: Lane[],
  log: string[],
  extra: {
    shutdownTimeoutMs?: number;
    source?: ScriptedSource;
    checkpoints?: Checkpoints;
    finish?: (emit: (any: AnyEvent) => void) => void;
    onLeft?: PipelineParts['onLeft'];
  } = {},
): { pipeline: Pipeline; source: ScriptedSource; notes: string[] } {
  const source = extra.source ?? new ScriptedSource(batches, log);
  const notes: string[] = [];
  let last = 0;
  const pipeline = new Pipeline({
    source,
    lanes,
    enrich: (h, emit) => {
      if (h.kind !== 'SID' || h.pid >= 0) emit(event(h.kind));
    },
    sequence: (any) => void (any.event.sequence = last += 1),
    onRetired: ({ ledger }) => void notes.push(`retired ${ledger.sink}`),
    onCloseFailed: (error) => void notes.push(`close failed: ${(error as Error).message}`),
    encoders,
    checkpoints: extra.checkpoints ?? { intervalMs: 0, event: () => event('CHECKPOINT', 'agent') },
    onUnencodable: (error) => void notes.push(error.code),
    delivery: {
      down: (sink) => void notes.push(`down ${sink}`),
      up: (sink) => void notes.push(`up ${sink}`),
      lost: (sink, _e, n) => void notes.push(`lost ${sink} ${n}`),
    },
    first: () => event('START', 'agent'),
    ...(extra.finish === undefined ? {} : { finish: extra.finish }),
    ...(extra.onLeft === undefined ? {} : { onLeft: extra.onLeft }),
    last: (failure) => event(failure === undefined ? 'STOP' : 'FAILED', 'agent'),
    shutdownTimeoutMs: extra.shutdownTimeoutMs ?? 60_000,
  });
  return { pipeline, source, notes };
}

export const never = new AbortController().signal;
