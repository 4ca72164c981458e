import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { TestOperator, userKeys } from '../../helpers/nats/auth.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
/** How soon an agent that holds looks again; by default 30 s. */
const HOLD = '500ms';
const TOKEN = 'the-right-token';
const PASSWORD = 'the-right-password';
const WRONG = 'the-wrong-secret';
const USER = { kind: 'user', user: 'agent', password: PASSWORD } as const;

/** Keys of a NATS sink. */
type Keys = Readonly<Record<string, unknown>>;

const operator = new TestOperator();
const [agentKeys, lateKeys] = [userKeys(), userKeys()];
const MINUTE_AGO = Math.floor(Date.now() / 1000) - 60;

/** One server for each way to log in. */
const SERVERS = {
  token: { tls: 'on', auth: { kind: 'token', token: TOKEN } },
  user: { tls: 'on', auth: USER },
  late: { tls: 'on', auth: { ...USER, password: 'the-old-password' } },
  nkey: { tls: 'on', auth: { kind: 'nkey', publicKey: agentKeys.publicKey } },
  creds: { tls: 'on', auth: { kind: 'jwt', operator } },
  limited: { tls: 'on', auth: USER, permissions: { publish: { deny: ['limited.*.exec'] } } },
  mutual: { tls: 'mutual' },
} as const satisfies Record<string, NatsOptions>;
type ServerName = keyof typeof SERVERS;

interface Fault {
  readonly at: ServerName;
  readonly keys: Keys;
  /** What the agent says of it, behind the address. */
  readonly says: RegExp;
  readonly fix: RegExp;
  /** undefined: that takes another configuration. */
  readonly mend?: () => Promise<unknown>;
  readonly mended?: Keys;
}

const REFUSED = /the server does not let the agent in: Authorization Violation$/;

describe.skipIf((await missingNats()) !== undefined)('an agent at servers of NATS with authentication', () => {
  const servers = {} as Record<ServerName, NatsServer>;
  const admins = {} as Record<ServerName, NatsAdmin>;

  beforeAll(async () => {
    for (const name of Object.keys(SERVERS) as ServerName[]) {
      servers[name] = await startNats(SERVERS[name]);
      admins[name] = await NatsAdmin.connect(servers[name]);
    }
  }, START_MS);

  afterAll(async () => {
    await Promise.all(Object.values(admins).map((admin) => admin.close()));
    await Promise.all(Object.values(servers).map((server) => server.close()));
  });

  const at = (server: ServerName, keys: Keys = {}): Keys => ({
    servers: [`nats://127.0.0.1:${servers[server].port}`],
    tls: { ca: servers[server].tls.ca },
    ...keys,
  });

  function faults(file: (name: string) => string): Record<string, Fault> {
    const { ca, cert, key, otherCa } = servers.mutual.tls;
    const secret = (name: string): string => `file:${file(name)}`;
    const byPassword = { auth: { user: 'agent', password: secret('password') } };
    const mutual = { tls: { ca, cert, key } };
    return {
      'bad-token': {
        at: 'token',
        keys: { auth: { token: secret('bad-token') } },
        says: REFUSED,
        fix: /^Correct auth\.token/,
        mend: () => writeFile(file('bad-token'), TOKEN),
      },
      'bad-password': {
        at: 'late',
        keys: byPassword,
        says: REFUSED,
        fix: /^Correct auth\.user \(now agent\) or auth\.password/,
        mend: () => servers.late.reconfigure({ auth: USER }),
      },
      'bad-nkey': {
        at: 'nkey',
        keys: { auth: { nkey: secret('bad-nkey') } },
        says: REFUSED,
        fix: /^Add the public key of auth\.nkey/,
        mend: () => writeFile(file('bad-nkey'), agentKeys.seed),
      },
      'no-nkey': {
        at: 'nkey',
        keys: { auth: { nkey: secret('no-nkey') } },
        says: /^auth\.nkey is no seed of an NKey$/,
        fix: /^Use the seed of a user, which begins with SU\.$/,
        mend: () => writeFile(file('no-nkey'), agentKeys.seed),
      },
      expired: {
        at: 'creds',
        keys: { auth: { creds: secret('expired') } },
        says: /the server does not let the agent in: /,
        fix: /^Renew auth\.creds/,
        mend: () => writeFile(file('expired'), operator.credentials('agent')),
      },
      stranger: {
        at: 'creds',
        keys: { auth: { creds: secret('stranger') } },
        says: REFUSED,
        fix: /^Renew auth\.creds/,
        mend: () => writeFile(file('stranger'), operator.credentials('agent')),
      },
      anonymous: {
        at: 'user',
        keys: {},
        says: /wants to know who the agent is$/,
        fix: /^Add auth to the sink/,
        mended: byPassword,
      },
      plaintext: {
        at: 'user',
        keys: { ...byPassword, tls: 'off' },
        says: /wants TLS$/,
        fix: /^Add tls: /,
        mended: byPassword,
      },
      authority: {
        at: 'mutual',
        keys: { tls: { ca: file('ca.pem'), cert, key } },
        says: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
        fix: /^Set tls\.ca \(now \S+\/ca\.pem\) to the PEM file of the authority/,
        mend: () => copyFile(ca, file('ca.pem')),
      },
      certificate: {
        at: 'mutual',
        keys: { tls: { ca } },
        says: /certificate/,
        fix: /^Set tls\.cert and tls\.key: /,
        mended: mutual,
      },
      secret: {
        at: 'user',
        keys: { auth: { user: 'agent', password: secret('no-password') } },
        says: /^auth\.password: \S+\/no-password cannot be read: ENOENT$/,
        fix: /^Check the path/,
        mend: () => writeFile(file('no-password'), PASSWORD),
      },
      limited: {
        at: 'limited',
        keys: byPassword,
        says: /limited\.process\.exec/,
        fix: /^Allow the user agent to publish to it, or correct subject in the sink\.$/,
        mend: () => servers.limited.reconfigure({ permissions: {} }),
      },
      missing: {
        at: 'user',
        keys: byPassword,
        says: /missing/,
        fix: /nats stream add missing /,
        mend: () => createStream('user', 'missing'),
      },
      file: {
        at: 'mutual',
        keys: { tls: { ca, cert: file('cert.pem'), key: file('key.pem') } },
        says: /^\S+\/cert\.pem \(tls\.cert\) cannot be read: ENOENT$/,
        fix: /^Check the path/,
        mend: async () => {
          await copyFile(key, file('key.pem'));
          await copyFile(cert, file('cert.pem'));
        },
      },
      'other-ca': {
        at: 'token',
        keys: { tls: { ca: otherCa }, auth: { token: secret('token') } },
        says: /UNABLE_TO_VERIFY_LEAF_SIGNATURE/,
        fix: /^Set tls\.ca/,
        mended: { auth: { token: secret('token') } },
      },
    };
  }

  function createStream(server: ServerName, name: string): Promise<unknown> {
    return admins[server].createStream(name, { subjects: [`${name}.>`] });
  }

  async function configure(file: string, sinks: Readonly<Record<string, Keys>>): Promise<void> {
    const whole = Object.entries(sinks).map(([name, keys]): [string, Keys] => [
      name,
      {
        type: 'nats',
        stream: name,
        subject: `${name}.process.{kind}`,
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

  /** How often each event is in a stream, by its identity. */
  async function eventsIn(server: ServerName, name: string): Promise<Map<string, number>> {
    const times = new Map<string, number>();
    await admins[server].visit(name, ({ headers }) => {
      const id = headers.get('event-id');
      if (id !== '') times.set(id, (times.get(id) ?? 0) + 1);
    });
    return times;
  }

  test(
    'delivers whichever way it logs in, says of each that fails what is wrong, and goes on by itself when that is mended',
    async () => {
      const dir = await tempDir();
      const file = (name: string): string => join(dir, name);
      const secrets = {
        token: `${TOKEN}\n`,
        password: `${PASSWORD}\n`,
        nkey: `${agentKeys.seed}\n`,
        creds: operator.credentials('agent'),
        'bad-token': WRONG,
        'bad-nkey': lateKeys.seed,
        'no-nkey': WRONG,
        expired: operator.credentials('agent', { expires: MINUTE_AGO }),
        stranger: new TestOperator().credentials('agent'),
      };
      await Promise.all(Object.entries(secrets).map(([name, text]) => writeFile(file(name), text)));
      await copyFile(servers.mutual.tls.otherCa, file('ca.pem'));
      const { ca, cert, key } = servers.mutual.tls;
      const good: Record<string, [ServerName, Keys]> = {
        token: ['token', { auth: { token: `file:${file('token')}` } }],
        password: ['user', { auth: { user: 'agent', password: `file:${file('password')}` } }],
        nkey: ['nkey', { auth: { nkey: `file:${file('nkey')}` } }],
        creds: ['creds', { auth: { creds: `file:${file('creds')}` } }],
        mutual: ['mutual', { tls: { ca, cert, key } }],
      };
      const bad = faults(file);
      const homes = new Map<string, ServerName>();
      for (const [name, [server]] of Object.entries(good)) homes.set(name, server);
      for (const [name, fault] of Object.entries(bad)) homes.set(name, fault.at);
      for (const [name, server] of homes) if (name !== 'missing') await createStream(server, name);
      const sinks = (mended: boolean): Record<string, Keys> => ({
        ...Object.fromEntries(Object.entries(good).map(([name, [server, keys]]) => [name, at(server, keys)])),
        ...Object.fromEntries(Object.entries(bad).map(([name, fault]) => [name, at(fault.at, (mended && fault.mended) || fault.keys)])),
      });
      await configure(file('forkcast.json'), sinks(false));

      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', file('forkcast.json')] });
      const failing = Object.keys(bad);
      const of = (name: string): LogLine[] => logLines(agent.stderr).filter(({ sink }) => sink === name);
      const silent = (lines: number): string[] => failing.filter((name) => of(name).length < lines);
      const said = (lines: number) => (): string => `lines about ${silent(lines).join(', ')}; said: ${agent.stderr}`;
      await waitFor(() => silent(1).length === 0, { what: said(1), timeoutMs: PATIENCE_MS });
      // Long enough for several further attempts: each sink looks again twice a second.
      const before = await admins.token.count('token');
      await waitFor(async () => (await admins.token.count('token')) > before + 200, { what: '200 events more', timeoutMs: PATIENCE_MS });

      for (const { mend } of Object.values(bad)) await mend?.();
      await configure(file('forkcast.json'), sinks(true));
      agent.child.kill('SIGHUP');
      await waitFor(() => silent(2).length === 0, { what: said(2), timeoutMs: PATIENCE_MS });
      const { code, stderr, stdout } = await agent.stop();

      expect(code, stderr).toBe(0);
      for (const [name, { says, fix }] of Object.entries(bad)) {
        const [first, second, ...others] = of(name);
        expect(first, name).toMatchObject({ level: 'warn', code: 'SINK_REFUSED' });
        const [what, then] = (first?.msg ?? '').replace(/^127\.0\.0\.1:\d+:? /, '').split('; ');
        expect(what, name).toMatch(says);
        expect(first?.fix, name).toMatch(fix);
        expect(then).toBe('keeping the events, and trying again until it is put right');
        expect([second?.msg, others], name).toEqual(['delivering again', []]);
      }
      for (const name of Object.keys(good)) expect(of(name), name).toEqual([]);
      for (const text of [TOKEN, PASSWORD, WRONG, agentKeys.seed, lateKeys.seed, 'eyJ']) expect(stdout + stderr).not.toContain(text);
      expect(stderr).not.toContain('Warning');
      const expected = await eventsIn('token', 'token');
      expect(expected.size).toBeGreaterThan(200);
      for (const [name, server] of homes) expect(await eventsIn(server, name), name).toEqual(expected);
    },
    RUN_MS,
  );
});
