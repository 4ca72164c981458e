import { afterEach, describe, expect, test, vi } from 'vitest';
import { batch } from '../../../contract/records.ts';
import { FakeDriver } from './fake-driver.ts';
import { logOf, never, opened } from './opened-sink.ts';

afterEach(() => void vi.useRealTimers());

describe('a Kafka sink', () => {
  test('asks somebody to set the clock where the present is refused, too, and tries no more often than that', async () => {
    const driver = new FakeDriver();
    driver.answer = () => ({ fault: 'INVALID_TIMESTAMP' });
    const sink = await opened(driver);
    const refused = batch(1, 4);
    for (const attempts of [2, 3]) {
      await expect(sink.write(refused, never)).rejects.toMatchObject({
        code: 'SINK_REFUSED',
        fix: expect.stringContaining('Set the clock') as string,
      });
      expect([driver.attempts.length, sink.counters.retimed]).toEqual([attempts, 4]);
    }
    driver.answer = () => undefined;
    await sink.write(refused, never);
    expect(logOf(driver)).toEqual([1, 2, 3, 4]);
  });

  test('finds each that is refused among many, and sends none of the others twice', async () => {
    const driver = new FakeDriver();
    const isBad = (sequence: number): boolean => sequence % 2 === 0;
    driver.answer = ({ sequences }) => (sequences.some(isBad) ? { fault: 'INVALID_RECORD' } : undefined);
    const sink = await opened(driver);
    const rejected = Array.from({ length: 200 }, (_, i) => 2 * i + 1);
    await expect(sink.write(batch(1, 400), never)).rejects.toMatchObject({ code: 'RECORD_REJECTED', context: { rejected, landed: 200 } });
    expect(logOf(driver)).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i + 1));
  });

  test('sends what is left to where its keys belong now, once a topic has had fewer partitions for a while', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const driver = new FakeDriver();
    driver.partitionCount = 6;
    driver.answer = ({ partition }) => (partition >= driver.partitionCount ? { fault: 'PARTITION_GONE' } : undefined);
    const sink = await opened(driver, 12);
    await sink.write(batch(1, 24), never);
    const before = new Map([...driver.logs].map(([partition, log]) => [partition, log.length]));
    driver.partitionCount = 6;
    driver.answer = ({ partition }) => (partition >= 3 ? { fault: 'PARTITION_GONE' } : undefined);
    const [second, third] = [batch(25, 48), batch(49, 72)];
    await expect(sink.write(second, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    driver.partitionCount = 3;
    vi.advanceTimersByTime(4000);
    await expect(sink.write(second, never)).rejects.toMatchObject({ code: 'SINK_UNREACHABLE' });
    vi.advanceTimersByTime(2000);
    await Promise.all([sink.write(second, never), sink.write(third, never)]);
    const since = [...driver.logs].flatMap(([partition, log]) => (partition < 3 ? log.slice(before.get(partition)) : []));
    expect(since.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 48 }, (_, i) => 25 + i));
    expect([3, 4, 5].map((partition) => logOf(driver, partition).length)).toEqual([3, 4, 5].map((partition) => before.get(partition) ?? 0));
    expect(sink.counters.possibleDuplicates).toBe(0);
  });
});
