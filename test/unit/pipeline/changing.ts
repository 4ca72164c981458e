import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { LaneAccount } from '../../../src/pipeline/account.ts';
import type { Statement } from '../../../src/pipeline/account.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import type { PipelineChange } from '../../../src/pipeline/pipeline.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { ScriptedSource, build, encoders, event, lane, never, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

const NOTHING = { added: [], changed: [], removed: [], encoders, checkpointIntervalMs: 0, shutdownTimeoutMs: 60_000 };
export const change = (parts: Partial<PipelineChange>): PipelineChange => ({
  ...NOTHING,
  commit: () => event('RELOAD', 'agent'),
  ...parts,
});
export const newAccount = (): LaneAccount => new LaneAccount({ agentId: Buffer.alloc(16), sinkId: Buffer.alloc(16) });
export const refusing = (message = 'no disk'): FakeSink => ({
  ...recorder(),
  open: () => Promise.reject(new AgentError('FILE_IO', message)),
});
/** Never answers, and lets go where it is told to. */
export const hanging = (): FakeSink & { asked: number } => {
  const sink = {
    asked: 0,
    written: [],
    write: (_batch: unknown, signal: AbortSignal) => {
      sink.asked += 1;
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      return new Promise<void>((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    },
  };
  return sink;
};

/** A lane with a queue for a single batch, for whose room the intake waits. */
export function blocking(name: string, sink: FakeSink): Lane {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 1, maxBytes: 1e6 });
  const enqueue = async (batch: Batch<Encoded>, signal: AbortSignal): Promise<boolean> => {
    await queue.push(batch, signal);
    return true;
  };
  return { ...lane(name, sink, []), queue, enqueue };
}

interface Started {
  readonly source: ScriptedSource;
  readonly pipeline: ReturnType<typeof build>['pipeline'];
  readonly running: Promise<void>;
  readonly notes: string[];
  readonly log: string[];
  readonly stated: (Statement & { final: boolean })[];
}

/** A running pipeline. */
export async function started(lanes: Lane[], log: string[] = [], shutdownTimeoutMs = 60_000): Promise<Started> {
  const source = new ScriptedSource([], log);
  const stated: Started['stated'] = [];
  const checkpoint = (statement: Statement, final: boolean): AnyEvent => {
    stated.push({ ...structuredClone(statement), final });
    return { stream: 'agent', event: { kind: 'CHECKPOINT', sequence: null } } as unknown as AnyEvent;
  };
  const { pipeline, notes } = build([], lanes, log, { source, shutdownTimeoutMs, checkpoints: { intervalMs: 0, event: checkpoint } });
  await pipeline.start(never);
  const running = pipeline.run();
  running.catch(() => undefined);
  return { source, pipeline, running, notes, log, stated };
}

/** `to` with another sink. */
export const onto = (from: Lane, sink: FakeSink, log: string[] = []): Lane => ({
  ...from,
  sink: lane(`${from.ledger.sink}'`, sink, log).sink,
});
export const through = (sink: FakeSink, ...sequences: number[]): Promise<unknown> =>
  waitFor(() => sequences.every((sequence) => sink.written.includes(sequence)), {
    what: `${sequences.join()} at the sink`,
    timeoutMs: 5000,
  });
