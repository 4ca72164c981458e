import { describe, expect, test } from 'vitest';
import { PartitionCounts } from '../../../../../src/sink/kafka/kafkajs/partition-counts.ts';

describe('counts of partitions', () => {
  test('are asked for once, however many want to know', async () => {
    const asked: string[] = [];
    const counts = new PartitionCounts((topic) => Promise.resolve(asked.push(topic)));
    expect(await Promise.all(['a', 'a', 'b'].map((topic) => counts.of(topic)))).toEqual([1, 1, 2]);
    expect(await counts.of('a')).toBe(1);
    counts.forget('a');
    expect(await counts.of('a')).toBe(3);
    expect(asked).toEqual(['a', 'b', 'a']);
  });

  test('are asked for again after five minutes, as partitions may be added', async () => {
    let nowMs = 0;
    let count = 3;
    const counts = new PartitionCounts(
      () => Promise.resolve(count),
      () => nowMs,
    );
    expect(await counts.of('a')).toBe(3);
    count = 4;
    nowMs = 299_999;
    expect(await counts.of('a')).toBe(3);
    nowMs = 300_000;
    expect(await counts.of('a')).toBe(4);
  });

  test('are asked for again when they could not be had', async () => {
    let failures = 1;
    const counts = new PartitionCounts(() => (failures-- > 0 ? Promise.reject(new Error('nobody answers')) : Promise.resolve(6)));
    await expect(counts.of('a')).rejects.toThrow('nobody answers');
    expect(await counts.of('a')).toBe(6);
  });
});
