import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Batch } from '../../../../src/core/batch.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError, asAgentError } from '../../../../src/core/errors.ts';
import { KafkaFault } from '../../../../src/sink/kafka/fault.ts';
import type { KafkaSink } from '../../../../src/sink/kafka/kafka-sink.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { FakeDriver } from './fake-driver.ts';
import { logOf, never, once, opened } from './opened-sink.ts';

/** As the delivery policy does: again and again until it is taken, what is refused set aside. */
async function deliver(sink: KafkaSink, items: Batch<Encoded>): Promise<readonly number[]> {
  for (;;) {
    const error = await sink.write(items, never).then(
      () => undefined,
      (reason: unknown) => asAgentError(reason),
    );
    if (error === undefined) return [];
    if (error.code === 'BUG') throw error;
    if (error.code !== 'RECORD_REJECTED') continue;
    return (error.context['rejected'] as number[]).map((index) => (items.items[index] as Encoded).sequence);
  }
}

describe('a Kafka sink', () => {
  test('sends what it is given to the partition of its key, in order', async () => {
    const driver = new FakeDriver();
    driver.partitionCount = 3;
    const sink = await opened(driver, 5);
    await sink.write(batch(1, 40), never);
    expect([...driver.logs.values()].flat().toSorted((a, b) => a - b)).toEqual(batch(1, 40).items.map(({ sequence }) => sequence));
    for (const log of driver.logs.values()) expect(log).toEqual(log.toSorted((a, b) => a - b));
    expect(driver.attempts.length).toBe(driver.logs.size);
  });

  test('sends a batch whose outcome is unknown again as it was, so that the broker recognises it', async () => {
    const driver = new FakeDriver();
    driver.answer = once({ fault: 'TIMEOUT', appends: true });
    const sink = await opened(driver);
    const items = batch(1, 3);
    await expect(sink.write(items, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    await sink.write(items, never);
    expect(driver.attempts[1]?.prepared).toBe(driver.attempts[0]?.prepared);
    expect(logOf(driver)).toEqual([1, 2, 3]);
  });

  test.each(['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR', 'NETWORK'])(
    'does not open, but may be tried again, after %s',
    async (fault) => {
      const driver = new FakeDriver();
      driver.opening = () => Promise.reject(new KafkaFault(fault, `answers ${fault}`));
      await expect(opened(driver)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE', retry: 'backoff' });
    },
  );

  test('does not send again what was acknowledged when the rest of its batch has to be', async () => {
    const driver = new FakeDriver();
    driver.partitionCount = 2;
    const sink = await opened(driver, 4);
    driver.answer = ({ partition }) => (partition === 1 ? { fault: 'NOT_ENOUGH_REPLICAS' } : undefined);
    const items = batch(1, 20);
    await expect(sink.write(items, never)).rejects.toBeInstanceOf(AgentError);
    driver.answer = () => undefined;
    await sink.write(items, never);
    expect(driver.attempts.filter(({ partition }) => partition === 0).length).toBe(1);
    expect([...logOf(driver, 0), ...logOf(driver, 1)].length).toBe(20);
  });

  test('splits what is too large, and remembers the size', async () => {
    const driver = new FakeDriver();
    driver.answer = ({ prepared }) => (prepared.bytes > 30_000 ? { fault: 'MESSAGE_TOO_LARGE' } : undefined);
    const sink = await opened(driver);
    await sink.write(batch(1, 100), never);
    expect(logOf(driver)).toEqual(batch(1, 100).items.map(({ sequence }) => sequence));
    const before = driver.attempts.length;
    await sink.write(batch(101, 200), never);
    const sizes = driver.attempts.slice(before).map(({ prepared }) => prepared.bytes);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(30_000);
    expect(logOf(driver).length).toBe(200);
  });

  test('cuts what is larger than brokers usually take, and makes nothing too large any more once it knows how large records are', async () => {
    const driver = new FakeDriver();
    const prepare = vi.spyOn(driver, 'prepare');
    const sink = await opened(driver);
    for (const [from, to] of [
      [1, 3000],
      [3001, 6000],
    ] as const)
      await sink.write(batch(from, to), never);
    expect(driver.attempts.map(({ sequences }) => sequences.length)).toEqual([1000, 1000, 1000, 1000, 1000, 1000]);
    expect(prepare.mock.calls.map(([{ records }]) => records.length)).toEqual([3000, 1000, 1000, 1000, 1000, 1000, 1000]);
  });

  test('makes batches no longer than the driver can take', async () => {
    const driver = new FakeDriver();
    driver.maxRecords = 30;
    const sink = await opened(driver);
    await sink.write(batch(1, 100), never);
    expect(driver.attempts.map(({ sequences }) => sequences.length)).toEqual([25, 25, 25, 25]);
    expect(logOf(driver)).toEqual(batch(1, 100).items.map(({ sequence }) => sequence));
  });

  test('refuses the one record that is too large by itself, and delivers its neighbours', async () => {
    const driver = new FakeDriver();
    driver.answer = ({ sequences }) => (sequences.includes(7) ? { fault: 'MESSAGE_TOO_LARGE' } : undefined);
    const sink = await opened(driver);
    const items = batch(1, 10);
    await expect(sink.write(items, never)).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      context: { rejected: [6], landed: 9, fault: 'MESSAGE_TOO_LARGE' },
    });
    expect(logOf(driver)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
  });

  test('refuses the records that the broker names, and delivers the others at once', async () => {
    const driver = new FakeDriver();
    driver.answer = ({ sequences }) => {
      const refused = sequences.flatMap((sequence, index) => (sequence % 4 === 0 ? [index] : []));
      return refused.length > 0 ? { fault: 'INVALID_RECORD', refused } : undefined;
    };
    const sink = await opened(driver);
    await expect(sink.write(batch(1, 9), never)).rejects.toMatchObject({
      code: 'RECORD_REJECTED',
      context: { rejected: [3, 7], landed: 7 },
    });
    expect(logOf(driver)).toEqual([1, 2, 3, 5, 6, 7, 9]);
    expect(driver.attempts.length).toBe(2);
  });

  test('takes a new producer before it sends other bytes where some may have arrived, and counts what may come twice', async () => {
    const driver = new FakeDriver();
    let attempts = 0;
    driver.answer = () => {
      attempts += 1;
      if (attempts === 1) return { fault: 'TIMEOUT' };
      return attempts === 2 ? { fault: 'MESSAGE_TOO_LARGE' } : undefined;
    };
    const sink = await opened(driver);
    expect(await deliver(sink, batch(1, 4))).toEqual([]);
    expect(driver.renewed).toEqual([0]);
    expect(sink.counters.possibleDuplicates).toBe(4);
    expect(logOf(driver)).toEqual([1, 2, 3, 4]);
  });

  test('keeps its producer where a refusal leaves no doubt', async () => {
    const driver = new FakeDriver();
    driver.answer = once({ fault: 'MESSAGE_TOO_LARGE' });
    const sink = await opened(driver);
    await sink.write(batch(1, 4), never);
    expect(driver.renewed).toEqual([]);
    expect(sink.counters.possibleDuplicates).toBe(0);
  });

  test.each(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID', 'INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED'])(
    'goes on as a new producer after %s',
    async (fault) => {
      const driver = new FakeDriver();
      driver.answer = once({ fault });
      const sink = await opened(driver);
      await sink.write(batch(1, 4), never);
      expect(driver.renewed).toEqual([0]);
      expect(logOf(driver)).toEqual([1, 2, 3, 4]);
    },
  );

  test('refuses what has no place of its own, and delivers its neighbours', async () => {
    const driver = new FakeDriver();
    const foreign = new AgentError('RECORD_REJECTED', 'of another schema');
    const sink = await opened(driver, 1, { refuse: (sequence) => (sequence === 3 ? foreign : undefined) });
    await expect(sink.write(batch(1, 4), never)).rejects.toBe(foreign);
    for (const rest of [batch(1, 2), batch(4, 4)]) await sink.write(rest, never);
    await expect(sink.write(batch(3, 3), never)).rejects.toBe(foreign);
    expect(logOf(driver)).toEqual([1, 2, 4]);
    expect(sink.counters.possibleDuplicates).toBe(0);
  });

  test('gives old events the present as record time where the broker refuses theirs', async () => {
    const driver = new FakeDriver();
    driver.answer = ({ nowMs }) => (nowMs === undefined ? { fault: 'INVALID_TIMESTAMP' } : undefined);
    const sink = await opened(driver);
    await sink.write(batch(1, 4), never);
    expect(logOf(driver)).toEqual([1, 2, 3, 4]);
    expect(sink.counters.retimed).toBe(4);
  });

  test('takes it for delivered when the broker has it already', async () => {
    const driver = new FakeDriver();
    driver.answer = once({ fault: 'DUPLICATE_SEQUENCE_NUMBER' });
    const sink = await opened(driver);
    await sink.write(batch(1, 4), never);
    expect(driver.attempts.length).toBe(1);
  });

  test.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', /Create the topic/],
    ['TOPIC_AUTHORIZATION_FAILED', /Allow this user/],
    ['SASL_AUTHENTICATION_FAILED', /sasl/],
    ['TLS', /tls\.ca/],
  ])('holds what it has after %s, and says what to do', async (fault, fix) => {
    const driver = new FakeDriver();
    driver.answer = once({ fault });
    const sink = await opened(driver);
    await expect(sink.write(batch(1, 4), never)).rejects.toMatchObject({ code: 'SINK_REFUSED', fix: expect.stringMatching(fix) as string });
  });

  test('does not go on for ever where a broker asks for the same again and again', async () => {
    const driver = new FakeDriver();
    driver.answer = () => ({ fault: 'OUT_OF_ORDER_SEQUENCE_NUMBER' });
    const sink = await opened(driver);
    await expect(sink.write(batch(1, 4), never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
  });

  test('loses nothing, invents nothing, keeps the order and counts what may have come twice, whatever brokers answer', async () => {
    const faults = [
      'TIMEOUT',
      'NETWORK',
      'NOT_LEADER_OR_FOLLOWER',
      'NOT_ENOUGH_REPLICAS',
      'MESSAGE_TOO_LARGE',
      'INVALID_TIMESTAMP',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    ];
    const unsure = new Set(['TIMEOUT', 'NETWORK', 'NOT_LEADER_OR_FOLLOWER']);
    const step = fc.record({ fault: fc.option(fc.constantFrom(...faults), { nil: undefined, freq: 2 }), appends: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }),
        async (steps, sizes) => {
          const driver = new FakeDriver();
          const script = [...steps];
          driver.answer = () => {
            const next = script.shift();
            if (next?.fault === undefined) return undefined;
            return { fault: next.fault, appends: next.appends && unsure.has(next.fault) };
          };
          const sink = await opened(driver);
          let from = 1;
          const batches = sizes.map((size) => batch(from, (from += size) - 1));
          const refused = (await Promise.all(batches.map((items) => deliver(sink, items)))).flat();
          const log = logOf(driver);
          const twice = log.length - new Set(log).size;
          expect([...new Set([...log, ...refused])].toSorted((a, b) => a - b)).toEqual(
            batches.flatMap(({ items }) => items.map(({ sequence }) => sequence)),
          );
          expect(twice).toBeLessThanOrEqual(sink.counters.possibleDuplicates);
          const firsts = [...new Set(log)];
          expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('takes an event of a topic for each stream, and an empty batch', async () => {
    const driver = new FakeDriver();
    const sink = await opened(driver);
    await sink.write(batchOf(), never);
    await sink.write(batchOf(record(1), record(2, 16, 'agent')), never);
    expect(logOf(driver)).toEqual([1, 2]);
  });
});
