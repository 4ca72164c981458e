import { describe, expect, it } from 'vitest';
import type { SinkConfig } from '../../../../src/config/config.ts';
import { registrationsOf } from '../../../../src/cli/schema/registration.ts';
import { runCli } from '../../../../src/cli/program.ts';
import { publishedSchema } from '../../../../src/encode/avro/schemas.ts';
import { registryConfig } from '../../sink/registry/records.ts';
import { RegistryStub } from '../../../helpers/registry-stub.ts';
import { fakeActions, fakeIo, forkcast } from '../fake-io.ts';

const schema = (...argv: string[]) => forkcast('schema', ...argv);
const [process_, agent] = [publishedSchema('process'), publishedSchema('agent')];

describe('list', () => {
  it('names each schema with version and fingerprint', async () => {
    const { code, out, err } = await schema('list');
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^forkcast\.v1\.ProcessEvent {2}version 1 {2}[0-9a-f]{16}\nforkcast\.v1\.AgentEvent {4}version 1 {2}[0-9a-f]{16}\n$/,
    );
    const { schemas } = JSON.parse((await schema('list', '--json')).out) as { schemas: { fingerprint: string }[] };
    expect(schemas).toMatchObject([
      { name: 'forkcast.v1.ProcessEvent', version: 1, stream: 'process' },
      { name: 'forkcast.v1.AgentEvent', version: 1, stream: 'agent' },
    ]);
    for (const { fingerprint } of schemas) expect(out).toContain(fingerprint);
  });
});

describe('show', () => {
  it.each(['ProcessEvent', 'processevent', 'process', 'forkcast.v1.ProcessEvent'])('%s prints the schema', async (name) => {
    const { code, out } = await schema('show', name);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(process_.json);
    expect((await schema('show', name, '--json')).out).toBe(`${process_.text}\n`);
  });

  it('says what there is', async () => {
    expect(await schema('show', 'x\u001b')).toMatchObject({
      code: 64,
      out: '',
      err: 'error: there is no schema x\\x1b\nName one of ProcessEvent, AgentEvent.\n',
    });
    expect((await schema('show')).code).toBe(64);
  });
});

describe('register', () => {
  it('registers both schemas, and then knows them', async () => {
    const stub = await RegistryStub.start();
    const argv = ['register', '--url', stub.url, '--topic', 'events'];
    expect(await schema(...argv, '--dry-run')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/(would be registered\n.*){2}/) as string,
    });
    expect(stub.versions('events-value')).toEqual([]);
    expect(await schema(...argv)).toMatchObject({
      code: 0,
      err: '',
      out: 'events-value        forkcast.v1.ProcessEvent: registered, id 1\nevents-agent-value  forkcast.v1.AgentEvent: registered, id 2\n',
    });
    expect([stub.versions('events-value'), stub.versions('events-agent-value')]).toEqual([[1], [2]]);
    for (const again of [argv, [...argv, '--dry-run']]) expect((await schema(...again)).out).toMatch(/(known already, id \d\n.*){2}/);
    expect(JSON.parse((await schema(...argv, '--json')).out)).toMatchObject({
      subjects: [
        { sink: null, subject: 'events-value', schema: 'forkcast.v1.ProcessEvent', id: 1, outcome: 'known', reason: null },
        { subject: 'events-agent-value', id: 2 },
      ],
    });
  });

  it('registers under the names of other strategies', async () => {
    const stub = await RegistryStub.start();
    await schema('register', '--url', stub.url, '--subject-strategy', 'record_name');
    await schema('register', '--url', stub.url, '--subject-strategy', 'topic_record_name', '--topic', 'a', '--agent-topic', 'a');
    for (const subject of ['forkcast.v1.ProcessEvent', 'a-forkcast.v1.ProcessEvent']) expect(stub.versions(subject)).toEqual([1]);
    for (const subject of ['forkcast.v1.AgentEvent', 'a-forkcast.v1.AgentEvent']) expect(stub.versions(subject)).toEqual([2]);
  });

  it('ends with 1 where the registry does not take a schema, and registers the other', async () => {
    const stub = await RegistryStub.start();
    stub.add('events-value', JSON.stringify({ type: 'record', name: 'ProcessEvent', fields: [{ name: 'kind', type: 'int' }] }));
    const argv = ['register', '--url', stub.url, '--topic', 'events'];
    for (const options of [['--dry-run'], []]) {
      const { code, out } = await schema(...argv, ...options);
      expect(code).toBe(1);
      expect(out).toMatch(/^events-value {8}forkcast\.v1\.ProcessEvent: INCOMPATIBLE\n {2}.*incompatible.*TYPE_MISMATCH: kind/);
    }
    expect(stub.versions('events-agent-value')).toHaveLength(1);
  });

  it('reads credentials from where they are', async () => {
    const stub = await RegistryStub.start({ authorization: `Basic ${Buffer.from('jo:hunter2').toString('base64')}` });
    const argv = ['register', '--url', stub.url, '--topic', 'events'];
    expect(await schema(...argv)).toMatchObject({ code: 69, out: '', err: expect.stringContaining('wants credentials') as string });
    const io = fakeIo({ REGISTRY_PW: 'hunter2' });
    expect(await runCli(['schema', ...argv, '--username', 'jo', '--password', 'env:REGISTRY_PW'], io, fakeActions())).toBe(0);
    expect(io.stdout.text + io.stderr.text).not.toContain('hunter2');
  });

  it.each([
    [['--topic', 'x'], '--topic has a meaning with --url only'],
    [['--server-name', 'x'], '--server-name has a meaning with --url only'],
    [[], 'no sink of this configuration uses a schema registry'],
    [['--url', 'http://a'], 'it is not said of which topic\nAdd --topic NAME.'],
    [['--url', 'http://a', '--topic', 'a b'], 'a b is not the name of a topic'],
    [['--url', 'http://a', '--topic', 'a', '--agent-topic', 'a'], 'the topic a is for two kinds of records'],
    [['--url', 'a', '--topic', 'x'], '--url is not an address of HTTP'],
    [['--url', 'http://a', '--topic', 'x', '--username', 'jo'], '--password is missing beside a user name'],
    [['--url', 'http://a', '--topic', 'x', '--cert', 'c.pem'], '--key is missing'],
    [['--url', 'http://a', '-c', 'x'], "cannot be used with option '-c, --config <file>'"],
    [['--url', 'http://a', '--subject-strategy', 'x'], 'Allowed choices are topic_name, record_name, topic_record_name.'],
  ])('%j makes no sense', async (argv, message) => {
    const { code, out, err } = await schema('register', ...argv);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain(message);
  });

  it('does not repeat a password that is typed in place of where it is', async () => {
    const { code, err } = await schema('register', '--url', 'http://a', '--topic', 'x', '--username', 'jo', '--password', 'hunter2');
    expect(code).toBe(64);
    expect(err).toContain('--password must say where the secret is');
    expect(err).not.toContain('hunter2');
  });
});

describe('of a configuration', () => {
  const sink = (name: string, settings: object) => ({ name, settings }) as Pick<SinkConfig, 'name' | 'settings'>;
  const registry = registryConfig({ url: 'http://a' });

  it('every sink that uses a registry is meant', () => {
    const sinks = [
      sink('disk', { path: 'x' }),
      sink('siem', { registry, topic: 'events', agentTopic: 'about' }),
      sink('pinned', { registry: registryConfig({ ids: { process: 1, agent: 2 } }), topic: 'events', agentTopic: 'about' }),
    ];
    expect(registrationsOf(sinks)).toEqual([
      {
        sink: 'siem',
        registry,
        subjects: [
          { subject: 'events-value', schema: process_ },
          { subject: 'about-value', schema: agent },
        ],
      },
    ]);
  });

  it('topics of a template are to be named', () => {
    const settings = { registry, topic: 'events-{host}', agentTopic: 'about' };
    expect(() => registrationsOf([sink('siem', settings)])).toThrow('events-{host} is not the name of a topic');
  });
});
