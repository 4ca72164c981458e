import { describe, expect, it } from 'vitest';
import { serverProperties } from '../../../helpers/kafka/server-properties.ts';
import type { ClusterOptions, Ports } from '../../../helpers/kafka/server-properties.ts';

const ports = (base: number): Ports => ({
  PLAINTEXT: base,
  CONTROLLER: base + 1,
  SASL_SSL: base + 2,
  SASL_PLAINTEXT: base + 3,
  MTLS: base + 4,
  OAUTH: base + 5,
  FAR: base + 6,
});

function properties(options: ClusterOptions, all = [ports(100)]): Record<string, string> {
  const text = serverProperties(options, { id: all.length, ports: all, dataFolder: '/d', tlsFolder: '/t', jwksUrl: 'http://jwks' });
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

describe('the properties of a test broker', () => {
  it('name the listeners that were asked for, and no others', () => {
    const names = (options: ClusterOptions) => properties(options)['advertised.listeners']?.match(/[A-Z_]+(?=:)/g);
    expect(names({})).toEqual(['PLAINTEXT']);
    expect(names({ oauth: true })).toEqual(['PLAINTEXT', 'OAUTH']);
    expect(names({ auth: true })).toEqual(['PLAINTEXT', 'SASL_SSL', 'SASL_PLAINTEXT', 'MTLS']);
    expect(names({ authorizer: true })).toEqual(names({ auth: true }));
  });

  it('make a quorum of all brokers, and two of three copies the least', () => {
    expect(properties({ brokers: 3 }, [ports(100), ports(200), ports(300)])).toMatchObject({
      'node.id': '3',
      'controller.quorum.voters': '1@127.0.0.1:101,2@127.0.0.1:201,3@127.0.0.1:301',
      'default.replication.factor': '3',
      'min.insync.replicas': '2',
    });
    expect(properties({})).toMatchObject({ 'default.replication.factor': '1', 'min.insync.replicas': '1' });
  });

  it('do not let topics come into being unless told so', () => {
    expect(properties({})['auto.create.topics.enable']).toBe('false');
    expect(properties({ autoCreate: true })['auto.create.topics.enable']).toBe('true');
  });

  it('are what the test says where it says so', () => {
    expect(properties({ overrides: { 'message.max.bytes': '1000', 'num.partitions': '1' } })).toMatchObject({
      'message.max.bytes': '1000',
      'num.partitions': '1',
    });
  });
});
