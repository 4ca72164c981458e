import { pbkdf2Sync, randomBytes } from 'node:crypto';
import {
  alterPartitionReassignmentsV1,
  alterUserScramCredentialsV0,
  createAclsV3,
  createPartitionsV3,
  createTopicsV7,
  deleteAclsV3,
  deleteRecordsV2,
  deleteTopicsV6,
  incrementalAlterConfigsV1,
} from '@platformatic/kafka';
import { waitFor } from '../wait-for.ts';
import { aclOf } from './access-rule.ts';
import type { AccessRule } from './access-rule.ts';
import { electLeaders } from './elect-leaders.ts';
import { countTopic, endsOf, visitTopic } from './read-topic.ts';
import type { ReadRecord } from './read-topic.ts';
import { Wire } from './wire.ts';

export interface Topic {
  readonly id: string;
  /** In the order of their numbers; a leader of -1 is none. */
  readonly partitions: readonly { leader: number; replicas: readonly number[]; inSync: readonly number[] }[];
}

const TIMEOUT_MS = 30_000;
const UNKNOWN_TOPIC = 3;
/** Numbers of the mechanisms in AlterUserScramCredentials. */
const SCRAM = { 'SCRAM-SHA-256': { number: 1, digest: 'sha256', bytes: 32 }, 'SCRAM-SHA-512': { number: 2, digest: 'sha512', bytes: 64 } };
const ITERATIONS = 4096;
const SET = 0;
const TOPIC = 2;

/** What tests arrange at a cluster and read from it, with the right to do everything. */
export class KafkaAdmin {
  readonly #wire: Wire;
  readonly #configs: Readonly<Record<string, string>>;
  readonly #made = new Set<string>();

  /** `configs`: properties of every topic that it makes. */
  constructor(bootstrap: string, configs: Readonly<Record<string, string>> = {}) {
    this.#wire = new Wire(bootstrap);
    this.#configs = configs;
  }

  /** Resolves when every partition can be read and written. `assignments`: brokers of each partition, instead of a number of partitions and replicas. */
  async createTopic(
    name: string,
    options: {
      partitions?: number;
      replicas?: number;
      assignments?: readonly (readonly number[])[];
      configs?: Record<string, string>;
    } = {},
  ): Promise<void> {
    const { partitions = 1, replicas = 1, assignments, configs = {} } = options;
    const topic = {
      name,
      numPartitions: assignments === undefined ? partitions : -1,
      replicationFactor: assignments === undefined ? replicas : -1,
      assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds: [...brokerIds] })),
      configs: Object.entries({ ...this.#configs, ...configs }).map(([key, value]) => ({ name: key, value })),
    };
    this.#made.add(name);
    await this.#wire.call(createTopicsV7.api, [topic], TIMEOUT_MS, false);
    await this.#partitionsLed(name, assignments?.length ?? partitions);
    // A leader may be named some time before it knows of it.
    await this.visit(name, () => undefined);
  }

  async addPartitions(name: string, count: number): Promise<void> {
    await this.#wire.call(createPartitionsV3.api, [{ name, count, assignments: null }], TIMEOUT_MS, false);
    await this.#partitionsLed(name, count);
  }

  async #partitionsLed(name: string, count: number): Promise<void> {
    const led = async (): Promise<boolean> => {
      const partitions = (await this.describe(name))?.partitions ?? [];
      return partitions.length === count && partitions.every(({ leader }) => leader >= 0);
    };
    await waitFor(led, { what: `leaders of ${name}`, timeoutMs: TIMEOUT_MS, everyMs: 50 });
  }

  /** undefined: there is none. */
  async describe(name: string): Promise<Topic | undefined> {
    const found = (await this.#wire.metadata([name])).topics.find((topic) => topic.name === name);
    if (found === undefined || found.errorCode === UNKNOWN_TOPIC) return undefined;
    const partitions = found.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex);
    return {
      id: found.topicId,
      partitions: partitions.map(({ leaderId, replicaNodes, isrNodes }) => ({
        leader: leaderId,
        replicas: replicaNodes,
        inSync: isrNodes,
      })),
    };
  }

  async deleteTopic(name: string): Promise<void> {
    this.#made.delete(name);
    await this.#wire.call(deleteTopicsV6.api, [{ name, topicId: null }], TIMEOUT_MS);
    await waitFor(async () => (await this.describe(name)) === undefined, { what: `${name} to be gone`, timeoutMs: TIMEOUT_MS });
  }

  /** All that it has made and that are there still. */
  async deleteTopics(): Promise<void> {
    for (const name of this.#made) if ((await this.describe(name)) !== undefined) await this.deleteTopic(name);
  }

  /** Removes what is before an offset, as retention does; on a cluster of one broker, which leads all partitions. */
  async deleteRecords(name: string, partitionIndex: number, before: number): Promise<void> {
    await this.#wire.call(deleteRecordsV2.api, [{ name, partitions: [{ partitionIndex, offset: BigInt(before) }] }], TIMEOUT_MS);
  }

  /** Sets properties of a topic, `max.message.bytes` for example. */
  async configureTopic(name: string, configs: Readonly<Record<string, string>>): Promise<void> {
    const set = Object.entries(configs).map(([key, value]) => ({ name: key, value, configOperation: SET }) as const);
    await this.#wire.call(incrementalAlterConfigsV1.api, [{ resourceType: TOPIC, resourceName: name, configs: set }], false);
  }

  async addRule(rule: AccessRule): Promise<void> {
    await this.#wire.call(createAclsV3.api, [aclOf(rule)]);
  }

  async removeRule(rule: AccessRule): Promise<void> {
    await this.#wire.call(deleteAclsV3.api, [aclOf(rule)]);
  }

  async setScramPassword(name: string, password: string, mechanism: keyof typeof SCRAM = 'SCRAM-SHA-512'): Promise<void> {
    const { number, digest, bytes } = SCRAM[mechanism];
    const salt = randomBytes(24);
    const saltedPassword = pbkdf2Sync(password, salt, ITERATIONS, bytes, digest);
    await this.#wire.call(alterUserScramCredentialsV0.api, [], [{ name, mechanism: number, iterations: ITERATIONS, salt, saltedPassword }]);
  }

  /** The first replica of each partition becomes its leader, where it is in sync. */
  async electPreferredLeaders(topic: string): Promise<void> {
    const numbers = ((await this.describe(topic))?.partitions ?? []).map((_, number) => number);
    const failures = await this.#wire.call(electLeaders, topic, numbers, TIMEOUT_MS);
    if (failures.length > 0) throw new Error(`no election for ${topic}: ${JSON.stringify(failures)}`);
  }

  /** Gives a partition other replicas, the preferred leader first; resolves when the move has been asked for. */
  async reassign(name: string, partitionIndex: number, replicas: readonly number[]): Promise<void> {
    const topics = [{ name, partitions: [{ partitionIndex, replicas: [...replicas] }] }];
    await this.#wire.call(alterPartitionReassignmentsV1.api, TIMEOUT_MS, true, topics);
  }

  /** See `visitTopic`: for so many records that holding them all would take its memory. */
  visit(topic: string, each: (record: ReadRecord) => void): Promise<void> {
    return visitTopic(this.#wire, topic, each);
  }

  /** How many records are in a topic. */
  count(topic: string): Promise<number> {
    return countTopic(this.#wire, topic);
  }

  /** How far each partition is replicated; undefined where nobody says so at this moment. */
  ends(topic: string): Promise<(number | undefined)[]> {
    return endsOf(this.#wire, topic);
  }

  async read(topic: string): Promise<ReadRecord[]> {
    const records: ReadRecord[] = [];
    await this.visit(topic, (record) => records.push(record));
    return records;
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}
