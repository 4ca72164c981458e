import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { readyToProduce } from '../../helpers/kafka/ready-to-produce.ts';
import { AGENT } from '../../helpers/kafka/users.ts';
import { verifyTopic } from '../../helpers/kafka/verify-topic.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
const TOKEN_SECONDS = 3;
/** How soon an agent that holds looks again; by default 30 s. */
const HOLD = '1s';
const LATE = { username: 'late', password: 'the-new-password' };
const WRONG = 'the-wrong-secret';

/** Keys of a Kafka sink. */
type Keys = Readonly<Record<string, unknown>>;

interface Fault {
  readonly keys: Keys;
  readonly code: string;
  /** What the agent says of it, without ports. */
  readonly says: RegExp;
  readonly fix: string;
  readonly mend: () => Promise<void>;
}

describe.skipIf((await missingTools()) !== undefined)('an agent at a broker with authentication and access lists', () => {
  let cluster: Cluster;
  let admin: KafkaAdmin;

  beforeAll(async () => {
    // Without a limit a broker asks nobody for another token.
    cluster = await startCluster({
      authorizer: true,
      oauth: true,
      overrides: { 'listener.name.oauth.connections.max.reauth.ms': '60000' },
    });
    cluster.oauth.lifetimeSeconds = TOKEN_SECONDS;
    admin = new KafkaAdmin(cluster.bootstrap);
    await Promise.all([
      readyToProduce(cluster.bootstrap),
      admin.setScramPassword(AGENT.username, AGENT.password, 'SCRAM-SHA-256'),
      admin.setScramPassword(AGENT.username, AGENT.password, 'SCRAM-SHA-512'),
      admin.setScramPassword(LATE.username, 'the-old-password'),
    ]);
  }, START_MS);

  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  const byPassword = (mechanism: string, file: string, username = AGENT.username): Keys => ({
    brokers: [cluster.listeners.saslSsl],
    tls: { ca: cluster.tls.ca },
    sasl: { mechanism, username, password: `file:${file}` },
  });

  const byToken = (sasl: object): Keys => ({
    brokers: [cluster.listeners.oauth],
    tls: { ca: cluster.tls.ca },
    sasl: { mechanism: 'oauthbearer', ...sasl },
  });

  const byGrant = (secret: string): Keys =>
    byToken({ username: AGENT.username, password: `file:${secret}`, token_url: cluster.oauth.tokenUrl });

  const byCertificate = (files: object): Keys => ({ brokers: [cluster.listeners.mtls], tls: { ca: cluster.tls.ca, ...files } });

  /** Prints a token, and notes in a file that it did. */
  function signer(noteFile: string): string[] {
    const script = `
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: '${AGENT.username}', client_secret: process.env.CLIENT_SECRET });
      const answer = await fetch('${cluster.oauth.tokenUrl}', { method: 'POST', body });
      (await import('node:fs')).appendFileSync('${noteFile}', '.');
      console.log((await answer.json()).access_token);`;
    return [process.execPath, '--input-type=module', '-e', script];
  }

  async function faults(at: (name: string) => string): Promise<Record<string, Fault>> {
    const { ca, cert, key, otherCa } = cluster.tls;
    await writeFile(at('late-password'), LATE.password);
    await writeFile(at('client-secret'), WRONG);
    await copyFile(otherCa, at('ca.pem'));
    const known = byPassword('plain', at('password'));
    return {
      password: {
        keys: byPassword('scram-sha-512', at('late-password'), LATE.username),
        code: 'SINK_REFUSED',
        says: /^127\.0\.0\.1 answers SASL_AUTHENTICATION_FAILED: .* \(user late\)$/,
        fix: 'Correct sasl.username, sasl.password or sasl.mechanism, or what the broker knows of this user.',
        mend: () => admin.setScramPassword(LATE.username, LATE.password),
      },
      authority: {
        keys: { ...known, tls: { ca: at('ca.pem') } },
        code: 'SINK_REFUSED',
        says: /^127\.0\.0\.1 has a certificate of an unknown CA \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)$/,
        fix: `Set tls.ca (now ${at('ca.pem')}) to the PEM file of the authority that signed the certificate of the broker.`,
        mend: () => copyFile(ca, at('ca.pem')),
      },
      rights: {
        keys: known,
        code: 'SINK_REFUSED',
        says: /^an access list is missing: User:agent may not see the topic t-rights, if there is one$/,
        fix: 'Allow User:agent to WRITE and DESCRIBE the topic t-rights.',
        mend: () => admin.addRule({ user: AGENT.username, operation: 'WRITE', topic: 't-rights' }),
      },
      topic: {
        keys: known,
        code: 'SINK_REFUSED',
        says: /^the cluster has no topic t-topic$/,
        fix: 'Create the topic t-topic, or correct its name: forkcast creates none.',
        mend: () => admin.createTopic('t-topic'),
      },
      certificate: {
        keys: byCertificate({ cert: at('cert.pem'), key: at('key.pem') }),
        code: 'SINK_REFUSED',
        says: /^\S+\/cert\.pem \(tls\.cert\) cannot be read: ENOENT$/,
        fix: 'Check the path, and that the user the agent runs as may read it.',
        mend: async () => {
          await copyFile(key, at('key.pem'));
          await copyFile(cert, at('cert.pem'));
        },
      },
      secret: {
        keys: byPassword('plain', at('secret')),
        code: 'SECRET_UNREADABLE',
        says: /^sasl\.password: \S+\/secret cannot be read: ENOENT$/,
        fix: 'Check the path, and that the user the agent runs as may read it.',
        mend: () => writeFile(at('secret'), AGENT.password),
      },
      grant: {
        keys: byGrant(at('client-secret')),
        code: 'SINK_REFUSED',
        says: /^no token is to be had: http:\S+\/token answers 401: invalid_client$/,
        fix: 'Check sasl.token_url, sasl.username (the client id), sasl.password (its secret) and sasl.scope.',
        mend: () => writeFile(at('client-secret'), AGENT.password),
      },
    };
  }

  /** Wants a certificate that no file is named for: the one fault that takes another configuration. */
  const ANONYMOUS = {
    code: 'SINK_REFUSED',
    says: /^127\.0\.0\.1 wants a certificate of the client, or another one \(\S+\)$/,
    fix: 'Set tls.cert and tls.key: this listener wants a certificate of the agent.',
  };

  const REVOKED = {
    code: 'SINK_REFUSED',
    says: /^an access list is missing: User:agent may not write to the topic t-revoked$/,
    fix: 'Allow User:agent to WRITE and DESCRIBE the topic t-revoked.',
  };

  async function prepare(names: readonly string[]): Promise<void> {
    await Promise.all(names.filter((name) => name !== 'topic').map((name) => admin.createTopic(`t-${name}`, { partitions: 2 })));
    for (const user of [AGENT.username, LATE.username, 'CN=agent'])
      for (const name of names.filter((one) => one !== 'rights')) await admin.addRule({ user, operation: 'WRITE', topic: `t-${name}` });
  }

  async function configure(file: string, sinks: Readonly<Record<string, Keys>>): Promise<void> {
    const whole = Object.entries(sinks).map(([name, keys]): [string, Keys] => [
      name,
      {
        type: 'kafka',
        topic: `t-${name}`,
        agent_topic: `t-${name}`,
        queue: { type: 'disk' },
        retry: { max: '500ms', hold: HOLD },
        ...keys,
      },
    ]);
    const source = { type: 'synthetic', synthetic: { rate: 100 } };
    // Not even what is for nobody but those who look for bugs holds secrets.
    const telemetry = { log_level: 'trace' };
    await writeFile(file, JSON.stringify({ agent: { checkpoint_interval: '500ms' }, source, telemetry, sinks: Object.fromEntries(whole) }));
  }

  test(
    'delivers whichever way it logs in, says of each that fails what is wrong, and goes on by itself when that is mended',
    async () => {
      const dir = await tempDir();
      const at = (name: string): string => join(dir, name);
      const { cert, key } = cluster.tls;
      await writeFile(at('password'), `${AGENT.password}\n`);
      await writeFile(at('signed'), '');
      const good: Record<string, Keys> = {
        'scram-256': byPassword('scram-sha-256', at('password')),
        'scram-512': byPassword('scram-sha-512', at('password')),
        plain: byPassword('plain', at('password')),
        mutual: byCertificate({ cert, key }),
        oauth: byGrant(at('password')),
        signer: byToken({ token_command: signer(at('signed')) }),
        kafkajs: { ...byPassword('scram-sha-512', at('password')), driver: 'kafkajs' },
        'kafkajs-oauth': { ...byToken({ token_command: signer(at('signed-too')) }), driver: 'kafkajs' },
      };
      const bad = await faults(at);
      const right = { user: AGENT.username, operation: 'WRITE', topic: 't-revoked' } as const;
      const keys: Record<string, Keys> = { ...good, anonymous: byCertificate({}), revoked: byPassword('plain', at('password')) };
      for (const [name, fault] of Object.entries(bad)) keys[name] = fault.keys;
      const failing = [...Object.keys(bad), 'anonymous'];
      await prepare(Object.keys(keys));
      await configure(at('forkcast.json'), keys);

      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', at('forkcast.json')], env: { CLIENT_SECRET: AGENT.password } });
      const of = (name: string): LogLine[] => logLines(agent.stderr).filter(({ sink }) => sink === name);
      const said = (): string => `said: ${agent.stderr}`;
      await waitFor(() => failing.every((name) => of(name).length > 0), {
        what: () => `a line about each fault; ${said()}`,
        timeoutMs: PATIENCE_MS,
      });
      // Long enough for several further attempts, and for several tokens to end.
      const signed = async (): Promise<number> => (await readFile(at('signed'))).length;
      await waitFor(async () => (await signed()) >= 4 && cluster.oauth.tokensGiven - (await signed()) >= 4, {
        what: () => `more tokens; ${said()}`,
        timeoutMs: PATIENCE_MS,
      });

      // Of a connection that there is, a broker says so only when something is written.
      expect(of('revoked')).toEqual([]);
      await admin.removeRule(right);
      await waitFor(() => of('revoked').length > 0, { what: () => `a line about the right; ${said()}`, timeoutMs: PATIENCE_MS });

      await admin.addRule(right);
      failing.push('revoked');
      for (const { mend } of Object.values(bad)) await mend();
      await configure(at('forkcast.json'), { ...keys, anonymous: byCertificate({ cert, key }) });
      agent.child.kill('SIGHUP');
      await waitFor(() => failing.every((name) => of(name).length > 1), {
        what: () => `all to deliver again; ${said()}`,
        timeoutMs: PATIENCE_MS,
      });
      const { code, stderr, stdout } = await agent.stop();

      expect(code, stderr).toBe(0);
      for (const [name, { code: error, says, fix }] of Object.entries({ ...bad, anonymous: ANONYMOUS, revoked: REVOKED })) {
        const [first, second, ...others] = of(name);
        expect(first, name).toMatchObject({ level: 'warn', code: error, fix });
        const [what, then] = (first?.msg ?? '').replace(/^(127\.0\.0\.1):\d+/, '$1').split('; ');
        expect(what).toMatch(says);
        expect(then).toBe('keeping the events, and trying again until it is put right');
        expect([second?.msg, others], name).toEqual(['delivering again', []]);
      }
      for (const name of Object.keys(good)) expect(of(name), name).toEqual([]);
      for (const secret of [AGENT.password, LATE.password, WRONG, 'eyJ']) expect(stdout + stderr).not.toContain(secret);
      for (const name of Object.keys(keys)) {
        const { ok, unaccounted, runs } = await verifyTopic(cluster.bootstrap, `t-${name}`);
        expect({ name, ok, unaccounted, runs }).toMatchObject({ ok: true, unaccounted: 0, runs: [{ duplicates: 0, findings: [] }] });
        expect(runs[0]?.present).toBe(runs[0]?.expected);
        expect(runs[0]?.present).toBeGreaterThan(100);
      }
    },
    RUN_MS,
  );
});
