import { describe, expect, test } from 'vitest';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { Splitter } from '../../../../src/sink/kafka/splitter.ts';
import { batch } from '../../../contract/records.ts';

const envelope = { prefix: new Uint8Array(0), headers: [], eventIdPrefix: 'a:' };

describe('a batch that is split', () => {
  test('has the addresses looked at once, before the first', async () => {
    const said: string[] = [];
    const addressOf = ({ sequence }: Encoded) => (said.push(`${sequence}`), { topic: 't', key: Buffer.from('k'), envelope });
    const splitter = new Splitter(Object.assign(addressOf, { refresh: () => said.push('refresh') }));
    for (const { items } of [batch(1, 2), batch(3, 4)]) await splitter.split(items, () => Promise.resolve(1));
    expect(said).toEqual(['refresh', '1', '2', 'refresh', '3', '4']);
  });

  test('asks once how many partitions a topic has, however many keys there are', async () => {
    const asked: string[] = [];
    const splitter = new Splitter(({ sequence }) => ({
      topic: sequence % 2 === 0 ? 'even' : 'odd',
      key: Buffer.from(`entity-${sequence % 5}`),
      envelope,
    }));
    // A topic grows while it is asked: the keys of this batch keep their partitions.
    const targets = await splitter.split(batch(1, 100).items, (topic) => Promise.resolve(3 + asked.push(topic)));
    expect(asked.toSorted()).toEqual(['even', 'odd']);
    const partitionsOfKey = new Map<string, Set<number>>();
    for (const { topic, partition, records } of targets)
      for (const { key } of records) {
        const name = `${topic} ${String(key)}`;
        partitionsOfKey.set(name, (partitionsOfKey.get(name) ?? new Set()).add(partition));
      }
    expect([...partitionsOfKey.values()].map((partitions) => partitions.size)).toEqual(Array.from({ length: 10 }, () => 1));
  });
});
