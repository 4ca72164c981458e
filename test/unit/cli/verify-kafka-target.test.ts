import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kafkaTarget } from '../../../src/cli/verify-kafka-target.ts';
import type { KafkaOptions } from '../../../src/cli/verify-kafka-target.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

const SIEM = { type: 'kafka', brokers: ['siem:9092'], topic: 'events', client_id: 'me', tls: {} };

async function configOf(sinks: Record<string, object>): Promise<string> {
  const path = join(await tempDir(), 'forkcast.json');
  await writeFile(path, JSON.stringify({ sinks }));
  return path;
}

const topicsOf = (options: KafkaOptions): string[] => kafkaTarget(options).topics.map(({ text }) => text);

function refusal(options: KafkaOptions): AgentError {
  try {
    kafkaTarget(options);
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('what verify --kafka reads', () => {
  test('is at the brokers named, of the topic named, that of the agent first', () => {
    const { connection } = kafkaTarget({ kafka: 'a:1, [::1]:2', topic: 'x' });
    expect(connection).toMatchObject({
      brokers: [
        { host: 'a', port: 1 },
        { host: '::1', port: 2 },
      ],
      tls: null,
      sasl: null,
    });
    expect(topicsOf({ kafka: 'a:1', topic: 'x' })).toEqual(['x-agent', 'x']);
    expect(topicsOf({ kafka: 'a:1', topic: 'x', agentTopic: 'y' })).toEqual(['y', 'x']);
    expect(topicsOf({ kafka: 'a:1', topic: 'x', agentTopic: 'x' })).toEqual(['x']);
  });

  test('is what the one Kafka sink of the configuration writes, or that which is chosen', async () => {
    const config = await configOf({ siem: SIEM, disk: { type: 'file' } });
    expect(kafkaTarget({ kafka: true, config }).connection).toMatchObject({ brokers: [{ host: 'siem', port: 9092 }], clientId: 'me' });
    expect(topicsOf({ kafka: true, config })).toEqual(['events-agent', 'events']);
    const two = await configOf({ siem: SIEM, bus: { ...SIEM, topic: 'other', agent_topic: 'said' } });
    expect(topicsOf({ kafka: true, config: two, sink: 'bus' })).toEqual(['said', 'other']);
    expect(refusal({ kafka: true, config: two })).toMatchObject({ code: 'USAGE', message: 'there are several Kafka sinks: bus, siem' });
    expect(refusal({ kafka: true, config: two, sink: 'x' })).toMatchObject({ code: 'USAGE', message: 'there is no Kafka sink "x"' });
  });

  test('may be other brokers and topics with the credentials of a sink', async () => {
    const config = await configOf({ siem: SIEM });
    const target = kafkaTarget({ kafka: 'mirror:9', config, topic: 'copy' });
    expect(target.connection).toMatchObject({ brokers: [{ host: 'mirror', port: 9 }], tls: { serverName: null } });
    expect(target.topics.map(({ text }) => text)).toEqual(['copy-agent', 'copy']);
  });

  test.each<[KafkaOptions, string]>([
    [{ kafka: 'a:1' }, 'no topic is named'],
    [{ kafka: true, topic: 'x' }, 'the built-in configuration has no Kafka sink'],
    [{ kafka: 'data/events', topic: 'x' }, '--kafka "data/events": each broker must be host:port'],
    [{ kafka: 'a:1', topic: 'a b' }, '--topic "a b" holds characters that are not allowed in the name of a topic'],
    [{ kafka: 'a:1', topic: 'a', agentTopic: '{kind}' }, '--agent-topic "{kind}" must begin with a literal part'],
  ])('is not guessed: %j', (options, message) => {
    expect(refusal(options)).toMatchObject({ code: 'USAGE', message });
  });
});
