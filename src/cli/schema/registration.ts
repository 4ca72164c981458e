import { resolve } from 'node:path';
import { checkGroup } from '../../config/check-group.ts';
import type { SinkConfig } from '../../config/config.ts';
import { AgentError } from '../../core/errors.ts';
import type { SettingFault } from '../../core/setting.ts';
import { escapeText } from '../../core/text.ts';
import { publishedSchema } from '../../encode/avro/schemas.ts';
import type { PublishedSchema } from '../../encode/avro/schemas.ts';
import { compileRegistry, registryFaults, registrySchema } from '../../sink/registry/config.ts';
import type { RegistryConfig, RegistryValues } from '../../sink/registry/config.ts';
import { needsTwoTopics, subjectOf } from '../../sink/registry/subject.ts';

/** Where the registry is and how to speak with it, as typed. */
export interface RegistryOptions {
  readonly url?: string;
  readonly topic?: string;
  readonly agentTopic?: string;
  readonly subjectStrategy?: string;
  readonly username?: string;
  readonly password?: string;
  readonly token?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
}

/** What is to be registered, and where. */
export interface Registration {
  /** null: said on the command line. */
  readonly sink: string | null;
  readonly registry: RegistryConfig;
  readonly subjects: readonly { readonly subject: string; readonly schema: PublishedSchema }[];
}

/** What a sink that frames its records with ids of a registry has among its settings. */
interface RegistrySettings {
  readonly registry: RegistryConfig;
  readonly topic: string;
  readonly agentTopic: string;
}

const TOPIC = /^[\w.-]{1,249}$/;

/** Of all sinks that use a registry. Throws USAGE where none does, or a topic is a template. */
export function registrationsOf(sinks: readonly Pick<SinkConfig, 'name' | 'settings'>[]): Registration[] {
  const found = sinks.flatMap(({ name, settings }): Registration[] => {
    const { registry, topic, agentTopic } = settings as Partial<RegistrySettings>;
    if (registry === undefined || registry.urls.length === 0) return [];
    return [{ sink: name, registry, subjects: subjectsOf(registry, { topic: topic ?? '', agentTopic: agentTopic ?? `${topic}-agent` }) }];
  });
  if (found.length > 0) return found;
  throw new AgentError('USAGE', 'no sink of this configuration uses a schema registry', {
    fix: 'Say where it is with --url and --topic, or with -c the file of an agent whose sink has registry.url.',
  });
}

/** Of the command line. Throws USAGE. */
export function registrationFrom(options: RegistryOptions): Registration {
  const { topic = '', agentTopic = `${topic}-agent`, ...where } = options;
  const registry = registryFrom(where);
  return { sink: null, registry, subjects: subjectsOf(registry, { topic, agentTopic }) };
}

function registryFrom({ url, subjectStrategy, username, password, token, serverName, ...files }: RegistryOptions): RegistryConfig {
  const tls = {
    ...definedOf({ ca: files.ca, cert: files.cert, key: files.key }, (path) => resolve(path)),
    ...definedOf({ server_name: serverName }),
  };
  const written = { ...definedOf({ url, subject_strategy: subjectStrategy }), auth: definedOf({ username, password, token }), tls };
  const { values, findings } = checkGroup(registrySchema, written, []);
  const registry = values as unknown as RegistryValues;
  const [found] = findings;
  if (found !== undefined) throw wrongOption(found.path, found);
  const [fault] = registryFaults(registry);
  if (fault !== undefined) throw wrongOption(fault.within ?? [], fault);
  return compileRegistry(registry);
}

/** Options go by the names of their keys. */
function wrongOption(path: readonly (string | number)[], { reason, fix }: Pick<SettingFault, 'reason' | 'fix'>): AgentError {
  return new AgentError('USAGE', `--${String(path.at(-1)).replaceAll('_', '-')} ${reason}`, { fix });
}

function definedOf(options: Readonly<Record<string, string | undefined>>, change = (text: string): string => text): Record<string, string> {
  return Object.fromEntries(Object.entries(options).flatMap(([key, text]) => (text === undefined ? [] : [[key, change(text)]])));
}

function subjectsOf({ subjectStrategy }: RegistryConfig, topics: Pick<RegistrySettings, 'topic' | 'agentTopic'>): Registration['subjects'] {
  if (subjectStrategy !== 'record_name') for (const topic of [topics.topic, topics.agentTopic]) requireTopic(topic);
  if (needsTwoTopics(subjectStrategy) && topics.topic === topics.agentTopic)
    throw new AgentError('USAGE', `the topic ${topics.topic} is for two kinds of records, whose schemas cannot be of one subject`, {
      fix: 'Name another agent topic, or use the subject strategy record_name or topic_record_name.',
    });
  return (['process', 'agent'] as const).map((stream) => {
    const schema = publishedSchema(stream);
    const topic = stream === 'process' ? topics.topic : topics.agentTopic;
    return { subject: subjectOf(subjectStrategy, { topic, fullName: schema.fullName }), schema };
  });
}

function requireTopic(topic: string): void {
  if (TOPIC.test(topic)) return;
  if (topic === '' || topic === '-agent') throw new AgentError('USAGE', 'it is not said of which topic', { fix: 'Add --topic NAME.' });
  throw new AgentError('USAGE', `${escapeText(topic)} is not the name of a topic`, {
    fix: 'Use letters, digits and . _ -; of a template, register each topic with --url and --topic.',
  });
}
