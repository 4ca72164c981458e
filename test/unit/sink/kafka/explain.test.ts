import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import { explain } from '../../../../src/sink/kafka/explain.ts';
import type { Security } from '../../../../src/sink/kafka/explain.ts';
import { ExplainingDriver } from '../../../../src/sink/kafka/explaining-driver.ts';
import { KafkaFault } from '../../../../src/sink/kafka/fault.ts';
import { agentErrorOf } from '../../../../src/sink/kafka/reaction.ts';
import { FakeDriver } from './fake-driver.ts';

const never = new AbortController().signal;
const tls = { ca: '/etc/ca.pem', cert: null, key: null, serverName: null };
const plain: Security = { tls: null, sasl: null };
const secure: Security = {
  tls,
  sasl: { mechanism: 'plain', username: 'agent', password: null, tokenUrl: null, scope: null, token: null, tokenCommand: null },
};
const coded = (fault: string, code: string): KafkaFault =>
  new KafkaFault(fault, 'b:1 said so', { cause: Object.assign(new Error('x'), { code }) });

describe('a fault', () => {
  test('names the user, the topic and the file that it is about', () => {
    const topic = { topic: 'events', to: 'write' } as const;
    expect(explain(new KafkaFault('SASL_AUTHENTICATION_FAILED', 'no'), secure).message).toBe('no (user agent)');
    expect(explain(new KafkaFault('TOPIC_AUTHORIZATION_FAILED', 'no'), secure, topic)).toMatchObject({
      message: 'an access list is missing: User:agent may not write to the topic events',
      fix: 'Allow User:agent to WRITE and DESCRIBE the topic events.',
    });
    expect(explain(new KafkaFault('UNKNOWN_TOPIC_OR_PARTITION', 'no'), plain, topic).message).toBe('the cluster has no topic events');
    expect(explain(coded('TLS', 'SELF_SIGNED_CERT_IN_CHAIN'), secure).fix).toContain('tls.ca (now /etc/ca.pem)');
    expect(explain(coded('TLS', 'SELF_SIGNED_CERT_IN_CHAIN'), { ...secure, tls: { ...tls, ca: null } }).fix).toMatch(/^Set tls\.ca to/);
  });

  test('blames no password where there is a token', () => {
    const bearer: Security = { tls, sasl: { ...(secure.sasl as NonNullable<Security['sasl']>), mechanism: 'oauthbearer' } };
    expect(explain(new KafkaFault('SASL_AUTHENTICATION_FAILED', 'no'), bearer).fix).toContain('it refuses the token');
  });

  test('keeps what is known of its outcome, and what the agent itself has to say', () => {
    const fault = new KafkaFault('INVALID_RECORD', 'no', { refused: [3], triedBefore: true });
    expect(explain(fault, secure)).toMatchObject({ fault: 'INVALID_RECORD', message: 'no', refused: [3], triedBefore: true });
    const own = new KafkaFault('CREDENTIALS', 'no', { cause: new AgentError('SECRET_UNREADABLE', 'no', { fix: 'mend it' }) });
    expect(agentErrorOf(explain(own, secure))).toMatchObject({ code: 'SECRET_UNREADABLE', fix: 'mend it' });
  });

  test('of a connection that there was is not put down to the configuration', async () => {
    const inner = new FakeDriver();
    const driver = new ExplainingDriver(inner, plain);
    const refused = coded('NETWORK', 'ECONNREFUSED');
    inner.opening = () => Promise.reject(refused);
    await expect(driver.open(never)).rejects.toMatchObject({ fix: expect.stringContaining('correct its address') as string });
    inner.opening = undefined;
    await driver.open(never);
    inner.send = () => Promise.reject(refused);
    const prepared = driver.prepare({ topic: 'events', partition: 0, records: [] });
    await expect(driver.send(prepared)).rejects.toBe(refused);
    inner.send = () => Promise.reject(new KafkaFault('UNKNOWN_TOPIC_OR_PARTITION', 'no'));
    await expect(driver.send(prepared)).rejects.toMatchObject({ message: 'the cluster has no topic events' });
  });
});
