import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { FakeStream, openedSink, sinkTo } from './fake-stream.ts';
import { never, turns } from './messages.ts';

describe('a NATS sink with messages that are too large', () => {
  const large = (sequence: number) => record(sequence, 3000);

  test('refuses an event that is larger than the server takes, and delivers what is beside it', async () => {
    const stream = new FakeStream();
    stream.maxPayload = 2000;
    const sink = await openedSink(stream);
    await expect(sink.write(batchOf(record(1), large(2), record(3), large(4)), never)).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      context: { rejected: [1, 3], landed: 2, max_payload: 2000 },
    });
    expect(stream.tried).toEqual([1, 3]);
  });

  test('takes batches apart that are larger than the server takes', async () => {
    const stream = new FakeStream();
    stream.maxPayload = 2000;
    const sink = await openedSink(stream, 10);
    await sink.write(batch(1, 10, 500), never);
    expect(stream.held).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const { headers, body } of stream.came) expect(headers.length + body.length).toBeLessThanOrEqual(2000);
    await expect(sink.write(batchOf(record(11), large(12), record(13)), never)).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      context: { rejected: [1], landed: 2 },
    });
    expect(stream.held.slice(10)).toEqual([11, 13]);
  });

  test('goes by what the server takes at the time', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream, 10);
    const events = batch(1, 10, 500);
    const writing = sink.write(events, never);
    await turns();
    expect(stream.came.length).toBe(1);
    stream.maxPayload = 2000;
    stream.react = () => 'ack';
    stream.connection.break();
    await expect(writing).rejects.toBeInstanceOf(AgentError);
    await sink.write(events, never);
    expect(stream.held).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('takes batches apart that the stream finds too large, and refuses what it finds so alone', async () => {
    const stream = new FakeStream();
    stream.react = ({ body }) => (body.length > 1200 ? { error: 10054 } : 'ack');
    const sink = await openedSink(stream, 8);
    const events = batchOf(...batch(1, 5, 500).items, large(6), record(7), record(8));
    await expect(sink.write(events, never)).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      context: { rejected: [5], landed: 7, err_code: 10054 },
    });
    expect(stream.held.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 7, 8]);
    await sink.write(batch(9, 10), never);
  });
});

describe('a NATS sink that ends', () => {
  test('waits no longer for a write that is aborted, nor lets others wait for it', async () => {
    const stream = new FakeStream();
    stream.bounds = { maxMessages: 2, maxBytes: 8e6 };
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const ending = new AbortController();
    const writing = sink.write(batch(1, 5), ending.signal);
    await turns();
    const next = sink.write(batch(6, 9), never);
    await turns();
    stream.react = () => 'ack';
    ending.abort(new Error('handed over'));
    await expect(writing).rejects.toThrow('handed over');
    await next;
    expect(stream.tried).toEqual([1, 2, 6, 7, 8, 9]);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])(
    'sends no more than it must of a write that is aborted %i moments after it is given room',
    async (moments) => {
      const stream = new FakeStream();
      stream.bounds = { maxMessages: 2, maxBytes: 8e6 };
      stream.react = () => 'silent';
      const sink = await openedSink(stream);
      const ending = new AbortController();
      const writing = sink.write(batch(1, 5), ending.signal);
      await turns();
      for (const frame of stream.came) stream.acknowledge(frame);
      for (let i = 0; i < moments; i += 1) await Promise.resolve();
      const sent = stream.connection.frames.length;
      ending.abort(new Error('handed over'));
      await expect(writing).rejects.toThrow('handed over');
      await turns();
      expect(stream.connection.frames.length).toBe(sent);
    },
  );

  test('forgets a batch that nobody will come with again', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const ending = new AbortController();
    const failing = sink.write(batch(1, 2), ending.signal);
    await turns();
    stream.connection.break();
    await expect(failing).rejects.toBeInstanceOf(AgentError);
    stream.react = () => 'ack';
    const next = sink.write(batch(3, 4), never);
    await turns();
    ending.abort(new Error('handed over'));
    await next;
    expect(stream.held).toEqual([3, 4]);
  });

  test('waits a moment for the answers to what runs when it is closed', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const writing = sink.write(batch(1, 1), never);
    const closing = sink.close();
    await turns();
    stream.acknowledge(stream.came[0] as (typeof stream.came)[0]);
    await Promise.all([writing, closing]);
    expect(stream.connection.closes).toBe(1);
  });

  test('settles every write when it is closed, also those that wait for others', async () => {
    const stream = new FakeStream();
    stream.react = () => 'silent';
    const sink = await openedSink(stream);
    const failing = sink.write(batch(1, 1), never);
    await turns();
    stream.connection.break();
    await expect(failing).rejects.toBeInstanceOf(AgentError);
    const waiting = sink.write(batch(2, 2), never);
    await turns();
    await Promise.all([sink.close(), expect(waiting).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', message: 'the sink was closed' })]);
    await expect(sink.write(batch(3, 3), never)).rejects.toMatchObject({ code: 'BUG' });
  });

  test('closes what it connects to when that comes too late', async () => {
    const stream = new FakeStream();
    const late = Promise.withResolvers<void>();
    stream.dialing = () => late.promise;
    const sink = sinkTo(stream);
    const opening = sink.open(never);
    await turns();
    await sink.close();
    late.resolve();
    await expect(opening).rejects.toThrow('the sink was closed');
    expect(stream.connection.closes).toBe(1);
  });

  test('is written to only while it is open', async () => {
    const stream = new FakeStream();
    const sink = sinkTo(stream);
    await expect(sink.write(batch(1, 1), never)).rejects.toMatchObject({ code: 'BUG' });
    await sink.open(never);
    await expect(sink.open(never)).rejects.toMatchObject({ code: 'BUG' });
    await expect(sink.write(batch(1, 1), AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
    expect(stream.came).toEqual([]);
  });
});
