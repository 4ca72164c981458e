import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { KafkaFault } from '../../../../src/sink/kafka/fault.ts';
import { MAX_IN_FLIGHT } from '../../../../src/sink/kafka/kafka-sink.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { FakeDriver } from './fake-driver.ts';
import type { Answer } from './fake-driver.ts';
import { logOf, never, once, opened, turns } from './opened-sink.ts';

describe('a Kafka sink', () => {
  test('lets nothing past a batch whose outcome is unknown', async () => {
    const driver = new FakeDriver();
    driver.answer = once({ fault: 'NETWORK', appends: true });
    const sink = await opened(driver);
    const [first, second] = [batch(1, 2), batch(3, 4)];
    const failing = sink.write(first, never);
    const next = sink.write(second, never);
    await expect(failing).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(driver.attempts.length).toBe(1);
    await sink.write(first, never);
    await next;
    expect(logOf(driver)).toEqual([1, 2, 3, 4]);
  });

  test.each(['NOT_ENOUGH_REPLICAS', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION', 'NETWORK'])(
    'lets nothing past a batch of its partition after %s, and holds back no other partition',
    async (fault) => {
      const driver = new FakeDriver();
      driver.partitionCount = 2;
      const sink = await opened(driver, 4);
      driver.answer = ({ partition }) => (partition === 0 ? { fault } : undefined);
      const [first, second] = [batch(1, 4), batch(5, 8)];
      await expect(sink.write(first, never)).rejects.toBeInstanceOf(AgentError);
      const next = sink.write(second, never);
      await turns();
      driver.answer = () => undefined;
      await turns();
      const elsewhere = logOf(driver, 1);
      expect(elsewhere.some((sequence) => sequence > 4)).toBe(true);
      expect(logOf(driver)).toEqual([]);
      await sink.write(first, never);
      await next;
      expect(logOf(driver)).toEqual(logOf(driver).toSorted((a, b) => a - b));
      expect([...elsewhere, ...logOf(driver)].length).toBe(8);
    },
  );

  test('keeps the order of batches while it is not known where they go', async () => {
    const driver = new FakeDriver();
    const sink = await opened(driver);
    vi.spyOn(driver, 'partitions').mockRejectedValueOnce(new KafkaFault('NETWORK', 'away'));
    const [first, second] = [batch(1, 2), batch(3, 4)];
    await expect(sink.write(first, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    const next = sink.write(second, never);
    await turns();
    expect(driver.attempts).toEqual([]);
    await Promise.all([next, sink.write(first, never)]);
    expect(logOf(driver)).toEqual([1, 2, 3, 4]);
  });

  test('sends events on although the topic of what the agent says of itself is not there', async () => {
    const driver = new FakeDriver();
    const sink = await opened(driver, 1, { agentTopic: 'agent' });
    const unknown = new KafkaFault('UNKNOWN_TOPIC_OR_PARTITION', 'no such topic');
    vi.spyOn(driver, 'partitions').mockImplementation((topic) => (topic === 'agent' ? Promise.reject(unknown) : Promise.resolve(1)));
    const mixed = batchOf(record(1), record(2, 16, 'agent'), record(3));
    await expect(sink.write(mixed, never)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    await sink.write(batch(4, 5), never);
    expect(logOf(driver)).toEqual([1, 3, 4, 5]);
    vi.restoreAllMocks();
    await sink.write(mixed, never);
    expect(logOf(driver)).toEqual([1, 3, 4, 5, 2]);
  });

  test.each([0, 1])('is to be tried again soon where anything of a batch is', async (soon) => {
    const driver = new FakeDriver();
    driver.partitionCount = 2;
    const sink = await opened(driver, 4);
    driver.answer = ({ partition }) => ({ fault: partition === soon ? 'NOT_ENOUGH_REPLICAS' : 'TOPIC_AUTHORIZATION_FAILED' });
    await expect(sink.write(batch(1, 4), never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  });

  test('does not let a partition wait for what another one needs somebody for', async () => {
    const driver = new FakeDriver();
    driver.partitionCount = 2;
    const sink = await opened(driver, 4);
    driver.answer = ({ partition }) => (partition === 0 ? { fault: 'TOPIC_AUTHORIZATION_FAILED' } : undefined);
    const [held, mixed] = [batch(1, 4), batch(5, 8)];
    await expect(sink.write(held, never)).rejects.toMatchObject({ code: 'SINK_REFUSED' });
    driver.answer = ({ partition }) => ({ fault: partition === 0 ? 'TOPIC_AUTHORIZATION_FAILED' : 'NETWORK' });
    await expect(sink.write(mixed, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', context: { fault: 'NETWORK' } });
    driver.answer = () => undefined;
    const again = sink.write(mixed, never);
    await turns();
    expect(logOf(driver, 1).some((sequence) => sequence > 4)).toBe(true);
    expect(logOf(driver)).toEqual([]);
    await Promise.all([sink.write(held, never), again]);
    expect(logOf(driver)).toEqual(logOf(driver).toSorted((a, b) => a - b));
    expect([...logOf(driver, 0), ...logOf(driver, 1)].length).toBe(8);
  });

  test.each([
    ['has not arrived', 'NOT_ENOUGH_REPLICAS', false, 0],
    ['may have arrived', 'TIMEOUT', true, 2],
  ])('waits no longer for a batch that %s when nobody will come with it again', async (_, fault, appends, twice) => {
    const driver = new FakeDriver();
    driver.answer = once({ fault, appends });
    const sink = await opened(driver);
    const ending = new AbortController();
    await expect(sink.write(batch(1, 2), ending.signal)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    const next = sink.write(batch(3, 4), never);
    await turns();
    expect(driver.attempts.length).toBe(1);
    ending.abort(new Error('handed over'));
    await next;
    await sink.write(batch(1, 4), never);
    expect(driver.renewed).toEqual(appends ? [0] : []);
    expect(logOf(driver)).toEqual([...(appends ? [1, 2] : []), 3, 4, 1, 2, 3, 4]);
    expect(sink.counters.possibleDuplicates).toBe(twice);
  });

  test('sends nothing under the sequence of what is on its way when its write is aborted', async () => {
    const driver = new FakeDriver();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    driver.answer = () => (driver.attempts.length === 1 ? promise : undefined);
    const sink = await opened(driver);
    const ending = new AbortController();
    const first = sink.write(batch(1, 2), ending.signal);
    await turns();
    ending.abort(new Error('handed over'));
    await expect(first).rejects.toThrow('handed over');
    const repacked = sink.write(batch(1, 4), never);
    await turns();
    expect(driver.attempts.length).toBe(1);
    resolve({ fault: 'NETWORK', appends: true });
    await repacked;
    expect(driver.renewed).toEqual([0]);
    expect(logOf(driver)).toEqual([1, 2, 1, 2, 3, 4]);
    expect(sink.counters.possibleDuplicates).toBe(2);
  });

  test('renews its producer for what comes next until that works', async () => {
    const driver = new FakeDriver();
    driver.answer = once({ fault: 'TIMEOUT', appends: true });
    const sink = await opened(driver);
    const ending = new AbortController();
    await expect(sink.write(batch(1, 2), ending.signal)).rejects.toBeInstanceOf(AgentError);
    ending.abort(new Error('handed over'));
    vi.spyOn(driver, 'renew').mockRejectedValueOnce(new KafkaFault('NETWORK', 'away'));
    await expect(sink.write(batch(3, 4), never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    expect(driver.attempts.length).toBe(1);
  });

  test('counts what comes twice when a batch is taken apart', async () => {
    const driver = new FakeDriver();
    driver.partitionCount = 2;
    const sink = await opened(driver, 4);
    driver.answer = ({ partition }) => (partition === 0 ? { fault: 'BUG' } : undefined);
    await expect(sink.write(batch(1, 4), never)).rejects.toMatchObject({ code: 'BUG' });
    expect(sink.counters.possibleDuplicates).toBe(logOf(driver, 1).length);
    driver.answer = () => undefined;
    await sink.write(batch(1, 2), never);
    await sink.write(batch(3, 4), never);
    expect(logOf(driver).length).toBe(4 - logOf(driver, 1).length / 2);
  });

  test('makes the next batch ready while one is on its way, and no more than that', async () => {
    const driver = new FakeDriver();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    driver.answer = () => promise;
    const prepare = vi.spyOn(driver, 'prepare');
    const sink = await opened(driver);
    const writes = Array.from({ length: MAX_IN_FLIGHT }, (_, i) => sink.write(batch(2 * i + 1, 2 * i + 2), never));
    await turns();
    expect([driver.attempts.length, prepare.mock.calls.length]).toEqual([1, 2]);
    resolve(undefined);
    await Promise.all(writes);
    expect(prepare).toHaveBeenCalledTimes(MAX_IN_FLIGHT);
    expect(logOf(driver)).toEqual(Array.from({ length: 2 * MAX_IN_FLIGHT }, (_, i) => i + 1));
  });

  test('gives up an aborted write that waits for its turn, and keeps what is on its way in order', async () => {
    const driver = new FakeDriver();
    const { promise, resolve } = Promise.withResolvers<Answer>();
    driver.answer = () => promise;
    const sink = await opened(driver);
    const first = sink.write(batch(1, 2), never);
    const stop = new AbortController();
    const second = sink.write(batch(3, 4), stop.signal);
    stop.abort(new Error('stop now'));
    await expect(second).rejects.toThrow('stop now');
    resolve(undefined);
    await first;
    expect(logOf(driver)).toEqual([1, 2]);
  });
});
