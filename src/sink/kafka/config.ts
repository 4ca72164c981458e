import { AgentError } from '../../core/errors.ts';
import { formatOfKeys } from '../../core/record-formats.ts';
import type { RecordFormat } from '../../core/record-formats.ts';
import { parseSecretReference } from '../../core/secret-reference.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import type { SettingFault, SettingGroup, StructureSetting, ValuesOf } from '../../core/setting.ts';
import { parseDuration } from '../../core/units.ts';
import { FRAMINGS } from '../framing/contents.ts';
import { brokerFormatSetting, formatFaults, ocsfVersionSetting } from '../framing/format-settings.ts';
import { framingFaults } from '../framing/framing-faults.ts';
import { compileRegistry, registrySchema } from '../registry/config.ts';
import type { RegistryConfig } from '../registry/config.ts';
import { needsTwoTopics } from '../registry/subject.ts';
import { textSetting } from '../security/text-setting.ts';
import { compileTls, tlsFaults, tlsSchema } from '../security/tls.ts';
import type { TlsFiles } from '../security/tls.ts';
import { brokersSetting, compileBrokers } from './brokers-setting.ts';
import { commandSetting } from './command-setting.ts';
import { COMPRESSIONS } from './settings.ts';
import type { Broker, Compression, SaslMechanism } from './settings.ts';
import { TopicTemplate } from './topic-template.ts';

export const DRIVERS = ['platformatic', 'kafkajs'] as const;
export const KEYS = ['host_id', 'entity_id', 'container'] as const;
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'] as const satisfies readonly SaslMechanism[];

const topicSetting = (doc: string, least: 0 | 1): StructureSetting<string> => ({
  format: 'structure',
  default: least === 0 ? '' : 'process-events',
  doc,
  check: (value) => (value === '' && least === 0 ? [] : checkTopic(value)),
  schema: { type: 'string', minLength: least, maxLength: 249 },
});

/** The keys of a sink of this type. */
export const kafkaSinkSchema = {
  brokers: brokersSetting,
  topic: topicSetting('Topic of process events; {kind}, {host_id} and {hostname} stand for these, behind a literal part.', 1),
  agent_topic: topicSetting('Topic of what the agent says about itself; <topic>-agent where not given.', 0),
  key: {
    format: 'choice',
    default: 'host_id',
    choices: KEYS,
    doc: 'What keeps events together and in order in one partition: their host, their process, or their container (of those without, the host).',
  },
  format: brokerFormatSetting,
  ocsf_version: ocsfVersionSetting,
  framing: {
    format: 'choice',
    default: 'single_object',
    choices: FRAMINGS,
    doc: 'What stands before each Avro record: the fingerprint of its schema, the id that a schema registry gave it, or nothing.',
  },
  compression: { format: 'choice', default: 'zstd', choices: COMPRESSIONS, doc: 'How batches are compressed.' },
  driver: { format: 'choice', default: 'platformatic', choices: DRIVERS, doc: 'The client library.' },
  client_id: textSetting({ doc: 'Name of the agent in the logs, metrics and quotas of the brokers; forkcast where empty.' }),
  connect_timeout: { format: 'duration', default: '10s', min: '100ms', max: '2m', doc: 'How long it may take to connect to a broker.' },
  request_timeout: {
    format: 'duration',
    default: '30s',
    min: '1s',
    max: '10m',
    doc: 'How long an answer may take; more than the cluster needs to replace a dead broker, 9 s by default.',
  },
  registry: {
    format: 'switch',
    default: 'off',
    group: registrySchema,
    doc: 'Schema registry (Confluent REST API) for framing: confluent.',
  },
  tls: { format: 'switch', default: 'off', group: tlsSchema, doc: 'Encrypt the connections, and trust brokers by their certificates.' },
  sasl: {
    format: 'switch',
    default: 'off',
    group: {
      mechanism: { format: 'choice', default: 'scram-sha-512', choices: MECHANISMS, doc: 'How the agent says who it is.' },
      username: textSetting({ doc: 'User name, or client id of oauthbearer.' }),
      password: {
        format: 'secret',
        default: 'none',
        doc: 'Where its password, or client secret, is: env:NAME, file:PATH or credential:NAME.',
      },
      token_url: textSetting({ doc: 'Where oauthbearer gets tokens (client credentials flow).' }),
      scope: textSetting({ doc: 'Scope to ask tokens for; empty: none.' }),
      token: { format: 'secret', default: 'none', doc: 'Where a token is that something else keeps fresh, in place of token_url.' },
      token_command: commandSetting,
    },
    doc: 'Say who the agent is.',
  },
} as const satisfies SettingGroup;

export type KafkaValues = ValuesOf<typeof kafkaSinkSchema>;
type SaslValues = Exclude<KafkaValues['sasl'], 'off'>;

export interface SaslConfig {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: SecretReference | null;
  /** Of these three one at most. */
  readonly tokenUrl: string | null;
  readonly scope: string | null;
  readonly token: SecretReference | null;
  /** Program and arguments. */
  readonly tokenCommand: readonly string[] | null;
}

export interface KafkaSinkConfig {
  readonly brokers: readonly Broker[];
  readonly topic: string;
  readonly agentTopic: string;
  readonly key: (typeof KEYS)[number];
  readonly format: Exclude<RecordFormat, 'line'>;
  /** Of Avro. */
  readonly framing: (typeof FRAMINGS)[number];
  readonly compression: Compression;
  readonly driver: (typeof DRIVERS)[number];
  readonly clientId: string;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Only where the framing is confluent. */
  readonly registry?: RegistryConfig;
  /** null: plaintext. */
  readonly tls: TlsFiles | null;
  readonly sasl: SaslConfig | null;
}

/** Values that are valid by the schema, compiled. */
export function compileKafkaSink(values: KafkaValues): KafkaSinkConfig {
  const { registry, framing, tls, sasl } = values;
  return {
    brokers: compileBrokers(values.brokers),
    topic: values.topic,
    agentTopic: values.agent_topic === '' ? `${values.topic}-agent` : values.agent_topic,
    key: values.key,
    format: formatOfKeys(values.format, values.ocsf_version),
    framing,
    compression: values.compression,
    driver: values.driver,
    clientId: values.client_id === '' ? 'forkcast' : values.client_id,
    connectTimeoutMs: parseDuration(values.connect_timeout),
    requestTimeoutMs: parseDuration(values.request_timeout),
    ...(framing === 'confluent' && registry !== 'off' ? { registry: compileRegistry(registry) } : {}),
    tls: tls === 'off' ? null : compileTls(tls),
    sasl: sasl === 'off' ? null : compileSasl(sasl),
  };
}

function compileSasl({ mechanism, username, password, token_url, scope, token, token_command }: SaslValues): SaslConfig {
  return {
    mechanism,
    username,
    password: parseSecretReference(password),
    tokenUrl: token_url === '' ? null : token_url,
    scope: scope === '' ? null : scope,
    token: parseSecretReference(token),
    tokenCommand: token_command.length === 0 ? null : token_command,
  };
}

/** What is wrong with keys together, of a sink whose keys are each right. */
export function kafkaFaults(values: KafkaValues): SettingFault[] {
  const { sasl, tls } = values;
  return [
    ...formatFaults(values),
    ...framingFaults(values),
    ...topicFaults(values),
    ...(sasl === 'off' ? [] : saslFaults(sasl)),
    ...(tls === 'off' ? [] : tlsFaults(tls)),
  ];
}

/** Consumers tell the two kinds of records apart by their schema, where there is anything that names it. */
function topicFaults({ topic, agent_topic, framing, registry }: KafkaValues): SettingFault[] {
  if (agent_topic !== topic) return [];
  const alone = 'give it a topic of its own, or remove the key';
  if (framing === 'raw')
    return [fault(['agent_topic'], 'must not be that of process events with framing raw: nothing tells the two apart', alone)];
  if (framing === 'confluent' && registry !== 'off' && needsTwoTopics(registry.subject_strategy))
    return [
      fault(['agent_topic'], 'must not be that of process events with subject_strategy topic_name', `${alone}; or choose record_name`),
    ];
  return [];
}

/** Where tokens may come from. */
const TOKEN_KEYS = ['token_url', 'token', 'token_command'] as const;

function saslFaults(sasl: SaslValues): SettingFault[] {
  const { mechanism, username, password, token_url, token, token_command } = sasl;
  const at = (key: string, reason: string, fix: string): SettingFault => fault(['sasl', key], reason, fix);
  const given = { token_url: token_url !== '', token: token !== 'none', token_command: token_command.length > 0 };
  const [first, second] = TOKEN_KEYS.filter((key) => given[key]);
  const missing = [
    ...(username === '' ? [at('username', 'is missing', 'write the name of the user')] : []),
    ...(password === 'none' ? [at('password', 'is missing', 'write env:NAME, file:PATH or credential:NAME')] : []),
  ];
  if (mechanism !== 'oauthbearer') return [...missing, ...(first === undefined ? [] : [at(first, 'is for oauthbearer only', 'remove it')])];
  if (second !== undefined) return [at(second, `must not be beside ${first}`, 'keep one of the two')];
  if (first === undefined)
    return [at('token_url', 'is missing for oauthbearer', 'write where tokens are to be had, or token, or token_command')];
  if (first !== 'token_url') return [];
  return [...missing, ...urlFaults(token_url).map(({ reason, fix }) => at('token_url', reason, fix))];
}

function urlFaults(text: string): Pick<SettingFault, 'reason' | 'fix'>[] {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return [{ reason: 'is not an address of HTTP', fix: 'write https://HOST/PATH' }];
  // What is in it is in messages, too.
  if (url.username === '' && url.password === '') return [];
  return [{ reason: 'must not contain credentials', fix: 'write username and password beside it' }];
}

function fault(within: readonly string[], reason: string, fix: string): SettingFault {
  return { within, value: null, reason, fix };
}

function checkTopic(value: unknown): SettingFault[] {
  if (typeof value !== 'string') return [{ value, reason: 'must be the name of a topic', fix: 'write it as text' }];
  try {
    void new TopicTemplate(value);
    return [];
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error;
    return [{ value, reason: error.message, fix: error.fix ?? 'correct it' }];
  }
}
