import { describe, expect, test } from 'vitest';
import { compileBrokers } from '../../../../src/sink/kafka/brokers-setting.ts';
import { brokersSetting } from '../../../../src/sink/kafka/brokers-setting.ts';
import { compileKafkaSink, kafkaFaults } from '../../../../src/sink/kafka/config.ts';
import type { KafkaValues } from '../../../../src/sink/kafka/config.ts';

const sasl = {
  mechanism: 'scram-sha-512',
  username: 'agent',
  password: 'env:PW',
  token_url: '',
  scope: '',
  token: 'none',
  token_command: [] as string[],
} as const;
const tls = { ca: 'none', cert: 'none', key: 'none', server_name: '' };
const registry = {
  url: 'http://localhost:8081',
  auto_register: false,
  subject_strategy: 'topic_name',
  ids: { process: 0, agent: 0 },
  auth: { username: '', password: 'none', token: 'none' },
  tls,
  timeout: '5s',
} as const;

function values(changes: Partial<KafkaValues> = {}): KafkaValues {
  return {
    brokers: ['localhost:9092'],
    topic: 'events',
    agent_topic: '',
    key: 'host_id',
    format: 'avro',
    ocsf_version: '1.8.0',
    framing: 'single_object',
    compression: 'zstd',
    driver: 'platformatic',
    client_id: '',
    connect_timeout: '10s',
    request_timeout: '30s',
    registry: 'off',
    tls: 'off',
    sasl: 'off',
    ...changes,
  };
}

const faultsOf = (changes: Partial<KafkaValues>): string[] =>
  kafkaFaults(values(changes)).map(({ within = [], reason }) => `${within.join('.')} ${reason}`);

describe('a format that is JSON', () => {
  test('is compiled with its version', () => {
    expect(compileKafkaSink(values({ format: 'ocsf', ocsf_version: '1.4.0' })).format).toBe('ocsf/1.4.0');
    expect(compileKafkaSink(values({ format: 'ecs' })).format).toBe('ecs');
    expect(faultsOf({ format: 'ecs' })).toEqual([]);
  });

  test('goes without what only Avro has', () => {
    expect(faultsOf({ format: 'ecs', framing: 'raw' })).toEqual(['framing is for format avro only, and this is ecs']);
    expect(faultsOf({ format: 'json', framing: 'confluent', registry })).toEqual([
      'framing is for format avro only, and this is json',
      'registry is for format avro only, and this is json',
    ]);
    expect(faultsOf({ format: 'ocsf', key: 'entity_id' })).toEqual(['key is for format avro only, and this is ocsf']);
  });
});

describe('the brokers', () => {
  test('do not show what may be a password', () => {
    expect(JSON.stringify(brokersSetting.check(['user:secret@h:9092', 'sasl://user:secret@h:9092']))).not.toContain('secret');
  });

  test('are names or addresses with a port', () => {
    expect(brokersSetting.check(['localhost:9092', '10.0.0.1:1', '[::1]:65535', 'a-b.example.org:9093'])).toEqual([]);
    expect(compileBrokers(['[::1]:9092', 'h:1'])).toEqual([
      { host: '::1', port: 9092 },
      { host: 'h', port: 1 },
    ]);
  });

  test.each([
    ['localhost:9092', 'must be a list'],
    [[], 'must name 1 to 64 brokers'],
    [['localhost'], 'must be host:port'],
    [['localhost:0'], 'must be host:port'],
    [['localhost:65536'], 'must be host:port'],
    [['kafka://h:9092'], 'must be host:port, without a scheme'],
    [['::1:9092'], 'must be host:port'],
    [['h:1', 'h:1'], 'is in the list twice'],
    [[7], 'must be host:port'],
    [['user:secret@h:9092'], 'must be host:port, without a user'],
  ])('are refused as %j', (written, reason) => {
    expect(brokersSetting.check(written).map((fault) => fault.reason)).toEqual([reason]);
  });
});

describe('a Kafka sink', () => {
  test('writes what the agent says about itself to a topic beside that of events', () => {
    expect(compileKafkaSink(values())).toMatchObject({
      topic: 'events',
      agentTopic: 'events-agent',
      clientId: 'forkcast',
      tls: null,
      sasl: null,
    });
    expect(compileKafkaSink(values({ agent_topic: 'own' })).agentTopic).toBe('own');
  });

  test('has a registry where its framing needs one, and only there', () => {
    expect(compileKafkaSink(values({ framing: 'confluent', registry })).registry?.urls).toEqual(['http://localhost:8081']);
    expect(compileKafkaSink(values({ registry })).registry).toBeUndefined();
  });

  test('needs a registry, or ids, with framing confluent', () => {
    expect(faultsOf({ framing: 'confluent' })).toEqual(['registry is missing: framing confluent needs the ids of a schema registry']);
    expect(faultsOf({ framing: 'confluent', registry: { ...registry, url: [] } })).toEqual(['registry.url is missing']);
    expect(faultsOf({ framing: 'confluent', registry: { ...registry, url: [], ids: { process: 1, agent: 2 } } })).toEqual([]);
  });

  test('keeps events and the agent apart where nothing else would', () => {
    const both = { agent_topic: 'events' };
    expect(faultsOf({ ...both, framing: 'single_object' })).toEqual([]);
    expect(faultsOf({ ...both, framing: 'raw' }).length).toBe(1);
    expect(faultsOf({ ...both, framing: 'confluent', registry }).length).toBe(1);
    expect(faultsOf({ ...both, framing: 'confluent', registry: { ...registry, subject_strategy: 'record_name' } })).toEqual([]);
  });

  test('says what is missing to say who it is', () => {
    expect(faultsOf({ sasl })).toEqual([]);
    expect(faultsOf({ sasl: { ...sasl, username: '', password: 'none' } })).toEqual([
      'sasl.username is missing',
      'sasl.password is missing',
    ]);
    expect(faultsOf({ sasl: { ...sasl, token: 'env:T' } })).toEqual(['sasl.token is for oauthbearer only']);
    expect(faultsOf({ sasl: { ...sasl, mechanism: 'oauthbearer' } })).toEqual(['sasl.token_url is missing for oauthbearer']);
    expect(faultsOf({ sasl: { ...sasl, mechanism: 'oauthbearer', token_url: 'x' } })).toEqual(['sasl.token_url is not an address of HTTP']);
    expect(faultsOf({ sasl: { ...sasl, mechanism: 'oauthbearer', token_url: 'https://a:b@c/' } })).toEqual([
      'sasl.token_url must not contain credentials',
    ]);
    expect(faultsOf({ sasl: { ...sasl, mechanism: 'oauthbearer', username: '', password: 'none', token: 'file:/t' } })).toEqual([]);
    const byCommand = {
      ...sasl,
      mechanism: 'oauthbearer',
      username: '',
      password: 'none',
      token_command: ['signer', '--region', 'x'],
    } as const;
    expect(faultsOf({ sasl: byCommand })).toEqual([]);
    expect(faultsOf({ sasl: { ...byCommand, token: 'file:/t' } })).toEqual(['sasl.token_command must not be beside token']);
    expect(faultsOf({ sasl: { ...sasl, token_command: ['signer'] } })).toEqual(['sasl.token_command is for oauthbearer only']);
  });

  test('has a certificate with its key, or neither', () => {
    expect(faultsOf({ tls: { ...tls, cert: '/c' } })).toEqual(['tls.key is missing']);
    expect(faultsOf({ tls: { ...tls, cert: '/c', key: '/k' } })).toEqual([]);
  });
});
