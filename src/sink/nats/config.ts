import { AgentError } from '../../core/errors.ts';
import { formatOfKeys } from '../../core/record-formats.ts';
import type { RecordFormat } from '../../core/record-formats.ts';
import { parseSecretReference } from '../../core/secret-reference.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import type { SettingFault, StructureSetting, ValuesOf } from '../../core/setting.ts';
import { parseDuration, parseSize } from '../../core/units.ts';
import { FRAMINGS } from '../framing/contents.ts';
import { brokerFormatSetting, formatFaults, ocsfVersionSetting } from '../framing/format-settings.ts';
import { framingFaults } from '../framing/framing-faults.ts';
import { compileRegistry, registrySchema } from '../registry/config.ts';
import type { RegistryConfig } from '../registry/config.ts';
import { textSetting } from '../security/text-setting.ts';
import { compileTls, tlsFaults, tlsSchema } from '../security/tls.ts';
import type { TlsFiles } from '../security/tls.ts';
import { compileEnsuredStream, ensureStreamSchema } from './ensure-config.ts';
import type { EnsuredStream } from './ensure-config.ts';
import { compileServers, serversSetting } from './servers-setting.ts';
import type { Server } from './servers-setting.ts';
import { SubjectTemplate } from './subject-template.ts';

export const MODES = ['jetstream', 'core'] as const;

const subjectSetting = (doc: string, preset: string): StructureSetting<string> => ({
  format: 'structure',
  default: preset,
  doc,
  check: (value) => (value === '' && preset === '' ? [] : checkSubject(value)),
  schema: { type: 'string', minLength: preset === '' ? 0 : 1, maxLength: 200 },
});

const secret = (doc: string) => ({ format: 'secret', default: 'none', doc }) as const;

/** Dots would make it several tokens of the subjects that ask about it. */
export const STREAM_NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** The keys of a sink of this type. */
export const natsSinkSchema = {
  servers: serversSetting,
  mode: {
    format: 'choice',
    default: 'jetstream',
    choices: MODES,
    doc: 'jetstream: a stream stores each event and acknowledges it; core: to whoever listens at the time, without an acknowledgement of anybody but the server.',
  },
  subject: subjectSetting(
    'Subject of process events; {host}, {host_id} and {kind} stand for these, behind a literal token.',
    'forkcast.{host}.process.{kind}',
  ),
  agent_subject: subjectSetting(
    'Subject of what the agent says about itself; that of process events with agent in place of process where not given.',
    '',
  ),
  stream: {
    format: 'structure',
    default: 'FORKCAST' as string,
    doc: 'Name of the stream that takes them (mode jetstream): an acknowledgement of any other is an error.',
    check: checkStream,
    schema: { type: 'string', pattern: STREAM_NAME.source },
  },
  ensure_stream: {
    format: 'switch',
    default: 'off',
    group: ensureStreamSchema,
    doc: 'Create the stream where there is none; one that is there is never changed.',
  },
  format: brokerFormatSetting,
  ocsf_version: ocsfVersionSetting,
  framing: {
    format: 'choice',
    default: 'single_object',
    choices: FRAMINGS,
    doc: 'What stands before each Avro record: the fingerprint of its schema, the id that a schema registry gave it, or nothing.',
  },
  registry: {
    format: 'switch',
    default: 'off',
    // There are no topics to name schemas by.
    group: {
      ...registrySchema,
      subject_strategy: { ...registrySchema.subject_strategy, default: 'record_name', choices: ['record_name'] },
    },
    doc: 'Schema registry (Confluent REST API) for framing: confluent.',
  },
  window: {
    // A stream takes no more than 10,000 that it has not stored yet, from all its publishers together.
    max_messages: {
      format: 'count',
      default: 4096,
      min: 1,
      max: 65536,
      doc: 'How many messages may wait for their acknowledgement at once.',
    },
    max_size: { format: 'size', default: '8MiB', min: '64KiB', max: '256MiB', doc: 'How many bytes of messages may.' },
  },
  name: textSetting({ doc: 'Name of the agent in the lists of connections of the servers; forkcast where empty.' }),
  inbox_prefix: {
    format: 'structure',
    default: '_INBOX' as string,
    doc: 'Where acknowledgements come to, for accounts that may listen there only.',
    check: checkInbox,
    schema: { type: 'string', minLength: 1, maxLength: 100 },
  },
  connect_timeout: { format: 'duration', default: '5s', min: '100ms', max: '2m', doc: 'How long it may take to connect to a server.' },
  ack_timeout: {
    format: 'duration',
    default: '10s',
    min: '500ms',
    max: '10m',
    doc: 'How long none of the acknowledgements may come before what waits for one is sent again; more than the cluster needs to elect a leader.',
  },
  tls: { format: 'switch', default: 'off', group: tlsSchema, doc: 'Encrypt the connection, and trust servers by their certificates.' },
  auth: {
    format: 'switch',
    default: 'off',
    group: {
      token: secret('Where a token is: env:NAME, file:PATH or credential:NAME.'),
      user: textSetting({ doc: 'Name of a user.' }),
      password: secret('Where the password of the user is.'),
      nkey: secret('Where the seed of an NKey is (begins with SU).'),
      creds: secret('Where the text of a credentials file is (JWT and seed, as nsc writes it).'),
    },
    doc: 'Say who the agent is, in one of these ways.',
  },
} as const;

export type NatsValues = ValuesOf<typeof natsSinkSchema>;
type AuthValues = Exclude<NatsValues['auth'], 'off'>;

/** How the agent says who it is. */
export type AuthConfig =
  | { readonly kind: 'token' | 'nkey' | 'creds'; readonly secret: SecretReference }
  | { readonly kind: 'password'; readonly user: string; readonly secret: SecretReference | null };

/** How servers are reached. */
export interface NatsConnectionConfig {
  readonly servers: readonly Server[];
  readonly name: string;
  readonly inboxPrefix: string;
  readonly connectTimeoutMs: number;
  /** null: not asked for. */
  readonly tls: TlsFiles | null;
  readonly auth: AuthConfig | null;
}

export interface NatsSinkConfig extends NatsConnectionConfig {
  readonly mode: (typeof MODES)[number];
  readonly subject: string;
  readonly agentSubject: string;
  /** Of mode jetstream. */
  readonly stream: string;
  readonly ensureStream: EnsuredStream | null;
  readonly format: Exclude<RecordFormat, 'line'>;
  /** Of Avro. */
  readonly framing: (typeof FRAMINGS)[number];
  /** Only where the framing is confluent. */
  readonly registry?: RegistryConfig;
  /** Bounds of one message; of one event: it is not framed as a batch. */
  readonly message: { readonly maxEvents: number; readonly maxBytes: number };
  readonly window: { readonly maxMessages: number; readonly maxBytes: number };
  readonly ackTimeoutMs: number;
}

/** Bounds of one message, as `batch` of such a sink gives them. */
interface BatchValues {
  readonly max_events: number;
  readonly max_bytes: string;
}

/** Values that are valid by the schema, compiled. */
export function compileNatsSink(values: NatsValues, batch: BatchValues): NatsSinkConfig {
  const { registry, framing, tls, auth, ensure_stream, window, subject, agent_subject } = values;
  const agentSubject = agent_subject === '' ? (new SubjectTemplate(subject).ofAgent ?? '') : agent_subject;
  return {
    servers: compileServers(values.servers),
    mode: values.mode,
    subject,
    agentSubject,
    stream: values.stream,
    ensureStream: ensure_stream === 'off' ? null : compileEnsuredStream(ensure_stream, [subject, agentSubject]),
    format: formatOfKeys(values.format, values.ocsf_version),
    framing,
    ...(framing === 'confluent' && registry !== 'off' ? { registry: compileRegistry(registry) } : {}),
    message: { maxEvents: batch.max_events, maxBytes: parseSize(batch.max_bytes) },
    window: { maxMessages: window.max_messages, maxBytes: parseSize(window.max_size) },
    name: values.name === '' ? 'forkcast' : values.name,
    inboxPrefix: values.inbox_prefix,
    connectTimeoutMs: parseDuration(values.connect_timeout),
    ackTimeoutMs: parseDuration(values.ack_timeout),
    tls: tls === 'off' ? null : compileTls(tls),
    auth: auth === 'off' ? null : compileAuth(auth),
  };
}

function compileAuth({ token, user, password, nkey, creds }: AuthValues): AuthConfig | null {
  if (user !== '') return { kind: 'password', user, secret: parseSecretReference(password) };
  for (const [kind, written] of Object.entries({ token, nkey, creds } as const)) {
    const reference = parseSecretReference(written);
    if (reference !== null) return { kind: kind as 'token' | 'nkey' | 'creds', secret: reference };
  }
  return null;
}

/** What is wrong with keys together, of a sink whose keys are each right. */
export function natsFaults(values: NatsValues): SettingFault[] {
  const { auth, tls, mode, ensure_stream } = values;
  return [
    ...subjectFaults(values),
    ...formatFaults(values),
    ...framingFaults(values),
    ...(auth === 'off' ? [] : authFaults(auth)),
    ...(mode === 'core' && ensure_stream !== 'off' ? [fault(['ensure_stream'], 'is for mode jetstream only', 'remove it')] : []),
    ...(tls === 'off' ? [] : tlsFaults(tls)),
  ];
}

/** Consumers tell the two kinds of records apart by their subject. */
function subjectFaults({ subject, agent_subject }: NatsValues): SettingFault[] {
  const process = new SubjectTemplate(subject);
  if (agent_subject === '')
    return process.ofAgent === undefined
      ? [
          fault(
            ['agent_subject'],
            'is missing: the subject has no token process to be replaced by agent',
            `write it, such as ${process.root}.agent.{host}.{kind}`,
          ),
        ]
      : [];
  return process.meets(new SubjectTemplate(agent_subject))
    ? [fault(['agent_subject'], 'must not be a subject of process events, too', 'give it another literal token')]
    : [];
}

function authFaults({ token, user, password, nkey, creds }: AuthValues): SettingFault[] {
  const given = Object.entries({ token: token !== 'none', user: user !== '', nkey: nkey !== 'none', creds: creds !== 'none' })
    .filter(([, isGiven]) => isGiven)
    .map(([key]) => key);
  const [first, second] = given;
  if (first === undefined) return [fault(['auth'], 'says nothing', 'write token, or user and password, or nkey, or creds; or remove it')];
  if (second !== undefined) return [fault(['auth', second], `must not be beside ${first}`, 'keep one of the two')];
  if (first === 'user' && password === 'none')
    return [fault(['auth', 'password'], 'is missing', 'write env:NAME, file:PATH or credential:NAME')];
  if (first !== 'user' && password !== 'none') return [fault(['auth', 'password'], 'is for a user only', 'remove it, or name the user')];
  return [];
}

function fault(within: readonly string[], reason: string, fix: string): SettingFault {
  return { within, value: null, reason, fix };
}

function checkStream(value: unknown): SettingFault[] {
  if (typeof value === 'string' && STREAM_NAME.test(value)) return [];
  return [{ value, reason: 'must be the name of a stream', fix: 'use letters, digits, _ and -, such as FORKCAST' }];
}

function checkInbox(value: unknown): SettingFault[] {
  if (typeof value === 'string' && value.length <= 100 && /^[A-Za-z0-9_$-]+(\.[A-Za-z0-9_$-]+)*$/.test(value)) return [];
  return [{ value, reason: 'must be the beginning of a subject', fix: 'use letters, digits, _ and -, with dots between, such as _INBOX' }];
}

function checkSubject(value: unknown): SettingFault[] {
  if (typeof value !== 'string') return [{ value, reason: 'must be a subject', fix: 'write it as text' }];
  try {
    void new SubjectTemplate(value);
    return [];
  } catch (error) {
    if (!(error instanceof AgentError) || error.code !== 'CONFIG_INVALID') throw error;
    return [{ value, reason: error.message, fix: error.fix ?? 'correct it' }];
  }
}
