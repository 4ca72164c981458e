import { ISSUER } from './oauth-server.ts';
import { ADMIN, AGENT } from './users.ts';

export interface ClusterOptions {
  readonly brokers?: 1 | 3;
  /** Also listeners for SASL over TLS and in plain text, and for TLS with a client's certificate. */
  readonly auth?: boolean;
  /** Who logs in as `agent` may do what access lists allow, nothing at first. Brings `auth`; the plaintext listener and `admin` may do everything. */
  readonly authorizer?: boolean;
  /** Also a listener for OAUTHBEARER over TLS. */
  readonly oauth?: boolean;
  /** Also a plaintext listener of which clients are told that it is at this port: a proxy's, which listens there and passes on to `listeners.far`. One broker. */
  readonly farPort?: number;
  /** Topics come into being when they are asked for; default no. */
  readonly autoCreate?: boolean;
  /** Brokers start slower and become as fast as they can be: for measurements. */
  readonly fullSpeed?: boolean;
  /** Properties of every broker, in place of what the cluster sets. */
  readonly overrides?: Readonly<Record<string, string>>;
}

export const LISTENERS = ['PLAINTEXT', 'CONTROLLER', 'SASL_SSL', 'SASL_PLAINTEXT', 'MTLS', 'OAUTH', 'FAR'] as const;
export type Listener = (typeof LISTENERS)[number];
export type Ports = Readonly<Record<Listener, number>>;

export interface BrokerPlace {
  /** Counts from 1. */
  readonly id: number;
  /** Of all brokers, in the order of their ids. */
  readonly ports: readonly Ports[];
  readonly dataFolder: string;
  readonly tlsFolder: string;
  readonly jwksUrl?: string | undefined;
}

const PROTOCOLS =
  'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,MTLS:SSL,OAUTH:SASL_SSL,FAR:PLAINTEXT';
const SECURITY = 'org.apache.kafka.common.security';

export function wantsAuth({ auth, authorizer }: ClusterOptions): boolean {
  return auth === true || authorizer === true;
}

/** Text of a broker's server.properties. */
export function serverProperties(options: ClusterOptions, place: BrokerPlace): string {
  const all = {
    ...network(options, place),
    ...replication(place.ports.length),
    'log.dirs': place.dataFolder,
    'auto.create.topics.enable': String(options.autoCreate ?? false),
    // By the time of the records, which in a replay is long ago.
    'log.retention.ms': '-1',
    'group.initial.rebalance.delay.ms': '0',
    // A test broker is small: the default buffer alone is half of its heap.
    'log.cleaner.dedupe.buffer.size': '16777216',
    'num.network.threads': '2',
    'num.io.threads': '4',
    ...(wantsAuth(options) || options.oauth === true ? tls(place.tlsFolder) : {}),
    ...(wantsAuth(options) ? passwords() : {}),
    ...(options.oauth === true ? bearerTokens(place.jwksUrl ?? '') : {}),
    ...(options.authorizer === true ? accessLists() : {}),
    ...options.overrides,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function network(options: ClusterOptions, { id, ports }: BrokerPlace): Record<string, string> {
  const own = ports[id - 1] as Ports;
  const names: Listener[] = ['PLAINTEXT'];
  if (wantsAuth(options)) names.push('SASL_SSL', 'SASL_PLAINTEXT', 'MTLS');
  if (options.oauth === true) names.push('OAUTH');
  if (options.farPort !== undefined) names.push('FAR');
  const at = (portOf: (name: Listener) => number): string => names.map((name) => `${name}://127.0.0.1:${portOf(name)}`).join(',');
  const listeners = at((name) => own[name]);
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': ports.map((of, index) => `${index + 1}@127.0.0.1:${of.CONTROLLER}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `${listeners},CONTROLLER://127.0.0.1:${own.CONTROLLER}`,
    'advertised.listeners': at((name) => (name === 'FAR' ? (options.farPort ?? 0) : own[name])),
    'listener.security.protocol.map': PROTOCOLS,
    'inter.broker.listener.name': 'PLAINTEXT',
  };
}

function replication(brokers: number): Record<string, string> {
  const copies = String(brokers);
  return {
    'num.partitions': '6',
    'default.replication.factor': copies,
    'min.insync.replicas': brokers === 3 ? '2' : '1',
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': '1',
  };
}

function tls(folder: string): Record<string, string> {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': `${folder}/server.pem`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': `${folder}/ca.crt`,
    'listener.name.mtls.ssl.client.auth': 'required',
  };
}

function passwords(): Record<string, string> {
  const users = [AGENT, ADMIN].map(({ username, password }) => `user_${username}="${password}"`).join(' ');
  const of = (listener: string): Record<string, string> => ({
    [`listener.name.${listener}.scram-sha-256.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`listener.name.${listener}.scram-sha-512.sasl.jaas.config`]: `${SECURITY}.scram.ScramLoginModule required;`,
    [`listener.name.${listener}.plain.sasl.jaas.config`]: `${SECURITY}.plain.PlainLoginModule required ${users};`,
  });
  return { 'sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256,PLAIN', ...of('sasl_ssl'), ...of('sasl_plaintext') };
}

function bearerTokens(jwksUrl: string): Record<string, string> {
  const prefix = 'listener.name.oauth.';
  return {
    [`${prefix}sasl.enabled.mechanisms`]: 'OAUTHBEARER',
    [`${prefix}oauthbearer.sasl.jaas.config`]: `${SECURITY}.oauthbearer.OAuthBearerLoginModule required;`,
    [`${prefix}oauthbearer.sasl.server.callback.handler.class`]: `${SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler`,
    'sasl.oauthbearer.jwks.endpoint.url': jwksUrl,
    'sasl.oauthbearer.expected.issuer': ISSUER,
  };
}

/** Brokers and the tests' own calls come through the plaintext listener, where nobody has a name. */
function accessLists(): Record<string, string> {
  return {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${ADMIN.username}`,
    'allow.everyone.if.no.acl.found': 'false',
  };
}

/** Text of log4j2.properties: warnings and worse. */
export const LOG_TO_STDOUT = `rootLogger.level=WARN
rootLogger.appenderRef.c.ref=C
appender.c.type=Console
appender.c.name=C
appender.c.layout.type=PatternLayout
appender.c.layout.pattern=[%d] %p %m (%c)%n
`;
