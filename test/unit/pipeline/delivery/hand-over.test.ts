import { expect, test } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { openLedger } from '../../../../src/core/ledger.ts';
import { DeliveryStage } from '../../../../src/pipeline/delivery.ts';
import { DEFAULT_POLICY } from '../../../../src/pipeline/delivery/policy.ts';
import { MemoryQueue } from '../../../../src/queue/memory/memory-queue.ts';
import { batch, sequences } from '../../../contract/records.ts';

const never = new AbortController().signal;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what is handed over keeps its order, whatever its writes are waiting for', async () => {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 100, maxBytes: 1e6 });
  for (const one of [batch(1, 2), batch(3, 4), batch(5, 6)]) queue.offer(one);
  const begun: number[] = [];
  const answers = new Map<number, (error: unknown) => void>();
  const write = ({ items: [item] }: Batch<Encoded>, signal: AbortSignal): Promise<void> => {
    const { promise, reject } = Promise.withResolvers<void>();
    const { sequence } = item as Encoded;
    begun.push(sequence);
    answers.set(sequence, reject);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    return promise;
  };
  const sink = { id: 'siem', maxInFlight: 3, open: async () => undefined, close: async () => undefined, write };
  const lane = {
    sink,
    queue,
    ledger: { ...openLedger('siem'), accepted: 6, waiting: 6 },
    policy: { ...DEFAULT_POLICY, batch: null },
    encoder: 0,
    wants: () => true,
    enqueue: async () => true,
  };
  const stage = new DeliveryStage(lane, { down: () => undefined, up: () => undefined, lost: () => undefined });
  const run = stage.run(never);
  await turn();
  expect(begun).toEqual([1, 3, 5]);
  // The first waits to be written again, the others to be answered.
  answers.get(1)?.(new AgentError('SINK_UNREACHABLE', 'away'));
  await turn();
  stage.handOver();
  await run;
  expect(stage.left.map((delivery) => sequences(delivery.batch))).toEqual([
    [1, 2],
    [3, 4],
    [5, 6],
  ]);
});
