import { ConnectionPool, metadataV12, ResponseError } from '@platformatic/kafka';
import type { API, Broker, Connection } from '@platformatic/kafka';

export type Metadata = metadataV12.MetadataResponse;

/** Host and port of each server in a list as `bootstrap` is. */
function servers(list: string): Broker[] {
  return list.split(',').map((server) => {
    const [host = '', port] = server.split(':');
    return { host, port: Number(port) };
  });
}

/** Plain calls to a test cluster, through its plaintext listener: what tests arrange and observe does not go through the code they test. */
export class Wire {
  readonly #servers: Broker[];
  readonly #pool = new ConnectionPool('forkcast-test', { connectTimeout: 5000, requestTimeout: 30_000 });

  constructor(bootstrap: string) {
    this.#servers = servers(bootstrap);
  }

  /** To any broker that can be reached: brokers pass on to the controller what is its business. */
  async call<Arguments extends unknown[], Answer>(api: API<Arguments, Answer>, ...args: Arguments): Promise<Answer> {
    return ask(await this.#pool.getFirstAvailable(this.#servers), api, args);
  }

  async callAt<Arguments extends unknown[], Answer>(server: Broker, api: API<Arguments, Answer>, ...args: Arguments): Promise<Answer> {
    return ask(await this.#pool.get(server), api, args);
  }

  /** Of these topics; partitions and topics that have no leader or do not exist are in it with their error codes. */
  async metadata(topics: readonly string[], server?: Broker): Promise<Metadata> {
    try {
      const connection = await (server === undefined ? this.#pool.getFirstAvailable(this.#servers) : this.#pool.get(server));
      return await metadataV12.api.async(connection, [...topics], false, false);
    } catch (error) {
      if (error instanceof ResponseError) return error['response'] as Metadata;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }
}

async function ask<Arguments extends unknown[], Answer>(to: Connection, api: API<Arguments, Answer>, args: Arguments): Promise<Answer> {
  try {
    return await api.async(to, ...args);
  } catch (error) {
    if (!(error instanceof ResponseError)) throw error;
    // Its own message says only which call it was.
    throw new Error(`${error.message}: ${error.errors.map((each) => (each as Error).message).join('; ')}`, { cause: error });
  }
}
