import type { SinkConfig } from '../config/config.ts';
import { readSecret } from '../config/read-secret.ts';
import { AGENT_KINDS } from '../core/agent-event.ts';
import { AgentError, exitCodeOf } from '../core/errors.ts';
import { uuidText } from '../core/uuid.ts';
import { loadRunIdentity } from '../enrich/identity.ts';
import { connectionSettings } from '../sink/kafka/create.ts';
import { TopicTemplate } from '../sink/kafka/topic-template.ts';
import { SubjectTemplate } from '../sink/nats/subject-template.ts';
import { RegistryClient } from '../sink/registry/client.ts';
import type { Finding, ItemFinding } from './check-connect-finding.ts';
import { kafkaFindings } from './check-connect-kafka.ts';
import type { KafkaSinkOfConfig } from './check-connect-kafka.ts';
import { natsFindings } from './check-connect-nats.ts';
import type { NatsSinkOfConfig } from './check-connect-nats.ts';
import { registryFindings } from './check-connect-registry.ts';
import type { TopicsByStream } from './check-connect-registry.ts';
import type { CliIo } from './io.ts';

const OF_AGENT = AGENT_KINDS.filter((kind) => kind !== 'UNKNOWN');
/** Nobody elects a leader while somebody waits for a check. */
const PATIENCE_MS = 10_000;
const CONFIG_EXIT_CODE = exitCodeOf(new AgentError('CONFIG_INVALID', ''));

/** Reaches what the sinks need beyond this machine. Nothing is written there. */
export async function connectFindings(sinks: readonly SinkConfig[], env: CliIo['env']): Promise<Finding[]> {
  const found = await Promise.all(sinks.map((sink) => sinkFindings(sink, env)));
  return found.flatMap((findings, index) => findings.map((finding) => ofSink(sinks[index]?.name ?? '', finding)));
}

function ofSink(sink: string, finding: ItemFinding): Finding {
  return { sink, ...finding };
}

async function sinkFindings(sink: SinkConfig, env: CliIo['env']): Promise<ItemFinding[]> {
  const secrets: Secrets = { readSecret: (reference) => readSecret(reference, { ...env }) };
  switch (sink.type) {
    case 'kafka':
      return atKafka(sink, secrets);
    case 'nats':
      return atNats(sink, secrets);
    case 'stdout':
    case 'file':
    case 'blackhole':
    case 'chaos':
      return [];
  }
}

/** 0 without an error; what is wrong with the configuration goes before what is wrong elsewhere. */
export function connectExitCode(findings: readonly Finding[]): number {
  const codes = findings.flatMap(({ code }) => (code === null ? [] : [exitCodeOf(new AgentError(code, ''))]));
  return codes.includes(CONFIG_EXIT_CODE) ? CONFIG_EXIT_CODE : (codes[0] ?? 0);
}

interface Secrets {
  readonly readSecret: (reference: Parameters<typeof readSecret>[0]) => Buffer;
}

async function atKafka(sink: KafkaSinkOfConfig, secrets: Secrets): Promise<ItemFinding[]> {
  const { settings } = sink;
  const connection = connectionSettings(settings, secrets);
  const topics = topicsOf(sink);
  // A check that stays on this machine has no use for a client's memory.
  const { ClusterInspector } = await import('../sink/kafka/platformatic/inspector.ts');
  const inspector = new ClusterInspector({ ...connection, requestTimeoutMs: Math.min(PATIENCE_MS, connection.requestTimeoutMs) });
  const { registry } = settings;
  try {
    const atCluster = await kafkaFindings(sink, [...new Set([...topics.process, ...topics.agent])], inspector);
    if (registry === undefined) return atCluster;
    return [...atCluster, ...(await registryFindings(registry, topics, new RegistryClient(registry, secrets.readSecret)))];
  } finally {
    await inspector.close();
  }
}

async function atNats(sink: NatsSinkOfConfig, secrets: Secrets): Promise<ItemFinding[]> {
  const { settings, kinds } = sink;
  const { ServerInspector } = await import('../sink/nats/server-inspector.ts');
  const inspector = new ServerInspector(settings, secrets);
  const { registry } = settings;
  const subjects = { process: subjectsOf(settings.subject, kinds), agent: subjectsOf(settings.agentSubject, OF_AGENT) };
  try {
    const atServers = await natsFindings(sink, [...subjects.process, ...subjects.agent], inspector);
    if (registry === undefined) return atServers;
    // There are no topics: schemas are registered by their names.
    const topics = { process: [''], agent: [''] };
    return [...atServers, ...(await registryFindings(registry, topics, new RegistryClient(registry, secrets.readSecret)))];
  } finally {
    await inspector.close();
  }
}

function subjectsOf(text: string, kinds: readonly string[]): string[] {
  const { hostId, hostname } = loadRunIdentity({});
  const template = new SubjectTemplate(text);
  const values = { host_id: uuidText(hostId), host: hostname };
  return [...new Set(kinds.map((kind) => template.subjectFor({ kind }, values)))];
}

/** The names that templates come to on this machine. */
function topicsOf({ kinds, settings: { topic, agentTopic } }: KafkaSinkOfConfig): TopicsByStream {
  return { process: namesOf(topic, kinds), agent: namesOf(agentTopic, OF_AGENT) };
}

function namesOf(text: string, kinds: readonly string[]): string[] {
  if (!text.includes('{')) return [text];
  const { hostId, hostname } = loadRunIdentity({});
  const template = new TopicTemplate(text);
  const values = { host_id: uuidText(hostId), hostname };
  return [...new Set(kinds.map((kind) => template.nameFor({ kind }, values)))];
}
