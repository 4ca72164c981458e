import type { SinkConfig } from '../config/config.ts';
import { escapeText } from '../core/text.ts';
import type { KafkaSinkConfig } from '../sink/kafka/config.ts';
import { userText } from '../sink/kafka/explain.ts';
import type { BrokerReport, ClusterInspector, TopicReport } from '../sink/kafka/platformatic/inspector.ts';
import type { Broker } from '../sink/kafka/settings.ts';
import { USUAL_BYTES } from '../sink/kafka/size-limits.ts';
import { connectError } from './check-connect-fault.ts';
import { bad, doubtful, good } from './check-connect-finding.ts';
import type { ItemFinding } from './check-connect-finding.ts';
import { copiesFindings, settingFindings, topicFindings } from './check-connect-topic.ts';
import type { Writer } from './check-connect-topic.ts';

export type KafkaSinkOfConfig = Extract<SinkConfig, { type: 'kafka' }>;
export type Inspector = Pick<ClusterInspector, 'broker' | 'topic' | 'topicSettings' | 'producer'>;

interface Answer {
  readonly broker: Broker;
  /** Or why there is none. */
  readonly report: BrokerReport | ReturnType<typeof connectError>;
}

interface Reached extends Answer {
  readonly report: BrokerReport;
}

/** What a sink would meet at its cluster. Where no broker answers, nothing else is asked. */
export async function kafkaFindings(sink: KafkaSinkOfConfig, topics: readonly string[], inspector: Inspector): Promise<ItemFinding[]> {
  const { settings } = sink;
  const seeds = await reach(settings.brokers, { settings, inspector });
  const first = seeds.find(isReached);
  if (first === undefined) return seeds.map((seed) => brokerFinding(seed));
  const named = new Set(settings.brokers.map(addressOf));
  const others = await reach(
    first.report.members.filter((member) => !named.has(addressOf(member))),
    { settings, inspector },
  );
  const cluster = { settings, inspector, at: first.broker, writer: writerOf(sink) };
  const findings = [
    ...seeds.map((seed) => (isReached(seed) ? brokerFinding(seed) : spareSeed(seed))),
    ...others.map((other) => (isReached(other) ? brokerFinding(other) : hiddenMember(other))),
    securityFinding(settings),
  ];
  for (const topic of topics) findings.push(...(await lookAtTopic(topic, cluster)));
  return [...findings, await producerFinding(cluster)];
}

interface Asking {
  readonly settings: KafkaSinkConfig;
  readonly inspector: Inspector;
}

interface ClusterAt extends Asking {
  /** A broker that answers. */
  readonly at: Broker;
  readonly writer: Writer;
}

function reach(brokers: readonly Broker[], { settings, inspector }: Asking): Promise<Answer[]> {
  return Promise.all(
    brokers.map(async (broker) => ({
      broker,
      report: await inspector.broker(broker).catch((error: unknown) => connectError(error, settings)),
    })),
  );
}

function isReached(answer: Answer): answer is Reached {
  return 'members' in answer.report;
}

function brokerFinding(answer: Answer): ItemFinding {
  const item = `broker ${addressOf(answer.broker)}`;
  if (!isReached(answer)) return bad(item, answer.report as ReturnType<typeof connectError>);
  const { members, produce, speaks } = answer.report;
  const self = members.find((member) => addressOf(member) === addressOf(answer.broker));
  const which = `${self === undefined ? 'one' : `broker ${self.id}`} of ${members.length}`;
  return good(item, `${which}; knows produce ${produce.min} to ${produce.max}, spoken is ${speaks}`);
}

/** It takes one of those that are named to find the others. */
function spareSeed({ broker, report }: Answer): ItemFinding {
  const { message, fix } = report as ReturnType<typeof connectError>;
  return doubtful(`broker ${addressOf(broker)}`, `${message}; another one answers`, fix ?? '');
}

function hiddenMember({ broker, report }: Answer): ItemFinding {
  const { message, code } = report as ReturnType<typeof connectError>;
  const fix =
    'Open the way to the addresses in advertised.listeners of the brokers, or correct those: partitions are written where they are led.';
  return bad(`broker ${addressOf(broker)}`, { message: `the cluster names it, but ${message}`, code, fix });
}

function securityFinding({ tls, sasl }: KafkaSinkConfig): ItemFinding {
  const way = tls === null ? 'plaintext' : `TLS accepted${tls.cert === null ? '' : ', with a certificate of the agent'}`;
  if (sasl === null) return good('security', `${way}, no SASL`);
  const login = `${sasl.mechanism}${sasl.username === '' ? '' : ` as ${escapeText(sasl.username)}`} accepted`;
  if (tls !== null || sasl.mechanism.startsWith('scram')) return good('security', `${way}, ${login}`);
  return doubtful(
    'security',
    `${way}, ${login}: whoever listens on the way reads the secret`,
    'Use a listener with TLS, and add tls: {} to the sink.',
  );
}

async function lookAtTopic(name: string, cluster: ClusterAt): Promise<ItemFinding[]> {
  const { inspector, at, settings, writer } = cluster;
  let topic: TopicReport;
  try {
    topic = await inspector.topic(name, at);
  } catch (error) {
    return [bad(`topic ${name}`, connectError(error, settings, { topic: name, to: 'see' }))];
  }
  const found = topicFindings(topic, writer);
  try {
    return [...found, ...settingFindings(topic, await inspector.topicSettings(name, at), writer)];
  } catch (error) {
    const { message, fix, context } = connectError(error, settings);
    const right = `To have them checked, allow ${userText(writer.user)} to DESCRIBE_CONFIGS the topic.`;
    return [
      ...found,
      ...copiesFindings(topic),
      doubtful(
        `${name} settings`,
        `not to be seen: ${message}`,
        context['fault'] === 'TOPIC_AUTHORIZATION_FAILED' ? right : (fix ?? right),
      ),
    ];
  }
}

async function producerFinding({ inspector, settings }: ClusterAt): Promise<ItemFinding> {
  const item = 'idempotent writing';
  try {
    await inspector.producer();
    return good(item, 'allowed');
  } catch (error) {
    return bad(item, connectError(error, settings));
  }
}

function writerOf({ batch, settings: { compression, sasl } }: KafkaSinkOfConfig): Writer {
  const user = sasl === null || sasl.username === '' ? null : escapeText(sasl.username);
  return { maxBytes: Math.min(batch.maxBytes, USUAL_BYTES), compression, user };
}

function addressOf({ host, port }: Broker): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
