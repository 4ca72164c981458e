import { AgentError } from '../core/errors.ts';
import type { RecordStream } from '../core/event.ts';
import { escapeText } from '../core/text.ts';
import { publishedSchema } from '../encode/avro/schemas.ts';
import { checkSubject, subjectFault } from '../sink/registry/check-subject.ts';
import type { RegistryClient } from '../sink/registry/client.ts';
import type { RegistryConfig } from '../sink/registry/config.ts';
import { subjectOf } from '../sink/registry/subject.ts';
import { bad, doubtful, good } from './check-connect-finding.ts';
import type { ItemFinding } from './check-connect-finding.ts';

export type TopicsByStream = Readonly<Record<RecordStream, readonly string[]>>;
export type RegistryAsker = Pick<RegistryClient, 'lookup' | 'compatibility' | 'compatibilityLevel' | 'schemaById'>;

/** Each answer has its own limit of time. */
const never = new AbortController().signal;

/** What a sink would meet at its registry. Where that does not answer, nothing else is asked. */
export async function registryFindings(config: RegistryConfig, topics: TopicsByStream, client: RegistryAsker): Promise<ItemFinding[]> {
  const findings: ItemFinding[] = [];
  try {
    for (const stream of ['process', 'agent'] as const) findings.push(...(await streamFindings(stream, { config, topics, client })));
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return [bad('registry', error)];
  }
  const where = config.urls.length === 0 ? [] : [good('registry', `${config.urls.join(', ')} answers`)];
  return [...where, ...findings];
}

interface Asked {
  readonly config: RegistryConfig;
  readonly topics: TopicsByStream;
  readonly client: RegistryAsker;
}

async function streamFindings(stream: RecordStream, { config, topics, client }: Asked): Promise<ItemFinding[]> {
  const { fullName, text } = publishedSchema(stream);
  const pinned = config.pinned[stream];
  if (pinned !== null) return [await pinnedFinding({ fullName, id: pinned }, config, client)];
  const subjects = new Set(topics[stream].map((topic) => subjectOf(config.subjectStrategy, { topic, fullName })));
  const findings: ItemFinding[] = [];
  for (const subject of subjects) {
    const report = await checkSubject(client, { subject, schema: text }, never);
    const fault = subjectFault(report, { fullName, autoRegister: config.autoRegister });
    const level = report.level === null ? '' : `, compatibility ${report.level}`;
    const state = report.id === null ? 'is compatible, and will be registered by the agent' : `has id ${report.id}`;
    findings.push(
      fault === undefined
        ? good(`subject ${escapeText(subject)}`, `${fullName} ${state}${level}`)
        : bad(`subject ${escapeText(subject)}`, fault),
    );
  }
  return findings;
}

interface Pinned {
  readonly fullName: string;
  readonly id: number;
}

async function pinnedFinding({ fullName, id }: Pinned, { urls }: RegistryConfig, client: RegistryAsker): Promise<ItemFinding> {
  const item = `schema id ${id}`;
  if (urls.length === 0) return good(item, `${fullName}, pinned; no registry to ask`);
  if ((await client.schemaById(id, never)) !== undefined) return good(item, `${fullName}, pinned; the registry knows this id`);
  return doubtful(
    item,
    `${fullName}, pinned; the registry knows no schema of this id`,
    'Correct registry.ids, or remove them and let the registry say.',
  );
}
