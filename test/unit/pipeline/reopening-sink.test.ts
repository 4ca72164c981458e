import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Sink } from '../../../src/core/component.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { ReopeningSink } from '../../../src/pipeline/reopening-sink.ts';
import { batch } from '../../contract/records.ts';

const never = new AbortController().signal;

/** A sink that does not open `failures` times; and what was written to it since. */
function away(failures: number): { sink: ReopeningSink; written: number[]; opened: () => number } {
  const written: number[] = [];
  let opened = 0;
  const create = (): Sink => ({
    id: 'one',
    maxInFlight: 8,
    open: async () => {
      opened += 1;
      if (opened <= failures) throw new AgentError('SINK_UNREACHABLE', 'away');
    },
    write: async ({ items }) => void written.push(...items.map(({ sequence }) => sequence)),
    close: () => Promise.resolve(),
  });
  return { sink: new ReopeningSink({ id: 'one', maxInFlight: 8 }, create), written, opened: () => opened };
}

const [one, two, three, four] = [batch(1, 1), batch(2, 2), batch(3, 3), batch(4, 4)];

test('writes wait behind the first one that fails to open, and come in their order once it is open', async () => {
  const { sink, written, opened } = away(2);
  const first = sink.write(one, never);
  const others = [sink.write(two, never), sink.write(three, never)];
  await expect(first).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  await nextTurn();
  expect(opened()).toBe(1);
  await expect(sink.write(one, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  await Promise.all([sink.write(one, never), sink.write(four, never), ...others]);
  expect(written).toEqual([1, 2, 3, 4]);
  expect(opened()).toBe(3);
  await sink.write(one, never);
  expect(written).toEqual([1, 2, 3, 4, 1]);
});

test('one that will not come again does not keep the others waiting', async () => {
  const { sink, written } = away(1);
  const [first, second] = [new AbortController(), new AbortController()];
  await expect(sink.write(one, first.signal)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  const waiting = sink.write(two, second.signal);
  const last = sink.write(three, never);
  const reason = new AgentError('STOPPED_EARLY', 'enough');
  second.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(written).toEqual([]);
  first.abort(reason);
  await last;
  expect(written).toEqual([3]);
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
  await expect(sink.write(one, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', message: 'broken' });
});
