import type { Encoded } from '../../core/encoded.ts';
import { uuidText } from '../../core/uuid.ts';
import { secretText } from '../security/secret-text.ts';
import { readTls } from '../security/tls.ts';
import { createAddressOf } from './addresses.ts';
import { CounterLog } from './counter-log.ts';
import type { KafkaSinkConfig, SaslConfig } from './config.ts';
import { createSinkContents } from '../framing/sink-contents.ts';
import type { ContentDeps } from '../framing/sink-contents.ts';
import type { KafkaDriver } from './driver.ts';
import { ExplainingDriver } from './explaining-driver.ts';
import { KafkaSink } from './kafka-sink.ts';
import { TokenSource } from './oauth.ts';
import { TokenCommand } from './token-command.ts';
import type { ConnectionSettings, Credentials, DriverSettings } from './settings.ts';
import { Splitter } from './splitter.ts';
import { TopicTemplate } from './topic-template.ts';

export interface KafkaDeps extends ContentDeps {
  readonly id: string;
  /** Run whose records carry no origin. */
  readonly agentId: Uint8Array;
  readonly hostId: Uint8Array;
  readonly hostname: string;
  /** Key of a record that has one of its own. */
  readonly keyOf: ((event: Encoded) => Uint8Array | undefined) | undefined;
}

/** Not opened yet; reads nothing but ids of schemas that are kept. */
export function createKafkaSink(config: KafkaSinkConfig, deps: KafkaDeps): KafkaSink {
  const { topic, agentTopic, compression } = config;
  const hostId = uuidText(deps.hostId);
  const contents = createSinkContents(config, deps, hostId);
  const addressOf = createAddressOf({
    topics: { process: new TopicTemplate(topic), agent: new TopicTemplate(agentTopic) },
    values: { host_id: hostId, hostname: deps.hostname },
    agentId: deps.agentId,
    hostKey: Buffer.from(hostId),
    keyOf: deps.keyOf,
    contentOf: contents.contentOf,
  });
  const settings = { connection: connectionSettings(config, deps), compression };
  const counted = new CounterLog({ log: deps.log });
  return new KafkaSink({
    id: deps.id,
    loadDriver: async () => new ExplainingDriver(await loadDriver(config.driver, settings), config),
    splitter: new Splitter(addressOf),
    streamsApart: topic !== agentTopic,
    onCounted: (counters, atOnce) => counted.tell(counters, atOnce),
    onClose: () => contents.close(),
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
