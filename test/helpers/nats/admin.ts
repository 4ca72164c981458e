import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { JetStreamManager, StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import type { MsgHdrs, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';

export interface ReadMessage {
  readonly subject: string;
  /** Empty where there are none. */
  readonly headers: MsgHdrs;
  readonly body: Uint8Array;
}

/** A server or a cluster. */
interface Served {
  readonly adminOptions: NodeConnectionOptions;
}

/** Messages that are asked for ahead. */
const AHEAD = 5000;
/** What is asked while a cluster has no leader is not answered, even when it has one again: so it is asked anew. */
const TIMEOUT_MS = 5000;
/** A leader that was killed is missed for up to 9 s, and a busy machine takes its time besides. */
const ATTEMPTS = 8;

/** What tests arrange at a server and read from it, with the right to do everything. */
export class NatsAdmin {
  /** Connects again by itself. */
  readonly connection: NatsConnection;
  readonly #manager: JetStreamManager;

  private constructor(connection: NatsConnection, manager: JetStreamManager) {
    this.connection = connection;
    this.#manager = manager;
  }

  static async connect({ adminOptions }: Served): Promise<NatsAdmin> {
    const connection = await connect({ ...adminOptions, maxReconnectAttempts: -1, reconnectTimeWait: 200, ignoreAuthErrorAbort: true });
    return new NatsAdmin(connection, await jetstreamManager(connection, { timeout: TIMEOUT_MS, checkAPI: false }));
  }

  async createStream(name: string, config: Omit<Partial<StreamConfig>, 'name'>): Promise<StreamInfo> {
    return patiently(() => this.#manager.streams.add({ ...config, name }));
  }

  async updateStream(name: string, config: Omit<Partial<StreamConfig>, 'name'>): Promise<StreamInfo> {
    return patiently(() => this.#manager.streams.update(name, config));
  }

  async deleteStream(name: string): Promise<void> {
    await this.#manager.streams.delete(name);
  }

  /** All messages, or those before a sequence. */
  async purge(name: string, before?: number): Promise<void> {
    await this.#manager.streams.purge(name, ...(before === undefined ? [] : [{ seq: before }]));
  }

  async deleteMessage(name: string, sequence: number): Promise<void> {
    await this.#manager.streams.deleteMessage(name, sequence);
  }

  /** Rejects where there is none. */
  info(name: string): Promise<StreamInfo> {
    return patiently(() => this.#manager.streams.info(name));
  }

  /** How many messages are in a stream. */
  async count(name: string): Promise<number> {
    return (await this.info(name)).state.messages;
  }

  /** All that are in a stream now, in its order. */
  async read(name: string): Promise<ReadMessage[]> {
    const all: ReadMessage[] = [];
    await this.visit(name, (message) => all.push(message));
    return all;
  }

  /** The same one by one: for so many that holding them all would take its memory. */
  async visit(name: string, each: (message: ReadMessage) => void): Promise<void> {
    const { messages, last_seq: last } = (await this.info(name)).state;
    if (messages === 0) return;
    const { consumers } = jetstream(this.connection, { timeout: TIMEOUT_MS });
    const consumer = await patiently(() => consumers.get(name));
    for await (const message of await consumer.consume({ max_messages: AHEAD })) {
      const { subject, data, info } = message;
      if (message.seq <= last) each({ subject, headers: message.headers ?? headers(), body: data });
      if (message.seq >= last || info.pending === 0) break;
    }
    await consumer.delete();
  }

  /** What is published from now on, without any stream; it grows. */
  async listen(subject: string): Promise<readonly ReadMessage[]> {
    const heard: ReadMessage[] = [];
    this.connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) throw error;
        heard.push({ subject: message.subject, headers: message.headers ?? headers(), body: message.data });
      },
    });
    await this.connection.flush();
    return heard;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}

/** For what may be done twice. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TimeoutError' || attempt === ATTEMPTS) throw error;
    }
  }
}
