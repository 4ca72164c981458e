import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../../src/config/load.ts';
import { compileNatsSink, natsFaults, natsSinkSchema } from '../../../../src/sink/nats/config.ts';
import type { NatsValues } from '../../../../src/sink/nats/config.ts';
import { configFile } from '../../config/refusal.ts';

const none = { token: 'none', user: '', password: 'none', nkey: 'none', creds: 'none' };
const tls = { ca: 'none', cert: 'none', key: 'none', server_name: '' };
const registry = {
  url: 'http://localhost:8081',
  auto_register: false,
  subject_strategy: 'record_name',
  ids: { process: 0, agent: 0 },
  auth: { username: '', password: 'none', token: 'none' },
  tls,
  timeout: '5s',
} as const;
const ensured = { max_size: '1GiB', max_age: '1h', replicas: 3, dedupe_window: '2m', storage: 'file', discard: 'new' } as const;

/** The defaults, as the configuration makes them, with these changes. */
function values(changes: Partial<NatsValues> = {}): NatsValues {
  const file = configFile(JSON.stringify({ sinks: { siem: { type: 'nats' } } }));
  const defaults = loadConfig({ file }).effective.sinks['siem'] as unknown as NatsValues;
  return { ...defaults, ...changes };
}

const compiled = (changes: Partial<NatsValues> = {}) => compileNatsSink(values(changes), { max_events: 1, max_bytes: '900KiB' });
const faultsOf = (changes: Partial<NatsValues>): string[] =>
  natsFaults(values(changes)).map(({ within = [], reason, fix }) => `${within.join('.')} | ${reason} | ${fix}`);

describe('the configuration of a NATS sink', () => {
  test('is complete where nothing is written', () => {
    expect(faultsOf({})).toEqual([]);
    expect(compiled()).toEqual({
      servers: [{ host: 'localhost', port: 4222, encrypted: false }],
      mode: 'jetstream',
      subject: 'forkcast.{host}.process.{kind}',
      agentSubject: 'forkcast.{host}.agent.{kind}',
      stream: 'FORKCAST',
      ensureStream: null,
      format: 'avro',
      framing: 'single_object',
      message: { maxEvents: 1, maxBytes: 900 * 1024 },
      window: { maxMessages: 4096, maxBytes: 8 * 2 ** 20 },
      name: 'forkcast',
      inboxPrefix: '_INBOX',
      connectTimeoutMs: 5000,
      ackTimeoutMs: 10_000,
      tls: null,
      auth: null,
    });
  });

  test('becomes what the sink takes', () => {
    const changes = {
      subject: 'f.{kind}',
      agent_subject: 'g.x',
      framing: 'confluent',
      registry,
      ensure_stream: ensured,
      name: 'a',
    } as const;
    expect(faultsOf(changes)).toEqual([]);
    expect(compiled(changes)).toMatchObject({
      agentSubject: 'g.x',
      registry: { urls: expect.anything() as unknown },
      ensureStream: { subjects: ['f.*', 'g.x'], replicas: 3, maxBytes: 2 ** 30 },
      name: 'a',
    });
    expect(compiled({ registry }).registry).toBeUndefined();
  });

  test.each([
    [{ token: 'env:T' }, { kind: 'token', secret: { from: 'env', name: 'T' } }],
    [{ nkey: 'file:/k' }, { kind: 'nkey', secret: { from: 'file', name: '/k' } }],
    [{ creds: 'credential:c' }, { kind: 'creds', secret: { from: 'credential', name: 'c' } }],
    [
      { user: 'u', password: 'env:P' },
      { kind: 'password', user: 'u', secret: { from: 'env', name: 'P' } },
    ],
  ])('says who the agent is by %j', (auth, meaning) => {
    expect(faultsOf({ auth: { ...none, ...auth } })).toEqual([]);
    expect(compiled({ auth: { ...none, ...auth } }).auth).toEqual(meaning);
  });

  test.each<[string, Partial<NatsValues>]>([
    ['auth | says nothing | write token, or user and password, or nkey, or creds; or remove it', { auth: none }],
    ['auth.user | must not be beside token | keep one of the two', { auth: { ...none, token: 'env:T', user: 'u', password: 'env:P' } }],
    ['auth.creds | must not be beside nkey | keep one of the two', { auth: { ...none, nkey: 'env:T', creds: 'env:C' } }],
    ['auth.password | is missing | write env:NAME, file:PATH or credential:NAME', { auth: { ...none, user: 'u' } }],
    ['auth.password | is for a user only | remove it, or name the user', { auth: { ...none, token: 'env:T', password: 'env:P' } }],
    ['tls.key | is missing | name both files, the certificate and its key', { tls: { ...tls, cert: '/c.pem' } }],
    ['tls.cert | is missing | name both files, the certificate and its key', { tls: { ...tls, key: '/k.pem' } }],
    ['ensure_stream | is for mode jetstream only | remove it', { mode: 'core', ensure_stream: ensured }],
    [
      'agent_subject | is missing: the subject has no token process to be replaced by agent | write it, such as f.agent.{host}.{kind}',
      { subject: 'f.{host}' },
    ],
    [
      'agent_subject | must not be a subject of process events, too | give it another literal token',
      { subject: 'f.{host}', agent_subject: 'f.agent' },
    ],
    [
      'registry | is missing: framing confluent needs the ids of a schema registry | write registry: { url: http://HOST:8081 }, or another framing',
      { framing: 'confluent' },
    ],
  ])('is refused: %s', (fault, changes) => {
    expect(faultsOf(changes)).toEqual([fault]);
  });

  test('names what is wrong in its registry by where it is', () => {
    const broken = { ...registry, auth: { username: 'u', password: 'none', token: 'env:T' } };
    expect(faultsOf({ framing: 'confluent', registry: broken }).every((fault) => fault.startsWith('registry.auth'))).toBe(true);
    expect(faultsOf({ framing: 'confluent', registry: broken })).not.toEqual([]);
  });

  test.each(['', 'a.b', 'a b', 'a*', '>', 'x'.repeat(256), 5])('has no stream called %j', (name) => {
    expect(natsSinkSchema.stream.check(name)).toMatchObject([{ value: name, fix: expect.stringContaining('FORKCAST') as string }]);
  });

  test.each(['_INBOX', '_INBOX.agents.a-1', 'a$b'])('has answers come to %s', (prefix) => {
    expect(natsSinkSchema.inbox_prefix.check(prefix)).toEqual([]);
  });

  test.each(['', '.a', 'a.', 'a..b', 'a.*', 'a.>', 'a b', 'x'.repeat(101), 5])('has no answers come to %j', (prefix) => {
    expect(natsSinkSchema.inbox_prefix.check(prefix)).toMatchObject([{ value: prefix }]);
  });

  test('has subjects that are some, the second only where it is written', () => {
    expect(natsSinkSchema.subject.check('')).toMatchObject([{ reason: 'is empty' }]);
    expect(natsSinkSchema.agent_subject.check('')).toEqual([]);
    expect(natsSinkSchema.subject.check('f.{pid}')).toMatchObject([{ value: 'f.{pid}', fix: 'use {host}, {host_id}, {kind}' }]);
    expect(natsSinkSchema.subject.check(5)).toMatchObject([{ reason: 'must be a subject' }]);
  });
});

describe('the file of the configuration', () => {
  test('never has a secret in what is said of it', () => {
    const sink = {
      type: 'nats',
      servers: ['nats://agent:hunter2@n1'],
      auth: { token: 'hunter2', user: 'u', password: 'hunter2', nkey: 'hunter2', creds: 'hunter2' },
    };
    const refusal = (): unknown => {
      try {
        return loadConfig({ file: configFile(JSON.stringify({ sinks: { siem: sink } })) });
      } catch (error) {
        return error;
      }
    };
    const error = refusal() as Error & { context: object };
    expect(error).toBeInstanceOf(Error);
    expect(error.message + JSON.stringify(error.context)).not.toContain('hunter2');
  });
});
