import { apiVersionsV1 } from '@platformatic/kafka';
import { KafkaFault } from '../fault.ts';
import type { Broker, ConnectionSettings } from '../settings.ts';
import { BrokerConnection } from './broker-connection.ts';
import { connectionOptions } from './connection-options.ts';
import { faultOf } from './fault-of.ts';

/** A connection to a broker, and what that broker can do: the versions it knows of each request, by its key. */
export interface Link {
  readonly connection: BrokerConnection;
  readonly versions: ReadonlyMap<number, { readonly min: number; readonly max: number }>;
}

/** One connection to each broker that is needed, made when it is, with what certificates and credentials are by then. */
export class Connections {
  readonly #settings: ConnectionSettings;
  readonly #links = new Map<string, Promise<Link>>();
  readonly #connections = new Set<BrokerConnection>();
  #closed = false;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** Rejects with a KafkaFault. */
  async to(broker: Broker): Promise<Link> {
    if (this.#closed) throw closedFault();
    const name = `${broker.host}:${broker.port}`;
    let link = this.#links.get(name);
    if (link === undefined) {
      const made = this.#connect(broker, () => {
        // There may be another one by now.
        if (this.#links.get(name) === made) this.#links.delete(name);
      });
      link = made;
      this.#links.set(name, made);
    }
    try {
      return await link;
    } catch (error) {
      if (this.#links.get(name) === link) this.#links.delete(name);
      if (this.#closed) throw closedFault();
      this.#forgetToken();
      throw faultOf(error, name);
    }
  }

  /** The first of those that answers, tried in this order. Rejects with what the last said. */
  async toAny(brokers: readonly Broker[]): Promise<Link> {
    let last = new KafkaFault('NETWORK', 'no broker is known');
    for (const broker of brokers) {
      try {
        return await this.to(broker);
      } catch (error) {
        last = faultOf(error, `${broker.host}:${broker.port}`);
        // Another broker of the cluster would say the same.
        if (last.fault !== 'NETWORK' && last.fault !== 'TIMEOUT') break;
      }
    }
    throw last;
  }

  async close(): Promise<void> {
    this.#closed = true;
    // Nothing that is not acknowledged is worth the wait: it is sent again.
    await Promise.all([...this.#connections].map((connection) => connection.destroy()));
  }

  /** Brokers refuse a token that is not to their liking, or hang up behind one that has just ended: by their clock, and by keys that may have been replaced. */
  #forgetToken(): void {
    const { sasl } = this.#settings;
    if (sasl?.mechanism === 'oauthbearer') sasl.forget?.();
  }

  async #connect({ host, port }: Broker, gone: () => void): Promise<Link> {
    const { clientId } = this.#settings;
    const connection = new BrokerConnection(clientId, connectionOptions(this.#settings));
    this.#connections.add(connection);
    const forget = (): void => {
      this.#connections.delete(connection);
      gone();
    };
    // What an error breaks rejects by itself, though only as closed; without a listener it would end the process.
    let reason: unknown;
    connection.on('error', (error: unknown) => {
      reason ??= error;
      forget();
    });
    connection.on('close', forget);
    connection.onRetire = gone;
    try {
      await connection.connect(host, port);
      // In TLS 1.3 it is only now that a broker says what it thinks of the certificate of the client.
      const { apiKeys } = await apiVersionsV1.api.async(connection, clientId, '1');
      return {
        connection,
        versions: new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, { min: minVersion, max: maxVersion }])),
      };
    } catch (error) {
      // Where connecting takes too long, or the certificates are none, the client says so in no other way.
      this.#connections.delete(connection);
      await connection.destroy();
      throw reason ?? error;
    }
  }
}

/** The newest of `ours` that the broker knows. Throws a KafkaFault. */
export function versionFor<V extends number>({ versions }: Link, apiKey: number, ours: readonly V[]): V {
  const { min = 1, max = 0 } = versions.get(apiKey) ?? {};
  const found = ours.find((version) => version >= min && version <= max);
  if (found !== undefined) return found;
  const theirs = max < min ? 'does not know' : `knows versions ${min} to ${max} of`;
  throw new KafkaFault('UNSUPPORTED_VERSION', `the broker ${theirs} request ${apiKey}; this agent speaks ${ours.at(-1)} to ${ours[0]}`);
}

function closedFault(): KafkaFault {
  return new KafkaFault('CLOSED', 'the driver is closed');
}
