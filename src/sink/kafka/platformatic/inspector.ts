import { setTimeout as sleep } from 'node:timers/promises';
import {
  describeConfigsV1,
  describeConfigsV2,
  describeConfigsV3,
  describeConfigsV4,
  metadataV10,
  metadataV11,
  metadataV12,
  metadataV7,
  metadataV8,
  metadataV9,
} from '@platformatic/kafka';
import { KafkaFault } from '../fault.ts';
import type { Broker, ConnectionSettings } from '../settings.ts';
import { Connections, versionFor } from './connections.ts';
import type { Link } from './connections.ts';
import { faultName, faultOf, responseIn } from './fault-of.ts';
import { PlatformaticDriver } from './platformatic-driver.ts';
import { PRODUCE_VERSIONS } from './produce.ts';

const PRODUCE = 0;
const METADATA = 3;
const DESCRIBE_CONFIGS = 32;
const METADATA_APIS = { 12: metadataV12, 11: metadataV11, 10: metadataV10, 9: metadataV9, 8: metadataV8, 7: metadataV7 } as const;
const CONFIG_APIS = { 4: describeConfigsV4, 3: describeConfigsV3, 2: describeConfigsV2, 1: describeConfigsV1 } as const;
/** Number of topics among the resources of DescribeConfigs. */
const TOPIC = 2;
/** Bit of WRITE among authorized operations. */
const WRITE = 1 << 4;
/** A broker that was not asked, or is too old to tell. */
const UNTOLD = -(2 ** 31);
const ATTEMPTS = 20;
const PAUSE_MS = 250;

export interface ClusterMember extends Broker {
  readonly id: number;
}

/** A broker that answers, to whom we have said who we are. */
export interface BrokerReport {
  /** The versions it knows of the produce request. */
  readonly produce: { readonly min: number; readonly max: number };
  /** The one of them that we speak. */
  readonly speaks: number;
  /** All brokers that are up, by the addresses that clients are told. */
  readonly members: readonly ClusterMember[];
}

export interface PartitionReport {
  /** Whether there is a broker that leads it. */
  readonly isLed: boolean;
  readonly replicas: number;
  readonly inSync: number;
}

export interface TopicReport {
  readonly name: string;
  readonly partitions: readonly PartitionReport[];
  /** Whether we may write to it; null: the cluster does not tell. */
  readonly mayWrite: boolean | null;
}

type MetadataResponse = Awaited<ReturnType<typeof metadataV12.api.async>>;
type ConfigResponse = Awaited<ReturnType<typeof describeConfigsV4.api.async>>;

/** Asks a cluster what a producer would meet there. Writes nothing but the id of a producer. Rejections are KafkaFaults. */
export class ClusterInspector {
  readonly #settings: ConnectionSettings;
  readonly #connections: Connections;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#connections = new Connections(settings);
  }

  /** The broker at this address. */
  async broker(address: Broker): Promise<BrokerReport> {
    const link = await this.#connections.to(address);
    // Versions are told to anybody: only the next request shows that the listener is content with us.
    const { brokers } = await askMetadata(link, []);
    return {
      produce: link.versions.get(PRODUCE) ?? { min: 0, max: 0 },
      speaks: versionFor(link, PRODUCE, PRODUCE_VERSIONS),
      members: brokers.map(({ nodeId, host, port }) => ({ id: nodeId, host, port })),
    };
  }

  /** As the broker at this address knows it. */
  async topic(name: string, address: Broker): Promise<TopicReport> {
    const { topics } = await askMetadata(await this.#connections.to(address), [name]);
    const found = topics.find((topic) => topic.name === name);
    if (found === undefined || found.errorCode !== 0) {
      const fault = found === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : faultName(found.errorCode);
      throw new KafkaFault(fault, `the cluster answers ${fault} for the topic ${name}`);
    }
    const operations = (found as { topicAuthorizedOperations?: number }).topicAuthorizedOperations ?? UNTOLD;
    return {
      name,
      partitions: found.partitions.map(({ leaderId, replicaNodes, isrNodes }) => ({
        isLed: leaderId >= 0,
        replicas: replicaNodes.length,
        inSync: isrNodes.length,
      })),
      mayWrite: operations === UNTOLD ? null : (operations & WRITE) !== 0,
    };
  }

  /** The settings that hold for a topic, those of the broker among them. */
  async topicSettings(name: string, address: Broker): Promise<ReadonlyMap<string, string>> {
    const response = await askConfigs(await this.#connections.to(address), name);
    const found = response.results.find(({ resourceName }) => resourceName === name);
    if (found === undefined || found.errorCode !== 0) {
      const fault = found === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : faultName(found.errorCode);
      throw new KafkaFault(fault, `the cluster answers ${fault} for the settings of the topic ${name}`);
    }
    return new Map(found.configs.map(({ name: setting, value }) => [setting, value ?? '']));
  }

  /** Gets what it takes to produce: the id of an idempotent producer. */
  async producer(): Promise<void> {
    const driver = new PlatformaticDriver({ connection: this.#settings, compression: 'none' });
    try {
      await openPatiently(driver);
    } finally {
      await driver.close();
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }
}

/** A broker that has just started has no ids to give yet. */
async function openPatiently(driver: PlatformaticDriver): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await driver.open(new AbortController().signal);
    } catch (error) {
      const starts = error instanceof KafkaFault && error.fault.startsWith('COORDINATOR_');
      if (!starts || attempt >= ATTEMPTS) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** Topics are never created by asking. */
async function askMetadata(link: Link, names: string[]): Promise<MetadataResponse> {
  const { api } = METADATA_APIS[versionFor(link, METADATA, [12, 11, 10, 9, 8, 7])];
  return answerOf<MetadataResponse>(link, () => api.async(link.connection, names, false, true));
}

async function askConfigs(link: Link, topic: string): Promise<ConfigResponse> {
  const { api } = CONFIG_APIS[versionFor(link, DESCRIBE_CONFIGS, [4, 3, 2, 1])];
  return answerOf<ConfigResponse>(link, () =>
    api.async(link.connection, [{ resourceType: TOPIC, resourceName: topic, configurationKeys: null }]),
  );
}

/** The client throws an answer away in which anything failed, and with it what was told of the rest. */
async function answerOf<T>({ connection }: Link, ask: () => Promise<unknown>): Promise<T> {
  try {
    return (await ask()) as T;
  } catch (error) {
    const response = responseIn(error);
    if (response === undefined) throw faultOf(error, `${connection.host}:${connection.port}`);
    return response as T;
  }
}
