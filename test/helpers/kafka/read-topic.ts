import { fetchV17, listOffsetsV9, ListOffsetTimestamps } from '@platformatic/kafka';
import type { Broker, RecordsBatch } from '@platformatic/kafka';
import { waitFor } from '../wait-for.ts';
import type { Wire } from './wire.ts';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
}

interface Place {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
  readonly leader: Broker;
}

const FETCH_BYTES = 8 << 20;
const ANY_EPOCH = -1;
const CONTROL = 1 << 5;
const APPEND_TIME = 1 << 3;
/** Leaders move while tests kill brokers. */
const PATIENCE_MS = 60_000;

/** Every record of a topic that is replicated now (up to the high watermarks at the time of the call), by partition and offset. */
export async function visitTopic(wire: Wire, topic: string, visit: (record: ReadRecord) => void): Promise<void> {
  const partitions = await partitionsOf(wire, topic);
  for (const partition of partitions) {
    const [from, to] = await retried(wire, { topic, partition }, (place) => bounds(wire, place));
    for (let offset = from; offset < to;)
      offset = await retried(wire, { topic, partition }, async (place) => {
        const batches = await fetch(wire, place, offset);
        return visitBatches(batches, { partition, from: offset, to }, visit);
      });
  }
}

/** How many records of a topic are replicated now. */
export async function countTopic(wire: Wire, topic: string): Promise<number> {
  let count = 0;
  for (const partition of await partitionsOf(wire, topic)) {
    const [from, to] = await retried(wire, { topic, partition }, (place) => bounds(wire, place));
    count += to - from;
  }
  return count;
}

/** How far each partition is replicated now, by its number; undefined where nobody says so at this moment. Never rejects for a broker that is away. */
export async function endsOf(wire: Wire, topic: string): Promise<(number | undefined)[]> {
  const { brokers, topics } = await wire.metadata([topic]);
  const found = topics.find(({ name }) => name === topic);
  const partitions = (found?.partitions ?? []).toSorted((a, b) => a.partitionIndex - b.partitionIndex);
  const end = async ({ partitionIndex, leaderId }: (typeof partitions)[number]): Promise<number | undefined> => {
    const leader = brokers.find(({ nodeId }) => nodeId === leaderId);
    if (leader === undefined) return undefined;
    const place = { topic, topicId: found?.topicId ?? '', partition: partitionIndex, leader };
    return offsetAt(wire, place, ListOffsetTimestamps.LATEST).catch(() => undefined);
  };
  return Promise.all(partitions.map(end));
}

async function partitionsOf(wire: Wire, topic: string): Promise<number[]> {
  const found = (await wire.metadata([topic])).topics.find(({ name }) => name === topic);
  if (found === undefined || found.errorCode === 3) throw new Error(`there is no topic ${topic}`);
  return found.partitions.map(({ partitionIndex }) => partitionIndex).toSorted((a, b) => a - b);
}

function retried<T>(
  wire: Wire,
  { topic, partition }: { topic: string; partition: number },
  call: (place: Place) => Promise<T>,
): Promise<T> {
  const attempt = async (): Promise<{ result: T } | undefined> => {
    const { brokers, topics } = await wire.metadata([topic]);
    const found = topics.find(({ name }) => name === topic);
    const leaderId = found?.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId;
    const leader = brokers.find(({ nodeId }) => nodeId === leaderId);
    if (found === undefined || leader === undefined) return undefined;
    return { result: await call({ topic, topicId: found.topicId, partition, leader }) };
  };
  return waitFor(attempt, { what: `${topic}/${partition} to be readable`, timeoutMs: PATIENCE_MS, everyMs: 200 }).then(
    ({ result }) => result,
  );
}

async function bounds(wire: Wire, place: Place): Promise<[from: number, to: number]> {
  return [await offsetAt(wire, place, ListOffsetTimestamps.EARLIEST), await offsetAt(wire, place, ListOffsetTimestamps.LATEST)];
}

async function offsetAt(wire: Wire, { topic, partition, leader }: Place, timestamp: bigint): Promise<number> {
  const asked = [{ name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: ANY_EPOCH, timestamp }] }];
  const { topics } = await wire.callAt(leader, listOffsetsV9.api, -1, 0, asked);
  return Number(topics[0]?.partitions[0]?.offset);
}

async function fetch(wire: Wire, { topicId, partition, leader }: Place, offset: number): Promise<RecordsBatch[]> {
  const asked = {
    partition,
    currentLeaderEpoch: ANY_EPOCH,
    fetchOffset: BigInt(offset),
    lastFetchedEpoch: -1,
    partitionMaxBytes: FETCH_BYTES,
  };
  const topics = [{ topicId, partitions: [asked] }];
  const answer = await wire.callAt(leader, fetchV17.api, 500, 1, FETCH_BYTES, 0, 0, -1, topics, [], '');
  return answer.responses[0]?.partitions[0]?.records ?? [];
}

/** Returns the offset to go on at. Batches begin before `from` where that lies within one, and may go beyond `to`. */
function visitBatches(
  batches: readonly RecordsBatch[],
  { partition, from, to }: { partition: number; from: number; to: number },
  visit: (record: ReadRecord) => void,
): number {
  let next = from;
  for (const batch of batches) {
    const base = Number(batch.firstOffset);
    next = base + batch.lastOffsetDelta + 1;
    if ((batch.attributes & CONTROL) !== 0) continue;
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = base + offsetDelta;
      if (offset < from || offset >= to) continue;
      const timestamp = Number((batch.attributes & APPEND_TIME) !== 0 ? batch.maxTimestamp : batch.firstTimestamp + timestampDelta);
      visit({ partition, offset, timestamp, key, value, headers: headers.map(([name, text]) => [String(name), text]) });
    }
  }
  return next;
}
