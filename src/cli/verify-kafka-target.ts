import type { SinkConfig } from '../config/config.ts';
import { readSecret } from '../config/read-secret.ts';
import { AgentError } from '../core/errors.ts';
import { brokersSetting, compileBrokers } from '../sink/kafka/brokers-setting.ts';
import { connectionSettings } from '../sink/kafka/create.ts';
import type { Broker, ConnectionSettings } from '../sink/kafka/settings.ts';
import { TopicTemplate } from '../sink/kafka/topic-template.ts';
import { chosenSink, usage } from './verify-sink.ts';
import type { SinkOptions } from './verify-sink.ts';

export interface KafkaOptions extends SinkOptions {
  /** Brokers, with commas between; true: those of a sink. */
  readonly kafka?: string | true;
  readonly topic?: string;
  readonly agentTopic?: string;
}

/** Where records are to be read. */
export interface KafkaTarget {
  readonly connection: ConnectionSettings;
  /** What the agent says of itself first: its checkpoints are behind the events that they cover. */
  readonly topics: readonly TopicTemplate[];
}

type KafkaSink = Extract<SinkConfig, { type: 'kafka' }>;

const USUAL = { clientId: 'forkcast', tls: null, sasl: null, connectTimeoutMs: 10_000, requestTimeoutMs: 30_000 } as const;

const KAFKA = {
  type: 'kafka',
  what: 'Kafka',
  otherwise: 'Name brokers and a topic, as in --kafka localhost:9092 --topic process-events, or a configuration with -c.',
} as const;

/** Throws USAGE, CONFIG_UNREADABLE and CONFIG_INVALID. */
export function kafkaTarget(options: KafkaOptions): KafkaTarget {
  const { kafka, config, sink: name, set } = options;
  const brokers = typeof kafka === 'string' ? brokersOf(kafka) : undefined;
  const wantsSink = brokers === undefined || config !== undefined || name !== undefined || set !== undefined;
  const sink = wantsSink ? chosenSink(options, KAFKA) : undefined;
  return { connection: connectionOf(sink, brokers), topics: topicsOf(options, sink) };
}

function connectionOf(sink: KafkaSink | undefined, brokers: readonly Broker[] | undefined): ConnectionSettings {
  if (sink === undefined) return { ...USUAL, brokers: brokers ?? [] };
  const settings = connectionSettings(sink.settings, { readSecret: (reference) => readSecret(reference) });
  return brokers === undefined ? settings : { ...settings, brokers };
}

function topicsOf({ topic, agentTopic }: KafkaOptions, sink: KafkaSink | undefined): TopicTemplate[] {
  const events = topic ?? sink?.settings.topic;
  if (events === undefined) throw usage('no topic is named', 'Name the topic of process events with --topic.');
  // The agent's own of another topic than the sink's is named after that.
  const agent = agentTopic ?? (topic === undefined ? sink?.settings.agentTopic : undefined) ?? `${events}-agent`;
  const process = templateOf('--topic', events);
  return agent === events ? [process] : [templateOf('--agent-topic', agent), process];
}

function templateOf(option: string, text: string): TopicTemplate {
  try {
    return new TopicTemplate(text);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    throw usage(`${option} ${JSON.stringify(text)} ${error.message}`, `${error.fix ?? 'correct it'}.`);
  }
}

function brokersOf(text: string): Broker[] {
  const written = text.split(',').map((one) => one.trim());
  const [fault] = brokersSetting.check(written);
  if (fault !== undefined) throw usage(`--kafka ${JSON.stringify(text)}: each broker ${fault.reason}`, `${fault.fix}.`);
  return compileBrokers(written);
}
