import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { FakeStream, openedSink, sequencesOf, sinkTo } from './fake-stream.ts';
import { headerOf } from './frames.ts';
import { never, turns } from './messages.ts';
import { violation } from './fake-connection.ts';

const ids = (stream: FakeStream): (string | undefined)[] => stream.came.map((frame) => headerOf(frame, 'Nats-Msg-Id'));

describe('a NATS sink', () => {
  test('resolves a write when all of it is acknowledged, and not before', async () => {
    const stream = new FakeStream();
    stream.react = (frame) => (sequencesOf(frame)[0] === 2 ? 'silent' : 'ack');
    const sink = await openedSink(stream);
    let isWritten = false;
    const writing = sink.write(batch(1, 3), never).then(() => (isWritten = true));
    await turns();
    expect([stream.held, isWritten]).toEqual([[1, 3], false]);
    stream.acknowledge(stream.came[1] as (typeof stream.came)[0]);
    await writing;
  });

  test('sends only what was not acknowledged when a batch comes again, under the same ids', async () => {
    const stream = new FakeStream();
    stream.react = (frame) => ((sequencesOf(frame)[0] as number) % 2 === 0 ? 'lose' : 'ack');
    const sink = await openedSink(stream);
    const events = batch(1, 6);
    const writing = sink.write(events, never);
    await turns();
    stream.connection.break();
    await expect(writing).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    const before = ids(stream);
    stream.react = () => 'ack';
    await sink.write(events, never);
    expect(stream.tried).toEqual([1, 2, 3, 4, 5, 6, 2, 4, 6]);
    expect(ids(stream).slice(6)).toEqual([before[1], before[3], before[5]]);
    expect([stream.held, stream.connections.length]).toEqual([[1, 2, 3, 4, 5, 6], 2]);
  });

  test('sends batches of several events again as they were, whatever came between', async () => {
    const stream = new FakeStream();
    stream.react = () => 'lose';
    const sink = await openedSink(stream, 3);
    const events = batch(1, 7);
    const writing = sink.write(events, never);
    await turns();
    stream.connection.break();
    await expect(writing).rejects.toBeInstanceOf(AgentError);
    stream.react = () => 'ack';
    await sink.write(events, never);
    expect(stream.came.map((frame) => headerOf(frame, 'Nats-Msg-Id')?.split('/').at(-1))).toEqual([
      '1-3',
      '4-6',
      '7-7',
      '1-3',
      '4-6',
      '7-7',
    ]);
    expect(stream.held).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('sends eight batches again in the order in which they went first, however they come again', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const batches = Array.from({ length: 8 }, (_, i) => batch(3 * i + 1, 3 * i + 3));
    const writes = batches.map((events) => sink.write(events, never));
    await turns();
    expect(stream.tried).toEqual(batch(1, 24).items.map(({ sequence }) => sequence));
    stream.connection.break();
    for (const result of await Promise.allSettled(writes)) expect(result.status).toBe('rejected');
    stream.react = () => 'ack';
    const again = [5, 2, 7, 0, 3, 6, 1, 4].map((index) => sink.write(batches[index] as (typeof batches)[0], never));
    await Promise.all(again);
    expect(stream.held).toEqual(batch(1, 24).items.map(({ sequence }) => sequence));
  });

  test('lets nothing new past what waits to be sent again', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const [first, second] = [batch(1, 2), batch(3, 4)];
    const failing = sink.write(first, never);
    await turns();
    stream.connection.break();
    await expect(failing).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    stream.react = () => 'ack';
    const next = sink.write(second, never);
    await turns();
    expect(stream.held).toEqual([]);
    await sink.write(first, never);
    await next;
    expect(stream.held).toEqual([1, 2, 3, 4]);
  });

  test('lets nothing new past what the stream did not take', async () => {
    const stream = new FakeStream();
    stream.react = () => ({ error: 10077 });
    const sink = await openedSink(stream);
    const [first, second] = [batch(1, 2), batch(3, 4)];
    await expect(sink.write(first, never)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    stream.react = () => 'ack';
    const next = sink.write(second, never);
    await turns();
    expect(stream.held).toEqual([]);
    await Promise.all([sink.write(first, never), next]);
    expect(stream.held).toEqual([1, 2, 3, 4]);
  });

  test('is to be tried again soon where anything of a batch is, and else when somebody has seen to it', async () => {
    const stream = new FakeStream();
    const sink = await openedSink(stream);
    const reactions = [{ error: 10077 }, { error: 10158 }];
    stream.react = (frame) => reactions[(sequencesOf(frame)[0] as number) - 1] ?? 'ack';
    const events = batch(1, 3);
    await expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    reactions.pop();
    await expect(sink.write(events, never)).rejects.toMatchObject({ code: 'SINK_REFUSED', context: { err_code: 10077 } });
    reactions.pop();
    await sink.write(events, never);
    expect(stream.held.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(stream.tried).toEqual([1, 2, 3, 1, 2, 1]);
  });

  test('holds what may not be published, and delivers what is beside it', async () => {
    const stream = new FakeStream();
    stream.react = ({ subject }) => (subject === 'f.gap' ? 'silent' : 'ack');
    const sink = await openedSink(stream);
    const writing = sink.write(batchOf(record(1), record(2, 16, 'agent'), record(3)), never);
    await turns();
    stream.connection.tell(violation('publish', 'f.gap'));
    await expect(writing).rejects.toBeInstanceOf(AgentError);
    expect([stream.held, stream.connections.length]).toEqual([[1, 3], 1]);
  });

  test('waits for room in its window, and delivers all', async () => {
    const stream = new FakeStream();
    stream.bounds = { maxMessages: 7, maxBytes: 8e6 };
    const sink = await openedSink(stream);
    await Promise.all([sink.write(batch(1, 100), never), sink.write(batch(101, 200), never)]);
    expect(stream.held).toEqual(batch(1, 200).items.map(({ sequence }) => sequence));
  });

  test('connects once for all that wait, and again after it could not', async () => {
    const stream = new FakeStream();
    const sink = await openedSink(stream);
    stream.connection.break();
    await turns();
    stream.dialing = () => Promise.reject(new AgentError('SINK_UNREACHABLE', 'nobody there'));
    const [first, second] = [batch(1, 1), batch(2, 2)];
    const failing = sink.write(first, never);
    const next = sink.write(second, never);
    await expect(failing).rejects.toThrow('nobody there');
    stream.dialing = () => Promise.resolve();
    await Promise.all([sink.write(first, never), next]);
    expect([stream.held, stream.connections.length]).toEqual([[1, 2], 2]);
  });

  test('does not open where there is no server, nor when it is told to give up', async () => {
    const stream = new FakeStream();
    stream.dialing = () => Promise.reject(new AgentError('SINK_UNREACHABLE', 'nobody there'));
    await expect(sinkTo(stream).open(never)).rejects.toThrow('nobody there');
    stream.dialing = () => new Promise(() => undefined);
    const boot = new AbortController();
    const opening = sinkTo(stream).open(boot.signal);
    boot.abort(new Error('no boot'));
    await expect(opening).rejects.toThrow('no boot');
  });
});

describe('a NATS sink at a server that is about to stop', () => {
  test('sends what comes next to another, and waits for the answers of the first', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const first = sink.write(batch(1, 1), never);
    await turns();
    const leaving = stream.connection;
    leaving.tell({ type: 'ldm', server: 'n1' });
    await turns();
    stream.react = () => 'ack';
    await sink.write(batch(2, 2), never);
    expect([stream.connections.length, leaving.closes]).toEqual([2, 0]);
    stream.acknowledge(stream.came[0] as (typeof stream.came)[0], leaving);
    await first;
    expect(stream.tried).toEqual([1, 2]);
  });

  test('goes on with it where there is no other', async () => {
    const stream = new FakeStream();
    const sink = await openedSink(stream);
    stream.connection.tell({ type: 'ldm', server: 'n1' });
    await turns();
    stream.dialing = () => Promise.reject(new AgentError('SINK_UNREACHABLE', 'nobody there'));
    await sink.write(batch(1, 2), never);
    expect(stream.held).toEqual([1, 2]);
  });

  test('gives up what it sent to one, and nothing of what it sent to the other', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const ending = new AbortController();
    const first = sink.write(batch(1, 1), never);
    await turns();
    const leaving = stream.connection;
    leaving.tell({ type: 'ldm', server: 'n1' });
    await turns();
    const second = sink.write(batch(2, 2), ending.signal);
    await turns();
    ending.abort(new Error('handed over'));
    await expect(second).rejects.toThrow('handed over');
    stream.acknowledge(stream.came[0] as (typeof stream.came)[0], leaving);
    await first;
  });
});
