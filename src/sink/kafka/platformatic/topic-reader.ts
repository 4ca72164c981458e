import { setTimeout as sleep } from 'node:timers/promises';
import { fetchV11, fetchV12, listOffsetsV2, listOffsetsV3, listOffsetsV4, listOffsetsV5, listOffsetsV6 } from '@platformatic/kafka';
import type { RecordsBatch } from '@platformatic/kafka';
import { KafkaFault } from '../fault.ts';
import { reactionTo } from '../reaction.ts';
import type { ConnectionSettings } from '../settings.ts';
import { Cluster } from './cluster.ts';
import { versionFor } from './connections.ts';
import { faultOf } from './fault-of.ts';

const FETCH = 1;
const LIST_OFFSETS = 2;
const FETCH_APIS = { 12: fetchV12, 11: fetchV11 } as const;
const LIST_APIS = { 6: listOffsetsV6, 5: listOffsetsV5, 4: listOffsetsV4, 3: listOffsetsV3, 2: listOffsetsV2 } as const;

/** Asked for in place of a time. */
const EARLIEST = -2n;
const LATEST = -1n;
const MAX_BYTES = 8 << 20;
const MAX_WAIT_MS = 1000;
/** A leader may be about to move: as often as that, this long apart, before a fault goes up. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** What a partition holds from `next` on, up to and without `end`. */
interface Extent {
  readonly topic: string;
  readonly partition: number;
  next: bigint;
  readonly end: bigint;
}

export interface StoredRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** null: a tombstone. */
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: Buffer | null, value: Buffer | null])[];
}

/** Reads topics from their beginning to where they ended when the reading began. Rejections are KafkaFaults. */
export class TopicReader {
  readonly #cluster: Cluster;

  constructor(settings: ConnectionSettings) {
    this.#cluster = new Cluster(settings);
  }

  /** The records of all partitions, one partition after the other. All ends are known before the first is read, so that what comes meanwhile is not missed in one and seen in another. */
  async *read(topics: readonly string[]): AsyncGenerator<readonly StoredRecord[]> {
    const extents: Extent[] = [];
    for (const topic of topics) extents.push(...(await this.#extentsOf(topic)));
    for (const extent of extents) yield* this.#readPartition(extent);
  }

  close(): Promise<void> {
    return this.#cluster.connections.close();
  }

  async #extentsOf(topic: string): Promise<Extent[]> {
    const { leaders } = await this.#patiently(() => this.#cluster.topic(topic));
    const extents: Extent[] = [];
    for (const partition of leaders.keys()) {
      const next = await this.#patiently(() => this.#offset({ topic, partition }, EARLIEST));
      extents.push({ topic, partition, next, end: await this.#patiently(() => this.#offset({ topic, partition }, LATEST)) });
    }
    return extents;
  }

  async #offset({ topic, partition }: Pick<Extent, 'topic' | 'partition'>, timestamp: bigint): Promise<bigint> {
    const link = await this.#cluster.leader(topic, partition);
    const { api } = LIST_APIS[versionFor(link, LIST_OFFSETS, [6, 5, 4, 3, 2])];
    const request = [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] }];
    const { topics } = await api.async(link.connection, -1, 0, request).catch((error: unknown) => this.#failed(topic, error));
    const answer = topics[0]?.partitions[0];
    if (answer === undefined) throw new KafkaFault('BUG', `the broker tells no offset of partition ${partition} of ${topic}`);
    return answer.offset;
  }

  async *#readPartition(extent: Extent): AsyncGenerator<readonly StoredRecord[]> {
    let empty = 0;
    while (extent.next < extent.end) {
      const batches = await this.#patiently(() => this.#fetch(extent));
      const records = batches.flatMap((batch) => recordsOf(batch, extent));
      const last = batches.at(-1);
      empty = last === undefined ? empty + 1 : 0;
      if (empty > ATTEMPTS)
        throw new KafkaFault('TIMEOUT', `the broker gives nothing of ${extent.topic}/${extent.partition} from ${extent.next} on`);
      if (last !== undefined) extent.next = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
      if (records.length > 0) yield records;
    }
  }

  async #fetch({ topic, partition, next }: Extent): Promise<readonly RecordsBatch[]> {
    const link = await this.#cluster.leader(topic, partition);
    const { api } = FETCH_APIS[versionFor(link, FETCH, [12, 11])];
    const from = { partition, currentLeaderEpoch: -1, fetchOffset: next, lastFetchedEpoch: -1, partitionMaxBytes: MAX_BYTES };
    const { responses } = await api
      .async(link.connection, MAX_WAIT_MS, 1, MAX_BYTES, 0, 0, -1, [{ topicId: topic, partitions: [from] }], [], '')
      .catch((error: unknown) => this.#failed(topic, error));
    return responses[0]?.partitions[0]?.records ?? [];
  }

  #failed(topic: string, error: unknown): never {
    const fault = faultOf(error, 'the broker');
    this.#cluster.forget(topic);
    throw this.#cluster.unknown(topic, fault);
  }

  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof KafkaFault) || reactionTo(error.fault).action !== 'again' || attempt >= ATTEMPTS) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }
}

/** A batch may begin before what was asked for, and go beyond the end. Control batches hold no events. */
function recordsOf({ firstOffset, attributes, records }: RecordsBatch, { topic, partition, next, end }: Extent): StoredRecord[] {
  if ((attributes & 0x20) !== 0) return [];
  return records.flatMap(({ offsetDelta, value, headers }) => {
    const offset = firstOffset + BigInt(offsetDelta);
    return offset < next || offset >= end ? [] : [{ topic, partition, offset, value, headers }];
  });
}
