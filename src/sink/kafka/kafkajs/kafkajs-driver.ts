import type { Producer, RecordMetadata } from 'kafkajs';
import type { KafkaDriver, PartitionRecords, Prepared } from '../driver.ts';
import { KafkaFault } from '../fault.ts';
import { EVENT_ID, timestampOf } from '../record.ts';
import type { KafkaRecord } from '../record.ts';
import type { DriverSettings } from '../settings.ts';
import { RETRIES, createClient } from './client.ts';
import { TYPES, registerCodec } from './codecs.ts';
import { faultOf } from './fault-of.ts';
import { quietIdleConnections } from './idle-timer.ts';
import { PartitionCounts } from './partition-counts.ts';

/** kafkajs compares each record of a send with those before it. */
const MAX_RECORDS = 500;
const ACKS_ALL = -1;
/** What no broker answers to records: kafkajs met it when it connected anew or asked for the leader, after an attempt of which it says nothing any more. */
const NO_PRODUCE_ANSWERS: ReadonlySet<string> = new Set([
  'TLS',
  'TLS_WANTED',
  'AUTHENTICATION',
  'CREDENTIALS',
  'SASL_AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'ILLEGAL_SASL_STATE',
  'SECURITY_DISABLED',
  'BROKER_NOT_AVAILABLE',
  'LEADER_NOT_AVAILABLE',
]);
/** kafkajs disconnects behind the last answer, and waits for it as long as for any. */
const DISCONNECT_MS = 2000;

interface Message {
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Record<string, string>;
  readonly timestamp: string;
}

interface Messages extends Prepared {
  readonly messages: Message[];
}

/** To one partition. */
interface Line {
  readonly producer: Producer;
  /** How often kafkajs has asked for the partition of a message: once a message and attempt, of which it says nothing else. */
  placed: number;
}

/**
 * kafkajs in the one way that loses nothing: a producer for each partition, idempotent, one `send` at a time, of records of that partition only. With several
 * partitions in a send it takes those for delivered that have moved to a broker which has answered for others.
 */
export class KafkajsDriver implements KafkaDriver<Messages> {
  readonly maxRecords = MAX_RECORDS;
  readonly #settings: DriverSettings;
  readonly #counts = new PartitionCounts((topic) => this.#ask(topic));
  readonly #lines = new Map<string, Promise<Line>>();
  #closed = false;

  constructor(settings: DriverSettings) {
    this.#settings = settings;
    quietIdleConnections();
    registerCodec(settings.compression);
  }

  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#withAdmin((admin) => admin.describeCluster());
  }

  partitions(topic: string): Promise<number> {
    return this.#counts.of(topic);
  }

  prepare(target: PartitionRecords, nowMs?: number): Messages {
    const messages = target.records.map((record) => messageOf(record, target.partition, nowMs));
    return { target, messages, bytes: messages.reduce((sum, { value }) => sum + value.length, 0) };
  }

  async send({ target, messages }: Messages): Promise<void> {
    const { topic, partition } = target;
    const line = await this.#lineOf(target);
    const answers = await this.#produced(line, { topic, messages });
    if (answers.some((answer) => isFor(answer, target))) return;
    this.#counts.forget(topic);
    if (partition >= (await this.partitions(topic)))
      throw new KafkaFault('PARTITION_GONE', `the topic ${topic} has no partition ${partition} any more`);
    throw new KafkaFault('NETWORK', `kafkajs resolved without an answer for partition ${partition} of ${topic}`);
  }

  async #produced(line: Line, { topic, messages }: { readonly topic: string; readonly messages: Message[] }): Promise<RecordMetadata[]> {
    const { connection, compression } = this.#settings;
    line.placed = 0;
    try {
      const sent = line.producer.send({
        topic,
        messages,
        acks: ACKS_ALL,
        timeout: connection.requestTimeoutMs,
        compression: TYPES[compression],
      });
      return await this.#reported(sent);
    } catch (error) {
      if (!(error instanceof KafkaFault)) throw error;
      if (error.fault === 'UNKNOWN_TOPIC_OR_PARTITION') this.#counts.forget(topic);
      const attempted = NO_PRODUCE_ANSWERS.has(error.fault) ? line.placed >= messages.length : line.placed > messages.length;
      throw attempted ? triedBefore(error) : error;
    } finally {
      // A send that is on its way when its producer is disconnected connects it again.
      if (this.#closed) await within(DISCONNECT_MS, line.producer.disconnect());
    }
  }

  async renew(target: PartitionRecords): Promise<void> {
    await this.#drop(nameOf(target));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#lines.keys()].map((name) => this.#drop(name)));
  }

  async #ask(topic: string): Promise<number> {
    const { topics } = await this.#withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] })).catch((error: unknown) => {
      throw error instanceof KafkaFault ? naming(topic, error) : error;
    });
    const found = topics.find(({ name }) => name === topic);
    if (found === undefined || found.partitions.length === 0)
      throw new KafkaFault('UNKNOWN_TOPIC_OR_PARTITION', `the cluster has no topic ${topic}`);
    return found.partitions.length;
  }

  #lineOf(target: PartitionRecords): Promise<Line> {
    if (this.#closed) return Promise.reject(new KafkaFault('CLOSED', 'the driver is closed'));
    const name = nameOf(target);
    let line = this.#lines.get(name);
    if (line === undefined) {
      line = this.#connected(target.partition);
      this.#lines.set(name, line);
      line.catch(() => this.#lines.delete(name));
    }
    return line;
  }

  async #connected(partition: number): Promise<Line> {
    return this.#reported(
      (async () => {
        const place = (): number => {
          line.placed += 1;
          return partition;
        };
        const producer = createClient(this.#settings.connection).producer({
          idempotent: true,
          maxInFlightRequests: 1,
          allowAutoTopicCreation: false,
          retry: { retries: RETRIES },
          createPartitioner: () => place,
        });
        const line: Line = { producer, placed: 0 };
        await producer.connect();
        return line;
      })(),
    );
  }

  async #drop(name: string): Promise<void> {
    const line = this.#lines.get(name);
    this.#lines.delete(name);
    if (line !== undefined) await within(DISCONNECT_MS, disconnected(line));
  }

  async #withAdmin<T>(ask: (admin: ReturnType<ReturnType<typeof createClient>['admin']>) => Promise<T>): Promise<T> {
    if (this.#closed) throw new KafkaFault('CLOSED', 'the driver is closed');
    return this.#reported(
      (async () => {
        const admin = createClient(this.#settings.connection).admin({ retry: { retries: RETRIES } });
        try {
          await admin.connect();
          return await ask(admin);
        } finally {
          await admin.disconnect();
        }
      })(),
    );
  }

  async #reported<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } catch (error) {
      if (this.#closed) throw new KafkaFault('CLOSED', 'the driver is closed', { cause: error });
      const fault = faultOf(error, 'the broker');
      const { sasl } = this.#settings.connection;
      // Keys of tokens may have been replaced.
      if (fault.fault.includes('AUTHENTICATION') && sasl?.mechanism === 'oauthbearer') sasl.forget?.();
      throw fault;
    }
  }
}

async function disconnected(line: Promise<Line>): Promise<void> {
  const connected = await line.catch(() => undefined);
  await connected?.producer.disconnect();
}

/** Resolves at the latest then; what takes longer goes on by itself. */
async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function triedBefore({ fault, message, cause, refused }: KafkaFault): KafkaFault {
  return new KafkaFault(fault, message, { cause, refused, triedBefore: true });
}

/** kafkajs does not say which topic a broker does not know, or lets nobody see. */
function naming(topic: string, { fault, message, cause }: KafkaFault): KafkaFault {
  return new KafkaFault(fault, `${message} (topic ${topic})`, { cause });
}

function messageOf({ key, envelope, event }: KafkaRecord, partition: number, nowMs: number | undefined): Message {
  const { prefix, headers, eventIdPrefix } = envelope;
  return {
    partition,
    key: Buffer.from(key),
    value: Buffer.concat([prefix, event.bytes]),
    headers: { ...Object.fromEntries(headers), ...(event.sequence === 0 ? {} : { [EVENT_ID]: `${eventIdPrefix}${event.sequence}` }) },
    timestamp: String(nowMs ?? timestampOf(event)),
  };
}

function isFor({ topicName, partition, errorCode }: RecordMetadata, target: PartitionRecords): boolean {
  return topicName === target.topic && partition === target.partition && errorCode === 0;
}

function nameOf({ topic, partition }: PartitionRecords): string {
  return `${partition}/${topic}`;
}
