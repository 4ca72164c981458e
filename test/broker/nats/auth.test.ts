import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { TestOperator } from '../../helpers/nats/auth.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { TestAuthority } from '../../helpers/test-certificates.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { agentKeys, faultsOf, lateKeys, MINUTE_AGO, operator, PASSWORD, SERVERS, TOKEN, WRONG } from './auth-faults.ts';
import type { Keys, ServerName } from './auth-faults.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
/** How soon an agent that holds looks again; by default 30 s. */
const HOLD = '500ms';
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
      const other = new TestAuthority('other').issue({ names: ['agent'] });
      const files = {
        'other.pem': other.cert,
        'other-key.pem': other.key,
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
      await Promise.all(Object.entries(files).map(([name, text]) => writeFile(file(name), text)));
      await copyFile(servers.mutual.tls.otherCa, file('ca.pem'));
      const { ca, cert, key } = servers.mutual.tls;
      const good: Record<string, [ServerName, Keys]> = {
        token: ['token', { auth: { token: `file:${file('token')}` } }],
        password: ['user', { auth: { user: 'agent', password: `file:${file('password')}` } }],
        nkey: ['nkey', { auth: { nkey: `file:${file('nkey')}` } }],
        creds: ['creds', { auth: { creds: `file:${file('creds')}` } }],
        mutual: ['mutual', { tls: { ca, cert, key } }],
      };
      const bad = faultsOf(servers, file, createStream);
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
