import type { Encoded } from '../../core/encoded.ts';
import type { RecordStream } from '../../core/event.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import { uuidText } from '../../core/uuid.ts';
import { RegistryClient } from '../registry/client.ts';
import { SchemaIds } from '../registry/schema-ids.ts';
import type { RegistryLog } from '../registry/schema-ids.ts';
import { secretText } from '../security/secret-text.ts';
import { readTls } from '../security/tls.ts';
import { createAddressOf } from './addresses.ts';
import { CounterLog } from './counter-log.ts';
import type { KafkaSinkConfig, SaslConfig } from './config.ts';
import { createContentOf, createViewOf } from '../framing/contents.ts';
import type { RecordSchema } from '../framing/contents.ts';
import type { KafkaDriver } from './driver.ts';
import { ExplainingDriver } from './explaining-driver.ts';
import { KafkaSink } from './kafka-sink.ts';
import { TokenSource } from './oauth.ts';
import { TokenCommand } from './token-command.ts';
import type { ConnectionSettings, Credentials, DriverSettings } from './settings.ts';
import { Splitter } from './splitter.ts';
import { TopicTemplate } from './topic-template.ts';

export interface KafkaDeps {
  readonly id: string;
  /** Run whose records carry no origin. */
  readonly agentId: Uint8Array;
  readonly hostId: Uint8Array;
  readonly hostname: string;
  readonly schemas: Readonly<Record<RecordStream, RecordSchema>>;
  /** Where records are JSON: the name of the schema that they go by. */
  readonly view: Readonly<Record<RecordStream, string>> | undefined;
  /** Key of a record that has one of its own. */
  readonly keyOf: ((event: Encoded) => Uint8Array | undefined) | undefined;
  readonly readSecret: (reference: SecretReference) => Buffer;
  /** Where ids of schemas are kept. */
  readonly registryFolder: string;
  readonly log: RegistryLog;
}

/** Not opened yet; reads nothing but ids of schemas that are kept. */
export function createKafkaSink(config: KafkaSinkConfig, deps: KafkaDeps): KafkaSink {
  const { framing, registry, topic, agentTopic, compression } = config;
  const closing = new AbortController();
  const ids =
    registry === undefined
      ? undefined
      : new SchemaIds({
          config: registry,
          client: new RegistryClient(registry, deps.readSecret),
          folder: deps.registryFolder,
          log: deps.log,
        });
  const hostId = uuidText(deps.hostId);
  const addressOf = createAddressOf({
    topics: { process: new TopicTemplate(topic), agent: new TopicTemplate(agentTopic) },
    values: { host_id: hostId, hostname: deps.hostname },
    agentId: deps.agentId,
    hostKey: Buffer.from(hostId),
    keyOf: deps.keyOf,
    contentOf:
      deps.view === undefined
        ? createContentOf({ framing, schemas: deps.schemas, hostId, ids, signal: closing.signal })
        : createViewOf(deps.view, hostId),
  });
  const settings = { connection: connectionSettings(config, deps), compression };
  const counted = new CounterLog({ log: deps.log });
  return new KafkaSink({
    id: deps.id,
    loadDriver: async () => new ExplainingDriver(await loadDriver(config.driver, settings), config),
    splitter: new Splitter(addressOf),
    streamsApart: topic !== agentTopic,
    onCounted: (counters, atOnce) => counted.tell(counters, atOnce),
    onClose: async () => {
      closing.abort(new Error('the sink is closed'));
      await ids?.close();
    },
  });
}

/** Loaded when it is needed: an agent without Kafka has no use for a client's memory. */
async function loadDriver(driver: KafkaSinkConfig['driver'], settings: DriverSettings): Promise<KafkaDriver> {
  if (driver === 'kafkajs') return new (await import('./kafkajs/kafkajs-driver.ts')).KafkajsDriver(settings);
  return new (await import('./platformatic/platformatic-driver.ts')).PlatformaticDriver(settings);
}

/** How the brokers of a sink are reached. */
export function connectionSettings(config: KafkaSinkConfig, { readSecret }: Pick<KafkaDeps, 'readSecret'>): ConnectionSettings {
  const { brokers, clientId, tls, sasl, connectTimeoutMs, requestTimeoutMs } = config;
  const material = () => (tls === null ? {} : readTls({ ...tls, serverName: null }, { section: 'tls', code: 'SINK_REFUSED' }));
  return {
    brokers,
    clientId,
    connectTimeoutMs,
    requestTimeoutMs,
    tls: tls === null ? null : { serverName: tls.serverName, material },
    sasl: sasl === null ? null : saslSettings(sasl, { readSecret, material, connectTimeoutMs }),
  };
}

interface SaslParts extends Pick<KafkaDeps, 'readSecret'> {
  readonly material: () => ReturnType<typeof readTls>;
  readonly connectTimeoutMs: number;
}

function saslSettings(sasl: SaslConfig, { readSecret, material, connectTimeoutMs }: SaslParts): NonNullable<ConnectionSettings['sasl']> {
  const { mechanism, username, password, tokenUrl, token, tokenCommand, scope } = sasl;
  const credentials = (): Credentials => ({ username, password: secretText('sasl.password', password, readSecret) });
  if (mechanism !== 'oauthbearer') return { mechanism, credentials };
  if (tokenCommand !== null) {
    const command = new TokenCommand({ command: tokenCommand, timeoutMs: connectTimeoutMs });
    return { mechanism, token: () => command.token() };
  }
  if (tokenUrl === null) return { mechanism, token: () => Promise.resolve(secretText('sasl.token', token, readSecret)) };
  const source = new TokenSource({ url: tokenUrl, credentials, scope, tls: material, timeoutMs: connectTimeoutMs });
  return { mechanism, token: () => source.token(), forget: () => source.forget() };
}
