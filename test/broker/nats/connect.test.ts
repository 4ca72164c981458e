import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../helpers/free-ports.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsOptions } from '../../helpers/nats/server-config.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { forkcast } from '../../unit/cli/fake-io.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const USER = { kind: 'user', user: 'agent', password: 'secret' } as const;

interface Found {
  readonly item: string;
  readonly status: string;
  readonly found: string;
  readonly fix: string | null;
  readonly code: string | null;
}

interface Result {
  readonly code: number;
  readonly ok: boolean;
  readonly all: readonly Found[];
  of(item: string): Found;
}

/** `check --connect --json` of a sink with these keys. */
async function connect(keys: object): Promise<Result> {
  const file = join(await tempDir(), 'forkcast.json');
  await writeFile(file, JSON.stringify({ sinks: { bus: { type: 'nats', ...keys } } }));
  const { code, out, err } = await forkcast('check', '--connect', '--json', '-c', file);
  if (out === '') throw new Error(err);
  const { ok, connect: all } = JSON.parse(out) as { ok: boolean; connect: Found[] };
  const of = (item: string): Found => {
    const found = all.find((one) => one.item === item);
    if (found === undefined) throw new Error(`no ${item} among ${all.map((one) => one.item).join(', ')}`);
    return found;
  };
  return { code, ok, all, of };
}

async function withSecret(): Promise<object> {
  const path = join(await tempDir(), 'password');
  await writeFile(path, USER.password);
  return { auth: { user: USER.user, password: `file:${path}` } };
}

const statuses = ({ all }: Result): string[] => all.map(({ item, status }) => `${status} ${item.replace(/:\d+$/, '')}`);

describe.skipIf((await missingNats()) !== undefined)('check --connect, at a server of NATS', () => {
  let server: NatsServer;
  let admin: NatsAdmin;

  const keys = (more: object = {}): object => ({ servers: [server.url], ...more });
  async function started(options: NatsOptions): Promise<NatsServer> {
    const own = await startNats(options);
    onTestFinished(() => own.close());
    return own;
  }

  beforeAll(async () => {
    server = await startNats();
    admin = await NatsAdmin.connect(server);
    await admin.createStream('FORKCAST', { subjects: ['forkcast.>'], max_bytes: 1e8 });
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await server?.close();
  });

  it('finds all that an agent needs, item by item, and leaves nothing behind', async () => {
    const result = await connect(keys());
    expect([result.code, result.ok]).toEqual([0, true]);
    expect(statuses(result)).toEqual([
      'ok server 127.0.0.1',
      'ok security',
      'ok size',
      'ok stream FORKCAST',
      'ok FORKCAST subjects',
      'warning FORKCAST storage',
      'ok FORKCAST duplicates',
      'ok FORKCAST limits',
      'ok publish',
    ]);
    expect(result.all[0]?.found).toMatch(/^n1, version \d+\.\d+\.\d+\S*, alone, with JetStream$/);
    expect(result.of('publish').found).toMatch(/^allowed to forkcast\.\S+ and \d+ more$/);
    expect(result.of('FORKCAST limits').found).toBe('95.4 MiB; then the oldest go');
    expect(await admin.count('FORKCAST')).toBe(0);
  });

  it('proposes the stream that is missing, or says that the agent creates it', async () => {
    const own = { stream: 'OTHER', subject: 'other.{host}.process' };
    const missing = await connect(keys(own));
    expect(missing.code).toBe(69);
    expect(missing.of('stream OTHER')).toMatchObject({ status: 'error', found: 'there is none', code: 'SINK_REFUSED' });
    expect(missing.of('stream OTHER').fix).toMatch(/^Create it: nats stream add OTHER --subjects='other\.\*\.process,other\.\*\.agent' /);
    expect(missing.of('publish').status).toBe('ok');
    const ensured = await connect(keys({ ...own, ensure_stream: { max_size: '64MiB' } }));
    expect(ensured.of('stream OTHER')).toMatchObject({ status: 'ok' });
    expect(ensured.of('stream OTHER').found).toMatch(/^there is none; the agent creates it, with file storage, 1 replica, up to 64 MiB$/);
    const large = await connect(keys({ ...own, ensure_stream: { replicas: 3 } }));
    expect(large.of('stream OTHER').found).toContain('3 replicas need a cluster');
    await expect(admin.info('OTHER')).rejects.toThrow('stream not found');
  });

  it('names the subjects that a stream does not take', async () => {
    await admin.createStream('NARROW', { subjects: ['narrow.*.process'] });
    const { code, of } = await connect(keys({ stream: 'NARROW', subject: 'narrow.{host}.process' }));
    expect(of('NARROW subjects').found).toMatch(/^takes narrow\.\*\.process, and not narrow\.\S+\.agent$/);
    expect(of('NARROW subjects').fix).toContain("nats stream edit NARROW --subjects='narrow.*.process,narrow.*.agent'");
    expect(code).toBe(69);
  });

  it('warns of a stream that costs events', async () => {
    const odd = { storage: 'memory', duplicate_window: 5e9, max_msg_size: 10_000, retention: 'workqueue' } as const;
    await admin.createStream('ODD', { ...odd, subjects: ['odd.>'] });
    const result = await connect(keys({ stream: 'ODD', subject: 'odd.{host}.process', batch: { max_events: 100 } }));
    expect(result.code).toBe(0);
    expect(result.all.filter(({ status }) => status === 'warning').map(({ item }) => item)).toEqual([
      'ODD storage',
      'ODD duplicates',
      'ODD limits',
      'ODD retention',
      'ODD size',
    ]);
  });

  it('refuses a stream that never acknowledges', async () => {
    await admin.createStream('MUTE', { subjects: ['mute.>'], no_ack: true });
    const { code, of } = await connect(keys({ stream: 'MUTE', subject: 'mute.{host}.process', connect_timeout: '500ms' }));
    expect(of('stream MUTE').found).toContain('acknowledges nothing (no_ack)');
    expect(code).toBe(69);
    expect(await admin.count('MUTE')).toBe(0);
  });

  it('says of mode core that nobody acknowledges', async () => {
    const result = await connect(keys({ mode: 'core' }));
    expect(statuses(result)).toEqual(['ok server 127.0.0.1', 'ok security', 'ok size', 'ok acknowledgement']);
    expect(result.of('acknowledgement').found).toContain('whoever does not listen at the time misses the event');
  });

  it('says what is wrong with the way, the login and the rights', async () => {
    const [port] = await freePorts(1);
    const away = await connect({ servers: [`nats://127.0.0.1:${port}`] });
    expect([away.code, away.all.length]).toEqual([69, 1]);
    expect(away.all[0]).toMatchObject({ code: 'SINK_UNREACHABLE', fix: expect.stringContaining('nothing listens there') as string });
    const spare = await connect({ servers: [`nats://127.0.0.1:${port}`, server.url] });
    expect(spare.code).toBe(0);
    expect(spare.all[0]).toMatchObject({ status: 'warning', found: expect.stringContaining('another one answers') as string });
    expect((await connect(keys({ tls: {} }))).all[0]).toMatchObject({
      code: 'SINK_REFUSED',
      found: expect.stringContaining('no TLS') as string,
    });
  });

  it('names the right that is missing', async () => {
    const inbox = { subscribe: { allow: ['_INBOX.>'] } };
    const own = await started({ auth: USER, permissions: { publish: { allow: ['forkcast.*.process.>', '$JS.API.>'] }, ...inbox } });
    const ownAdmin = await NatsAdmin.connect(own);
    onTestFinished(() => ownAdmin.close());
    await ownAdmin.createStream('FORKCAST', { subjects: ['forkcast.>'], max_bytes: 1e8 });
    const login = { servers: [own.url], ...(await withSecret()) };
    const partly = await connect(login);
    expect(partly.of('security')).toMatchObject({ status: 'warning', fix: expect.stringContaining('tls: {}') as string });
    expect(partly.of('publish')).toMatchObject({ status: 'error', code: 'SINK_REFUSED' });
    expect(partly.of('publish').found).toMatch(
      /^the user agent may not publish to forkcast\.\S+\.agent\.\S+, and so it is with \d+ more subjects$/,
    );
    expect(partly.of('publish').fix).toBe('Allow the user agent to publish to it, or correct subject in the sink.');
    await own.reconfigure({ permissions: { publish: { allow: ['forkcast.>'] }, ...inbox } });
    const unseen = await connect(login);
    expect(unseen.code).toBe(0);
    expect(unseen.of('stream FORKCAST').fix).toBe('To have it checked, allow the agent to publish to $JS.API.STREAM.INFO.FORKCAST.');
    expect(unseen.of('publish').status).toBe('ok');
    await own.reconfigure({ permissions: { subscribe: { allow: ['elsewhere'] } } });
    expect((await connect(login)).of('publish').fix).toContain('set inbox_prefix to what it may subscribe to');
    expect(await ownAdmin.count('FORKCAST')).toBe(0);
  });

  it('says that there is no JetStream', async () => {
    const own = await started({ jetstream: false });
    const { code, all, of } = await connect({ servers: [own.url] });
    expect(all[0]?.found).toContain('without JetStream');
    expect(of('JetStream').fix).toContain('set mode: core');
    expect(code).toBe(69);
  });
});
