import { metadataV12, metadataV10, metadataV11, metadataV7, metadataV8, metadataV9 } from '@platformatic/kafka';
import { SingleFlight } from '../../../core/single-flight.ts';
import { KafkaFault } from '../fault.ts';
import type { Broker, ConnectionSettings } from '../settings.ts';
import { Connections, versionFor } from './connections.ts';
import type { Link } from './connections.ts';
import { faultName, faultOf, responseIn } from './fault-of.ts';

const METADATA = 3;
const METADATA_APIS = { 12: metadataV12, 11: metadataV11, 10: metadataV10, 9: metadataV9, 8: metadataV8, 7: metadataV7 } as const;
const METADATA_VERSIONS = [12, 11, 10, 9, 8, 7] as const;

/** A broker that has just started may not know yet what there is. */
const VANISHED_MS = 60_000;

/** As long as Java clients believe what they heard. */
const MAX_AGE_MS = 300_000;

interface Topic {
  /** Broker that leads each partition; undefined: none now. */
  readonly leaders: readonly (Broker | undefined)[];
  readonly sinceMs: number;
}

type MetadataResponse = Awaited<ReturnType<typeof metadataV12.api.async>>;

/** Who leads what. Rejections are KafkaFaults. */
export class Cluster {
  readonly connections: Connections;
  readonly #seeds: readonly Broker[];
  readonly #topics = new Map<string, Topic>();
  readonly #seenMs = new Map<string, number>();
  readonly #asked = new SingleFlight<Topic>();
  #brokers: readonly Broker[] = [];

  constructor(settings: ConnectionSettings) {
    this.connections = new Connections(settings);
    this.#seeds = settings.brokers;
  }

  /** Any broker that answers. */
  any(): Promise<Link> {
    // Those it names may have other addresses than those it was reached by, which stay the way in when all of those have moved.
    return this.connections.toAny([...shuffled(this.#brokers), ...this.#seeds]);
  }

  async topic(name: string): Promise<Topic> {
    const known = this.#topics.get(name);
    if (known !== undefined && performance.now() - known.sinceMs < MAX_AGE_MS) return known;
    return this.#asked.join(name, () => this.#ask(name));
  }

  /** Of all topics that this user may see. */
  async names(): Promise<string[]> {
    const { topics } = await askMetadata(await this.any(), null);
    return topics.flatMap(({ name }) => name ?? []);
  }

  /** A connection to the leader of a partition. */
  async leader(name: string, partition: number): Promise<Link> {
    const { leaders } = await this.topic(name);
    if (partition >= leaders.length) throw this.#gone(name, partition);
    const leader = leaders[partition];
    if (leader === undefined) throw new KafkaFault('LEADER_NOT_AVAILABLE', `partition ${partition} of ${name} has no leader`);
    return this.connections.to(leader);
  }

  #gone(name: string, partition: number): KafkaFault {
    // Others of the cluster may have heard more, or sooner.
    this.forget(name);
    return new KafkaFault('PARTITION_GONE', `the topic ${name} has no partition ${partition} any more`);
  }

  /** What was heard of a topic is not true any more. */
  forget(name: string): void {
    this.#topics.delete(name);
  }

  async #ask(name: string): Promise<Topic> {
    const link = await this.any();
    const response = await askMetadata(link, name);
    this.#brokers = response.brokers.map(({ host, port }) => ({ host, port }));
    const topic = response.topics.find((found) => found.name === name);
    if (topic === undefined || topic.errorCode !== 0) {
      const fault = topic === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : faultName(topic.errorCode);
      throw this.unknown(name, new KafkaFault(fault, `the cluster answers ${fault} for the topic ${name}`));
    }
    const byId = new Map(response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    const leaders: (Broker | undefined)[] = Array.from({ length: topic.partitions.length });
    for (const { partitionIndex, leaderId } of topic.partitions) leaders[partitionIndex] = byId.get(leaderId);
    const found: Topic = { leaders, sinceMs: performance.now() };
    this.#topics.set(name, found);
    this.#seenMs.set(name, found.sinceMs);
    return found;
  }

  /** The fault, unless it says that a topic is unknown that was there a moment ago. */
  unknown(name: string, fault: KafkaFault): KafkaFault {
    if (fault.fault !== 'UNKNOWN_TOPIC_OR_PARTITION') return fault;
    const seenMs = this.#seenMs.get(name) ?? Number.NEGATIVE_INFINITY;
    return performance.now() - seenMs > VANISHED_MS ? fault : new KafkaFault('TOPIC_VANISHED', fault.message, { cause: fault });
  }
}

/**
 * With what a topic's or partition's error leaves: the client throws the whole answer away for it. Topics are never created by asking. null asks for all
 * of them.
 */
async function askMetadata(link: Link, name: string | null): Promise<MetadataResponse> {
  const { api } = METADATA_APIS[versionFor(link, METADATA, METADATA_VERSIONS)];
  try {
    return await api.async(link.connection, name === null ? null : [name], false);
  } catch (error) {
    const response = responseIn(error) as MetadataResponse | undefined;
    if (response === undefined) throw faultOf(error, `${link.connection.host}:${link.connection.port}`);
    return response;
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
