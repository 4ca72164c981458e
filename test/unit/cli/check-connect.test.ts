import { describe, expect, it } from 'vitest';
import { connectExitCode } from '../../../src/cli/check-connect.ts';
import { bad, doubtful, good } from '../../../src/cli/check-connect-finding.ts';
import type { Finding, ItemFinding } from '../../../src/cli/check-connect-finding.ts';
import { kafkaFindings } from '../../../src/cli/check-connect-kafka.ts';
import type { Inspector, KafkaSinkOfConfig } from '../../../src/cli/check-connect-kafka.ts';
import { registryFindings } from '../../../src/cli/check-connect-registry.ts';
import type { RegistryAsker } from '../../../src/cli/check-connect-registry.ts';
import { connectText } from '../../../src/cli/check-connect-text.ts';
import { settingFindings, topicFindings } from '../../../src/cli/check-connect-topic.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { KafkaFault } from '../../../src/sink/kafka/fault.ts';
import type { TopicReport } from '../../../src/sink/kafka/platformatic/inspector.ts';
import { configFile } from '../config/refusal.ts';
import { registryConfig } from '../sink/registry/records.ts';
import { fakeIo, forkcast } from './fake-io.ts';

const ofSink = (finding: ItemFinding): Finding => ({ sink: 'siem', ...finding });

describe('check --connect', () => {
  it('says that there is nothing to reach without a sink that is reached over a network', async () => {
    const { code, out } = await forkcast('check', '--connect');
    expect(code).toBe(0);
    expect(out).toMatch(/\n\nok no sink of this configuration is of type kafka or nats: there is nothing to reach\n$/);
    expect(JSON.parse((await forkcast('check', '--connect', '--json')).out)).toMatchObject({ ok: true, connect: [] });
  });

  it('reaches for nothing unless it is asked to', async () => {
    const file = configFile('sinks: {siem: {type: kafka, brokers: ["127.0.0.1:1"]}}\n');
    const { code, out } = await forkcast('check', '-c', file);
    expect([code, out.includes('127.0.0.1:1 refuses')]).toEqual([0, false]);
    expect(JSON.parse((await forkcast('check', '--json', '-c', file)).out)).not.toHaveProperty('connect');
    expect((await forkcast('check', '--connect', '-c', file)).out).toContain('127.0.0.1:1 refuses connections');
  });
});

describe('the text of what was reached', () => {
  const refused = new AgentError('SINK_REFUSED', 'no\u001b[31m', { fix: 'Do it.' });

  it('is a line for each item, by sink, with what to do below it', () => {
    const findings = [good('broker a:1', 'there'), doubtful('size', 'small', 'More.'), bad('topic x', refused)].map(ofSink);
    expect(connectText(findings, fakeIo({ LANG: 'C.UTF-8' }))).toBe(`sink siem
  ✓ broker a:1  there
  ! size        small
                fix: More.
  ✗ topic x     no\\x1b[31m
                fix: Do it.

not connected: 1 error, 1 warning
`);
  });

  it('says at the end whether all is well', () => {
    expect(connectText([ofSink(good('a', 'b'))], fakeIo())).toMatch(/\nconnected\n$/);
    expect(connectText([doubtful('a', 'b', 'c'), doubtful('a', 'b', 'c')].map(ofSink), fakeIo())).toMatch(/\nconnected: 2 warnings\n$/);
  });

  it('ends with the code of the first error, and with that of the configuration before all', () => {
    const secret = new AgentError('SECRET_UNREADABLE', 'gone');
    expect(connectExitCode([doubtful('a', 'b', 'c')].map(ofSink))).toBe(0);
    expect(connectExitCode([bad('a', refused)].map(ofSink))).toBe(69);
    expect(connectExitCode([bad('a', refused), bad('b', secret)].map(ofSink))).toBe(78);
  });
});

const writer = { maxBytes: 900 * 1024, compression: 'zstd', user: 'agent' } as const;

function topic(partitions: TopicReport['partitions'], mayWrite: boolean | null = null): TopicReport {
  return { name: 't', partitions, mayWrite };
}

const three = { isLed: true, replicas: 3, inSync: 3 };

describe('what a topic is found to be', () => {
  it('is an error where partitions have no leader', () => {
    expect(topicFindings(topic([three, { ...three, isLed: false }]), writer)).toMatchObject([
      { status: 'error', found: '1 of 2 partitions has no leader: nothing can be written there' },
    ]);
  });

  it('says nothing of rights where the cluster does not', () => {
    expect(topicFindings(topic([three]), writer)).toEqual([good('topic t', '1 partition')]);
    expect(topicFindings(topic([three], true), writer)[1]).toEqual(good('t write', 'allowed'));
  });

  it.each([
    [three, 2, 'ok', 'replication factor 3, min.insync.replicas 2'],
    [{ ...three, replicas: 1, inSync: 1 }, 1, 'warning', 'lost with the one disk'],
    [three, 1, 'warning', 'may be on one disk only'],
    [three, 3, 'warning', 'while any one broker is away'],
    [{ ...three, inSync: 2 }, 2, 'warning', '1 of 2 partitions have replicas that are behind'],
    [{ ...three, inSync: 1 }, 2, 'error', '1 of 2 partitions have fewer in sync'],
    [{ ...three, replicas: 1, inSync: 1 }, 2, 'error', 'nothing can ever be written'],
  ])('of %o with %i in sync at least: %s', (partition, least, status, found) => {
    const settings = new Map([['min.insync.replicas', String(least)]]);
    const [replication] = settingFindings(topic([{ ...partition, inSync: partition.replicas }, partition]), settings, writer);
    expect(replication).toMatchObject({ item: 't replication', status, found: expect.stringContaining(found) as string });
  });

  it.each([
    ['max.message.bytes', '1048588', 't size', 'ok'],
    ['max.message.bytes', '921600', 't size', 'ok'],
    ['max.message.bytes', '921599', 't size', 'warning'],
    ['compression.type', 'producer', 't compression', 'ok'],
    ['compression.type', 'zstd', 't compression', 'ok'],
    ['compression.type', 'uncompressed', 't compression', 'warning'],
    ['message.timestamp.type', 'LogAppendTime', 't record time', 'warning'],
    ['message.timestamp.before.max.ms', '9223372036854775807', 't record time', 'ok'],
    ['message.timestamp.before.max.ms', '3600000', 't record time', 'warning'],
    ['message.timestamp.difference.max.ms', '3600000', 't record time', 'warning'],
    ['cleanup.policy', 'delete', 't cleanup', 'ok'],
    ['cleanup.policy', 'compact', 't cleanup', 'warning'],
    ['cleanup.policy', 'compact,delete', 't cleanup', 'warning'],
  ])('with %s %s: %s is %s', (name, value, item, status) => {
    const found = settingFindings(topic([three]), new Map([[name, value]]), writer).find((finding) => finding.item === item);
    expect(found?.status).toBe(status);
  });
});

function sinkAt(...brokers: string[]): KafkaSinkOfConfig {
  const { config } = loadConfig({ file: configFile(`sinks: {siem: {type: kafka, brokers: ${JSON.stringify(brokers)}}}\n`), overrides: [] });
  return config.sinks.find((sink) => sink.type === 'kafka') as KafkaSinkOfConfig;
}

/** A cluster of these brokers, of which those of `down` do not answer. */
function cluster(ports: readonly number[], down: readonly number[] = []): Inspector {
  const members = ports.map((port, index) => ({ id: index + 1, host: 'k', port }));
  return {
    broker: ({ port }) =>
      down.includes(port)
        ? Promise.reject(new KafkaFault('NETWORK', `k:${port} cannot be reached (EHOSTUNREACH)`))
        : Promise.resolve({ produce: { min: 3, max: 13 }, speaks: 11, members }),
    topic: (name) => Promise.resolve({ name, partitions: [three], mayWrite: true }),
    topicSettings: () => Promise.resolve(new Map([['min.insync.replicas', '2']])),
    producer: () => Promise.resolve(),
  };
}

describe('the brokers of a sink', () => {
  const statuses = (findings: readonly ItemFinding[]): string[] =>
    findings.filter(({ item }) => item.startsWith('broker')).map(({ item, status }) => `${item} ${status}`);

  it('are those that are named and those that the cluster names', async () => {
    const found = await kafkaFindings(sinkAt('k:1'), ['t'], cluster([1, 2]));
    expect(statuses(found)).toEqual(['broker k:1 ok', 'broker k:2 ok']);
    expect(found[1]?.found).toBe('broker 2 of 2; knows produce 3 to 13, spoken is 11');
    expect(found.every(({ status }) => status === 'ok')).toBe(true);
  });

  it('may be away if they are only the way in, and may not if the cluster sends clients to them', async () => {
    const found = await kafkaFindings(sinkAt('k:9', 'k:1'), ['t'], cluster([1, 2], [9, 2]));
    expect(statuses(found)).toEqual(['broker k:9 warning', 'broker k:1 ok', 'broker k:2 error']);
    expect(found[2]).toMatchObject({ found: 'the cluster names it, but k:2 cannot be reached (EHOSTUNREACH)', code: 'SINK_UNREACHABLE' });
    expect(found[2]?.fix).toContain('advertised.listeners');
  });

  it('are all that is spoken of where none answers', async () => {
    const found = await kafkaFindings(sinkAt('k:1', 'k:2'), ['t'], cluster([], [1, 2]));
    expect(found.map(({ item, status }) => `${item} ${status}`)).toEqual(['broker k:1 error', 'broker k:2 error']);
  });
});

describe('the registry of a sink', () => {
  const topics = { process: ['t'], agent: ['t-agent'] };
  const asker = (change: Partial<RegistryAsker> = {}): RegistryAsker => ({
    lookup: () => Promise.resolve(7),
    compatibility: () => Promise.resolve({ isCompatible: false, reasons: ['a field is gone'] }),
    compatibilityLevel: () => Promise.resolve('FULL'),
    schemaById: () => Promise.resolve(undefined),
    ...change,
  });

  it('tells ids and what it demands of the next version', async () => {
    const found = await registryFindings(registryConfig({ url: 'http://r' }), topics, asker());
    expect(found).toEqual([
      good('registry', 'http://r answers'),
      good('subject t-value', 'forkcast.v1.ProcessEvent has id 7, compatibility FULL'),
      good('subject t-agent-value', 'forkcast.v1.AgentEvent has id 7, compatibility FULL'),
    ]);
  });

  it('refuses what is incompatible', async () => {
    const found = await registryFindings(registryConfig({ url: 'http://r' }), topics, asker({ lookup: () => Promise.resolve(undefined) }));
    expect(found[1]).toMatchObject({
      status: 'error',
      code: 'SCHEMA_INCOMPATIBLE',
      found: expect.stringContaining('a field is gone') as string,
    });
  });

  it('is one line where it does not answer', async () => {
    const away = asker({ lookup: () => Promise.reject(new AgentError('REGISTRY_UNREACHABLE', 'away', { fix: 'Start it.' })) });
    expect(await registryFindings(registryConfig({ url: 'http://r' }), topics, away)).toEqual([
      { item: 'registry', status: 'error', found: 'away', fix: 'Start it.', code: 'REGISTRY_UNREACHABLE' },
    ]);
  });

  it('is not needed for ids that are pinned, but asked for them where there is one', async () => {
    const ids = { process: 1, agent: 2 };
    expect((await registryFindings(registryConfig({ ids }), topics, asker())).map(({ status }) => status)).toEqual(['ok', 'ok']);
    const asked = await registryFindings(registryConfig({ url: 'http://r', ids }), topics, asker());
    expect(asked.map(({ status }) => status)).toEqual(['ok', 'warning', 'warning']);
  });
});
