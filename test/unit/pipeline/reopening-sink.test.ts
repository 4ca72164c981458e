import { getEventListeners } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import type { Sink } from '../../../src/core/component.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { ReopeningSink } from '../../../src/pipeline/reopening-sink.ts';
import { batch, sequences } from '../../contract/records.ts';

const never = new AbortController().signal;
const away = new AgentError('SINK_UNREACHABLE', 'away');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

afterEach(() => void vi.useRealTimers());

/** Opens only once `failures` attempts have failed. */
function reopening(failures: number): { sink: ReopeningSink; written: number[][]; opened: () => number } {
  const written: number[][] = [];
  let attempts = 0;
  const create = (): Sink => ({
    id: 'sink',
    maxInFlight: 8,
    open: async () => {
      attempts += 1;
      if (attempts <= failures) throw away;
    },
    write: async (events) => void written.push(sequences(events)),
    close: async () => undefined,
  });
  return { sink: new ReopeningSink({ id: 'sink', maxInFlight: 8 }, create), written, opened: () => attempts };
}

test('what was written first reaches the sink first, whoever tries again first', async () => {
  const { sink, written, opened } = reopening(1);
  const [first, second] = [batch(1, 1), batch(2, 2)];
  const failing = sink.write(first, never);
  const next = sink.write(second, never);
  await expect(failing).rejects.toBe(away);
  await turn();
  expect([written, opened()]).toEqual([[], 1]);
  await Promise.all([sink.write(first, never), next, sink.write(batch(3, 3), never)]);
  await sink.write(batch(4, 4), never);
  expect(written).toEqual([[1], [2], [3], [4]]);
});

test('what nobody will come with again makes room for the next', async () => {
  const { sink, written } = reopening(1);
  const ending = new AbortController();
  await expect(sink.write(batch(1, 1), ending.signal)).rejects.toBe(away);
  const next = sink.write(batch(2, 2), never);
  ending.abort(new Error('handed over'));
  await next;
  expect(written).toEqual([[2]]);
});

test('opens nothing once it is closed', async () => {
  const { sink, opened } = reopening(1);
  const first = batch(1, 1);
  await expect(sink.write(first, never)).rejects.toBe(away);
  await sink.close();
  await expect(sink.write(first, never)).rejects.toMatchObject({ code: 'BUG' });
  expect(opened()).toBe(1);
});

test('that it does not open says nothing about the records', async () => {
  const create = (): Sink => ({
    id: 'one',
    maxInFlight: 1,
    open: () => Promise.reject(new AgentError('BUG', 'broken')),
    write: () => Promise.resolve(),
    close: () => Promise.resolve(),
  });
  const sink = new ReopeningSink({ id: 'one', maxInFlight: 1 }, create);
  await expect(sink.write(batch(1, 1), never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', message: 'broken' });
});

/** One whose sinks do not open, and close like this. */
function unopened(close: () => Promise<void>): ReopeningSink {
  return new ReopeningSink({ id: 'one', maxInFlight: 1 }, () => ({
    id: 'one',
    maxInFlight: 1,
    open: () => Promise.reject(away),
    write: () => Promise.resolve(),
    close,
  }));
}

test('a sink that neither opens nor closes fails the write all the same', async () => {
  vi.useFakeTimers();
  const sink = unopened(() => new Promise(() => undefined));
  const failed = expect(sink.write(batch(1, 1), never)).rejects.toBe(away);
  await vi.runAllTimersAsync();
  await failed;
});

test.for<[string, () => Promise<void>]>([
  ['rejects', () => Promise.reject(new Error('broken'))],
  [
    'throws',
    () => {
      throw new Error('broken');
    },
  ],
])('that its closing %s does not hide why a sink does not open, nor keep another from being tried', async ([, close]) => {
  const sink = unopened(close);
  await expect(sink.write(batch(1, 1), never)).rejects.toBe(away);
  await sink.close();
});

test('the signal does not keep what has been written, nor what nobody comes with again', async () => {
  const { sink } = reopening(1);
  const [ending, going] = [new AbortController(), new AbortController()];
  const first = batch(1, 1);
  await expect(sink.write(first, going.signal)).rejects.toBe(away);
  const waiting = sink.write(batch(2, 2), ending.signal);
  ending.abort(new Error('handed over'));
  await expect(waiting).rejects.toThrow('handed over');
  await sink.write(first, going.signal);
  expect([ending, going].map(({ signal }) => getEventListeners(signal, 'abort').length)).toEqual([0, 0]);
});
