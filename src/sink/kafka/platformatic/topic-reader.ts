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
/** Compressed: a batch of the sink or two, or many small ones. What is unpacked of it is in memory at once, ten times as much and more. */
const MAX_BYTES = 1 << 18;
const MAX_WAIT_MS = 1000;
/** A leader may be about to move: as often as that, this long apart, before a fault goes up. */
const ATTEMPTS = 20;
const PAUSE_MS = 500;

/** What a partition holds from `next` on, up to and without `end`. */
interface Extent {
  readonly topic: string;
  readonly partition: number;
  /** Where it began when the reading began: more than 0 where something was removed before. */
  readonly begin: bigint;
  next: bigint;
  readonly end: bigint;
  /** Record time up to which it has been read, in milliseconds. */
  reached: bigint;
}

export type Bounds = Pick<Extent, 'topic' | 'partition' | 'begin' | 'end'>;

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
  /** A broker has answered. */
  #isThere = false;

  constructor(settings: ConnectionSettings) {
    this.#cluster = new Cluster(settings);
  }

  /** All topics that this user may see. */
  async names(): Promise<string[]> {
    return this.#patiently(() => this.#cluster.names());
  }

  /**
   * The records of all partitions, a piece of one at a time, that which is behind in time first: so what is said at one time comes together, wherever
   * it is. All ends are known, in the order of `topics`, before the first is read, so that what comes meanwhile is not missed in one and seen in
   * another; `onBounds` is told of them.
   */
  async *read(topics: readonly string[], onBounds?: (bounds: readonly Bounds[]) => void): AsyncGenerator<readonly StoredRecord[]> {
    const extents: Extent[] = [];
    for (const topic of topics) extents.push(...(await this.#extentsOf(topic)));
    onBounds?.(extents);
    const left = new Set(extents.filter(({ next, end }) => next < end));
    while (left.size > 0) {
      const extent = earliest(left);
      const records = await this.#readPiece(extent);
      if (records.length > 0) yield records;
      if (extent.next >= extent.end) left.delete(extent);
    }
  }

  close(): Promise<void> {
    return this.#cluster.connections.close();
  }

  async #extentsOf(topic: string): Promise<Extent[]> {
    const { leaders } = await this.#patiently(() => this.#cluster.topic(topic));
    const extents: Extent[] = [];
    for (const partition of leaders.keys()) {
      const next = await this.#patiently(() => this.#offset({ topic, partition }, EARLIEST));
      const end = await this.#patiently(() => this.#offset({ topic, partition }, LATEST));
      extents.push({ topic, partition, begin: next, next, end, reached: -1n });
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

  async #readPiece(extent: Extent): Promise<readonly StoredRecord[]> {
    for (let empty = 0; empty <= ATTEMPTS; empty += 1) {
      const batches = await this.#patiently(() => this.#fetchOrSkip(extent));
      const records = batches.flatMap((batch) => recordsOf(batch, extent));
      const last = batches.at(-1);
      if (last === undefined && extent.next < extent.end) continue;
      if (last !== undefined) {
        extent.next = last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
        extent.reached = last.maxTimestamp;
      }
      return records;
    }
    throw new KafkaFault('TIMEOUT', `the broker gives nothing of ${extent.topic}/${extent.partition} from ${extent.next} on`);
  }

  /** Retention may take what was to be read next. */
  async #fetchOrSkip(extent: Extent): Promise<readonly RecordsBatch[]> {
    try {
      return await this.#fetch(extent);
    } catch (error) {
      if (!(error instanceof KafkaFault) || error.fault !== 'OFFSET_OUT_OF_RANGE') throw error;
      const begin = await this.#offset(extent, EARLIEST);
      if (begin <= extent.next) throw error;
      extent.next = begin;
      return [];
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
        const answer = await ask();
        this.#isThere = true;
        return answer;
      } catch (error) {
        if (!(error instanceof KafkaFault) || reactionTo(error.fault).action !== 'again' || attempt >= ATTEMPTS) throw error;
        // Nobody waits for a cluster of which nothing is known yet, perhaps not even its right address.
        if (!this.#isThere && (error.fault === 'NETWORK' || error.fault === 'TIMEOUT')) throw error;
        await sleep(PAUSE_MS);
      }
    }
  }
}

/** That which is behind the others; of those that are as far, the first. */
function earliest(extents: Iterable<Extent>): Extent {
  let found: Extent | undefined;
  for (const extent of extents) if (found === undefined || extent.reached < found.reached) found = extent;
  return found as Extent;
}

/** A batch may begin before what was asked for, and go beyond the end. Control batches hold no events. */
function recordsOf({ firstOffset, attributes, records }: RecordsBatch, { topic, partition, next, end }: Extent): StoredRecord[] {
  if ((attributes & 0x20) !== 0) return [];
  return records.flatMap(({ offsetDelta, value, headers }) => {
    const offset = firstOffset + BigInt(offsetDelta);
    return offset < next || offset >= end ? [] : [{ topic, partition, offset, value, headers }];
  });
}
