import { expect, test } from 'vitest';
import type { Batch } from '../../../src/core/batch.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { AgentError } from '../../../src/core/errors.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { newAccount, started } from './changing.ts';
import { heard, lane, recorder } from './fixtures.ts';
import type { FakeSink } from './fixtures.ts';

const deadLetters = { add: async () => undefined, close: async () => undefined };

/** Refuses what has this sequence; `onRest` comes before any checkpoint is taken. */
function refusing(sequence: number, onRest: () => Promise<void> = async () => undefined): FakeSink {
  const sink = recorder();
  const write = async (batch: Batch<Encoded>): Promise<void> => {
    const rejected = batch.items.flatMap((item, index) => (item.sequence === sequence ? [index] : []));
    if (rejected.length > 0) throw new AgentError('RECORD_REJECTED', 'never', { context: { rejected } });
    if (batch.items.some((item) => item.sequence === 0)) await onRest();
    sink.written.push(...batch.items.map((item) => item.sequence));
  };
  return { ...sink, write };
}

const closing = (sink: FakeSink): Lane => ({ ...lane('a', sink, [], { account: newAccount() }), deadLetters });

test('what becomes of the last events is told, too, behind the last checkpoint', async () => {
  const sink = refusing(3);
  const { source, pipeline, running, stated } = await started([closing(sink)]);
  source.hear(heard(1));
  pipeline.stop();
  await running;
  expect(stated).toMatchObject([
    { checkpoint_no: 1, from_sequence: 1, to_sequence: 3, amendments: [] },
    { checkpoint_no: 2, from_sequence: 4, to_sequence: 3, amendments: [{ from: 3, to: 3, fate: 'dead_lettered' }] },
  ]);
  // Both are delivered, and nothing more follows.
  expect(sink.written).toEqual([1, 2, 0, 0]);
});

test('where a queue on disk is left, it is there for the next start', async () => {
  const down = async (): Promise<never> => Promise.reject(new AgentError('SINK_REFUSED', 'no'));
  const kept = { ...closing(refusing(3, down)), durable: true, isSafe: () => true };
  const appended: number[] = [];
  const append = kept.queue.append.bind(kept.queue);
  kept.queue.append = (batch) => {
    appended.push(batch.items.length);
    append(batch);
  };
  const { source, pipeline, running, stated } = await started([kept]);
  source.hear(heard(1));
  pipeline.stop();
  await running;
  expect(stated).toHaveLength(2);
  expect(stated[1]).toMatchObject({ amendments: [{ from: 3, fate: 'dead_lettered' }] });
  expect(appended).toEqual([1, 1]);
});
