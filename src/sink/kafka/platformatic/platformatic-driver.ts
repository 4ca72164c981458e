import {
  initProducerIdV0,
  initProducerIdV1,
  initProducerIdV2,
  initProducerIdV3,
  initProducerIdV4,
  initProducerIdV5,
} from '@platformatic/kafka';
import type { KafkaDriver, PartitionRecords, Prepared } from '../driver.ts';
import { KafkaFault } from '../fault.ts';
import { CODECS } from '../protocol/codecs.ts';
import { RecordFramer, stamp } from '../protocol/record-batch.ts';
import type { ProducerStamp } from '../protocol/record-batch.ts';
import type { DriverSettings } from '../settings.ts';
import { Cluster } from './cluster.ts';
import { versionFor } from './connections.ts';
import { faultName, faultOf } from './fault-of.ts';
import { PRODUCE_VERSIONS, produceApi } from './produce.ts';
import type { ProduceResponse } from './produce.ts';

const PRODUCE = 0;
const INIT_PRODUCER_ID = 22;
const INIT_APIS = {
  5: initProducerIdV5,
  4: initProducerIdV4,
  3: initProducerIdV3,
  2: initProducerIdV2,
  1: initProducerIdV1,
  0: initProducerIdV0,
} as const;
const INIT_VERSIONS = [5, 4, 3, 2, 1, 0] as const;
/** Of transactions, of which there are none: any value that brokers accept. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** Sequences begin again behind this. */
const SEQUENCES = 2 ** 31;
/** What says that another broker leads, or that none does, or that there may be none. */
const STALE = new Set([
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'NETWORK',
  'TIMEOUT',
  'KAFKA_STORAGE_ERROR',
]);

type Producer = Pick<ProducerStamp, 'id' | 'epoch'>;

interface Framed extends Prepared {
  readonly batch: Buffer;
  /** Given with the first attempt; kept as long as nothing else goes to the partition before it. */
  stamped: ProducerStamp | undefined;
}

/** What is next in a partition. */
interface Position {
  producer: Producer;
  sequence: number;
}

/**
 * Frames batches itself, from the bytes that the queue holds, and counts their sequences itself; connections, authentication, metadata and the requests are those
 * of @platformatic/kafka. So a batch that is sent again is the same to the last byte, whatever has happened to connections and leaders meanwhile.
 */
export class PlatformaticDriver implements KafkaDriver<Framed> {
  readonly maxRecords = Number.POSITIVE_INFINITY;
  readonly #settings: DriverSettings;
  readonly #framer: RecordFramer;
  readonly #cluster: Cluster;
  readonly #positions = new Map<string, Position>();
  #producer: Producer | undefined;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
    this.#framer = new RecordFramer(CODECS[settings.compression]);
    this.#cluster = new Cluster(settings.connection);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#producer = await this.#newProducer();
    signal.throwIfAborted();
  }

  async partitions(topic: string): Promise<number> {
    return (await this.#cluster.topic(topic)).leaders.length;
  }

  prepare(target: PartitionRecords, nowMs?: number): Framed {
    const batch = this.#framer.frame(target.records, nowMs);
    return { target, batch, bytes: batch.length, stamped: undefined };
  }

  async send(framed: Framed): Promise<void> {
    const { topic, partition, records } = framed.target;
    const position = this.#positionOf(framed.target);
    // Another batch may have gone before one that was refused. Under the same sequence, and with as many records, this one would be taken for that.
    if (framed.stamped?.sequence !== position.sequence || framed.stamped.id !== position.producer.id) {
      framed.stamped = { ...position.producer, sequence: position.sequence };
      stamp(framed.batch, framed.stamped);
    }
    const answer = await this.#produce(framed).catch((error: unknown) => this.#failed(topic, error));
    // A broker that answers for another partition than it was asked for has acknowledged nothing.
    if (answer.topic !== topic || answer.partition !== partition)
      throw new KafkaFault(
        'ANSWER',
        `the broker answered for partition ${answer.partition} of ${answer.topic}, not ${partition} of ${topic}`,
      );
    if (answer.errorCode !== 0) this.#failed(topic, refusal(answer));
    position.sequence = (position.sequence + records.length) % SEQUENCES;
  }

  async renew(target: PartitionRecords): Promise<void> {
    const producer = await this.#newProducer();
    this.#producer = producer;
    this.#positions.set(nameOf(target), { producer, sequence: 0 });
  }

  close(): Promise<void> {
    return this.#cluster.connections.close();
  }

  async #produce({ target: { topic, partition }, batch }: Framed): Promise<ProduceResponse> {
    const link = await this.#cluster.leader(topic, partition);
    const { requestTimeoutMs } = this.#settings.connection;
    const api = produceApi(versionFor(link, PRODUCE, PRODUCE_VERSIONS));
    return api.async(link.connection, { topic, partition, batch, timeoutMs: requestTimeoutMs });
  }

  #failed(topic: string, error: unknown): never {
    const fault = faultOf(error, 'the broker');
    if (STALE.has(fault.fault)) this.#cluster.forget(topic);
    throw this.#cluster.unknown(topic, fault);
  }

  #positionOf(target: PartitionRecords): Position {
    if (this.#producer === undefined) throw new KafkaFault('CLOSED', 'the driver is not open');
    const name = nameOf(target);
    let position = this.#positions.get(name);
    if (position === undefined) {
      position = { producer: this.#producer, sequence: 0 };
      this.#positions.set(name, position);
    }
    return position;
  }

  async #newProducer(): Promise<Producer> {
    const link = await this.#cluster.any();
    const { api } = INIT_APIS[versionFor(link, INIT_PRODUCER_ID, INIT_VERSIONS)];
    try {
      const { producerId, producerEpoch } = await api.async(link.connection, null, TRANSACTION_TIMEOUT_MS);
      return { id: producerId, epoch: producerEpoch };
    } catch (error) {
      throw faultOf(error, `${link.connection.host}:${link.connection.port}`);
    }
  }
}

function nameOf({ topic, partition }: PartitionRecords): string {
  return `${partition}/${topic}`;
}

function refusal({ errorCode, errorMessage, refused }: ProduceResponse): KafkaFault {
  const name = faultName(errorCode);
  return new KafkaFault(name, `the broker answers ${name}${errorMessage === null ? '' : `: ${errorMessage}`}`, { refused });
}
