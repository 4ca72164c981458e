import { expect, test } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import { imbalances, openLedger } from '../../../src/core/ledger.ts';
import type { SinkLedger } from '../../../src/core/ledger.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { DeliveryStage } from '../../../src/pipeline/delivery.ts';
import { MemoryQueue } from '../../../src/queue/memory/memory-queue.ts';
import { batch } from '../../contract/records.ts';

const never = new AbortController().signal;
const gone = (context: Record<string, unknown> = {}): AgentError => new AgentError('OUTPUT_GONE', 'no reader', { context });
const refused = new AgentError('CHECK_FAILED', 'gone in another way');

/** Delivers batches of these sizes one by one; each write ends as the script says, undefined being success. */
async function deliver(script: readonly [size: number, error?: AgentError][]): Promise<{ ledger: SinkLedger; lost: [string, number][] }> {
  const queue = new MemoryQueue<Encoded>({ maxEvents: 1000, maxBytes: 1e6 });
  const ledger = openLedger('eyes');
  for (const [size] of script) {
    queue.offer(batch(1, size));
    ledger.sequenced += size;
    ledger.accepted += size;
    ledger.waiting += size;
  }
  queue.end();
  const ends = script.map(([, error]) => error);
  const write = async (): Promise<void> => {
    const error = ends.shift();
    if (error !== undefined) throw error;
  };
  const sink = { id: 'eyes', maxInFlight: 1, open: async () => undefined, close: async () => undefined, write };
  const lost: [string, number][] = [];
  const lane = { sink, queue, ledger, encoder: 0, wants: () => true, enqueue: async () => true };
  const events = { down: () => undefined, up: () => undefined, lost: (_: string, e: AgentError, n: number) => void lost.push([e.code, n]) };
  await new DeliveryStage(lane, events).run(never);
  expect(imbalances(ledger)).toEqual([]);
  return { ledger, lost };
}

test('losses are reported at once and then in one sum, and are exact in the books', async () => {
  const { ledger, lost } = await deliver([[5], [2, gone()], [3, gone()], [4, gone()]]);
  expect(lost).toEqual([
    ['OUTPUT_GONE', 2],
    ['OUTPUT_GONE', 7],
  ]);
  expect(ledger).toMatchObject({ delivered: 5, lost: { rejected: 9 }, waiting: 0 });
});

test('a write that succeeds ends the episode: the sum is told, and the next loss at once', async () => {
  const { lost } = await deliver([[1, refused], [2, refused], [10], [3, refused]]);
  expect(lost).toEqual([
    ['CHECK_FAILED', 1],
    ['CHECK_FAILED', 2],
    ['CHECK_FAILED', 3],
  ]);
});

test('errors that take turns are summed up each by itself', async () => {
  const { lost } = await deliver([
    [1, refused],
    [2, gone()],
    [3, refused],
    [4, gone()],
    [5, refused],
  ]);
  expect(lost).toEqual([
    ['CHECK_FAILED', 1],
    ['OUTPUT_GONE', 2],
    ['CHECK_FAILED', 8],
    ['OUTPUT_GONE', 4],
  ]);
});

test.each([
  [4, 6],
  [10, 0],
  [99, 0],
  [-1, 10],
  ['4', 10],
])('of a rejected batch of 10, the %j that landed nevertheless are delivered and %i lost', async (landed, rest) => {
  const { ledger, lost } = await deliver([[10, gone({ landed })]]);
  expect(ledger.delivered).toBe(10 - rest);
  expect(ledger.lost).toEqual(rest === 0 ? {} : { rejected: rest });
  expect(lost).toEqual(rest === 0 ? [] : [['OUTPUT_GONE', rest]]);
});
