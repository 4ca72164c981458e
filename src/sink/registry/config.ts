import type { RecordStream } from '../../core/event.ts';
import { parseSecretReference } from '../../core/secret-reference.ts';
import type { SecretReference } from '../../core/secret-reference.ts';
import type { SettingFault, SettingGroup, ValuesOf } from '../../core/setting.ts';
import { parseDuration } from '../../core/units.ts';
import { SUBJECT_STRATEGIES } from './subject.ts';
import type { SubjectStrategy } from './subject.ts';
import { textSetting } from '../security/text-setting.ts';
import { compileTls, tlsFaults, tlsSchema } from '../security/tls.ts';
import type { TlsFiles } from '../security/tls.ts';
import { compileUrls, urlSetting } from './url-setting.ts';

/** The framing has four bytes for it, which consumers in Java read as signed. */
export const MAX_SCHEMA_ID = 2 ** 31 - 1;

const pinnedId = (what: string) =>
  ({
    format: 'count',
    default: 0,
    min: 0,
    max: MAX_SCHEMA_ID,
    doc: `Id of the schema of ${what}, without asking a registry; 0 asks.`,
  }) as const;

/** The keys of `registry` in a sink. */
export const registrySchema = {
  url: urlSetting,
  auto_register: { format: 'flag', default: false, doc: 'Register the schemas of forkcast where the registry does not know them.' },
  subject_strategy: {
    format: 'choice',
    default: 'topic_name',
    choices: SUBJECT_STRATEGIES,
    doc: 'What a schema is registered under: <topic>-value, the name of the record, or both as <topic>-<name>.',
  },
  ids: { process: pinnedId('process events'), agent: pinnedId('what the agent says about itself') },
  auth: {
    username: textSetting({ doc: 'User name for the registry; empty: none.', without: ':' }),
    password: { format: 'secret', default: 'none', doc: 'Where the password of that user is: env:NAME, file:PATH or credential:NAME.' },
    token: { format: 'secret', default: 'none', doc: 'Where a bearer token for the registry is, in place of user name and password.' },
  },
  tls: tlsSchema,
  timeout: { format: 'duration', default: '5s', min: '100ms', max: '2m', doc: 'How long an answer of the registry may take.' },
} as const satisfies SettingGroup;

export type RegistryValues = ValuesOf<typeof registrySchema>;

export interface RegistryAuth {
  /** null: no user; then `password` is null as well. */
  readonly username: string | null;
  readonly password: SecretReference | null;
  readonly token: SecretReference | null;
}

export interface RegistryConfig {
  /** In the order in which they are asked, without a slash at the end; empty where all ids are pinned. */
  readonly urls: readonly string[];
  readonly autoRegister: boolean;
  readonly subjectStrategy: SubjectStrategy;
  /** null: the registry says. */
  readonly pinned: Readonly<Record<RecordStream, number | null>>;
  readonly auth: RegistryAuth;
  readonly tls: TlsFiles;
  /** For one answer of one of the addresses. */
  readonly timeoutMs: number;
}

/** Values that are valid by the schema and of which `registryFaults` finds none, compiled. */
export function compileRegistry(values: RegistryValues): RegistryConfig {
  const { ids, auth } = values;
  return {
    urls: compileUrls(values.url),
    autoRegister: values.auto_register,
    subjectStrategy: values.subject_strategy,
    pinned: { process: ids.process === 0 ? null : ids.process, agent: ids.agent === 0 ? null : ids.agent },
    auth: {
      username: auth.username === '' ? null : auth.username,
      password: parseSecretReference(auth.password),
      token: parseSecretReference(auth.token),
    },
    tls: compileTls(values.tls),
    timeoutMs: parseDuration(values.timeout),
  };
}

/** What is wrong with keys together, of a section whose keys are each right and whose sink needs ids of schemas. */
export function registryFaults({ url, ids, auth, tls }: RegistryValues): SettingFault[] {
  const fault = (within: readonly string[], reason: string, fix: string): SettingFault => ({ within, value: null, reason, fix });
  const faults: SettingFault[] = [];
  if (url.length === 0 && (ids.process === 0 || ids.agent === 0))
    faults.push(fault(['url'], 'is missing', 'write the address of the schema registry, or both ids.process and ids.agent'));
  if (auth.token !== 'none' && (auth.username !== '' || auth.password !== 'none'))
    faults.push(fault(['auth', 'token'], 'must not be beside a user name or password', 'keep one of the two'));
  else if (auth.username !== '' && auth.password === 'none')
    faults.push(fault(['auth', 'password'], 'is missing beside a user name', 'write env:NAME, file:PATH or credential:NAME'));
  else if (auth.username === '' && auth.password !== 'none')
    faults.push(fault(['auth', 'username'], 'is missing beside a password', 'write the name of the user'));
  return [...faults, ...tlsFaults(tls)];
}
