import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { headers as newHeaders } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { AgentProcess, FORKCAST } from '../../helpers/agent-process.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import type { ReadMessage } from '../../helpers/nats/admin.ts';
import { chooseNats, missingNats } from '../../helpers/nats/server-binary.ts';
import { startSingleNats } from '../../helpers/nats/single-server.ts';
import type { SingleNats } from '../../helpers/nats/single-server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { makeTempDir, tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const EVENTS = 10_000;
const BATCH = 50;

const choice = await chooseNats();
const canStartOwn = (await missingNats()) === undefined;

describe.skipIf(choice.kind === 'none')('verify --jetstream', () => {
  let server: SingleNats;
  let admin: NatsAdmin;
  let config: string;
  let dir: string;
  let remove: () => Promise<void>;
  /** What an agent has sent to the streams `events` and `batches`. */
  let sent: { readonly events: ReadMessage[]; readonly batches: ReadMessage[] };

  const stream = (name: string): string => server.own(name);
  const sink = (name: string, settings: object = {}): object => ({
    type: 'nats',
    servers: [server.url],
    stream: stream(name),
    subject: `${stream(name)}.{host}.process.{kind}`,
    ensure_stream: { max_size: '256MiB' },
    queue: { type: 'disk' },
    ...settings,
  });

  async function configFile(folder: string, sinks: Record<string, object>, source: object = {}): Promise<string> {
    const path = join(folder, 'forkcast.json');
    await writeFile(path, JSON.stringify({ agent: { checkpoint_interval: '500ms' }, ...source, sinks }));
    return path;
  }
  const synthetic = { source: { type: 'synthetic', synthetic: { events: EVENTS, rate: 5000 } } };

  beforeAll(async () => {
    server = await startSingleNats(choice);
    admin = await NatsAdmin.connect(server);
    ({ path: dir, remove } = await makeTempDir());
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await server?.close();
    await remove?.();
  });

  /** A stream with these messages, and the arguments that name it. */
  async function copied(name: string, messages: readonly ReadMessage[], settings: object = {}): Promise<string[]> {
    await admin.createStream(stream(name), { subjects: [`${stream(name)}.>`], ...settings });
    for (const { subject, headers, body } of messages) {
      const copy = newHeaders();
      for (const [key, values] of headers) if (key !== 'Nats-Expected-Stream') for (const value of values) copy.append(key, value);
      admin.connection.publish(`${stream(name)}.${subject}`, body, { headers: copy });
    }
    const stored = async (): Promise<boolean> => (await admin.count(stream(name))) === messages.length;
    await waitFor(stored, { what: 'all copies to be stored', timeoutMs: 60_000 });
    return ['--jetstream', server.url, '--stream', stream(name)];
  }

  /** The same message with other headers. */
  function changed({ subject, headers, body }: ReadMessage, values: Readonly<Record<string, string>>): ReadMessage {
    const others = newHeaders();
    for (const [key, all] of headers) for (const value of all) others.append(key, value);
    for (const [key, value] of Object.entries(values)) others.set(key, value);
    return { subject, headers: others, body };
  }

  /** The faults below are planted into copies of what this leaves. */
  test('says of what an agent sent that all of it is there, one event a message and batched', async () => {
    const batched = sink('batches', { batch: { max_events: BATCH }, framing: 'raw' });
    config = await configFile(dir, { bus: sink('events'), batched }, synthetic);
    const { code, stderr } = await new AgentProcess({ dir, eyes: true, args: ['-c', config] }).ended;
    expect(code, stderr).toBe(0);
    sent = { events: await admin.read(stream('events')), batches: await admin.read(stream('batches')) };
    for (const name of ['bus', 'batched']) {
      const { code, report } = await verify('--jetstream', '-c', config, '--sink', name);
      expect(report).toMatchObject({ ok: true, unaccounted: 0, unproven_tail: 0, blind: [], damaged_records: 0, foreign_messages: 0 });
      expect(report).toMatchObject({ removed_before: null, deleted_messages: 0 });
      const [run] = report.runs;
      expect(report.runs).toMatchObject([{ state: 'stopped', sink: name, findings: [], present: run?.expected }]);
      expect(run?.expected).toBeGreaterThan(EVENTS / 2);
      expect(code).toBe(0);
    }
    expect(sent.batches.length).toBeLessThan(sent.events.length / 4);
  });

  test('does without a configuration, and says it for people', async () => {
    const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', '--jetstream', server.url, '--stream', stream('batches')]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('everything that was accepted is there: unaccounted 0');
    expect(stdout).toMatch(new RegExp(`records in [\\d,]+ messages of the stream ${stream('batches')}, 1 run`));
  });

  test('finds the one message that was deleted, and counts those that are not ours', async () => {
    const stranger: ReadMessage = { subject: 'x', headers: newHeaders(), body: Buffer.from('{}') };
    const args = await copied('short', [stranger, ...sent.events]);
    await admin.deleteMessage(stream('short'), sent.events.length >> 1);
    const { code, report, stderr } = await verify(...args);
    expect(report).toMatchObject({ ok: false, unaccounted: 1, foreign_messages: 1, deleted_messages: 1 });
    expect(report.runs[0]?.findings).toMatchObject([{ fault: 'missing' }]);
    expect(stderr).toContain(`in the stream ${stream('short')} 1 message is not forkcast's and left out, the first at sequence 1 (`);
    expect(code).toBe(1);
  });

  test('takes copies for what they are, whatever their ids', async () => {
    const again = sent.events.slice(100, 200).map((message, i) => changed(message, { 'Nats-Msg-Id': `copy-${i}` }));
    const args = await copied('twice', [...sent.events, ...again]);
    expect(await verify(...args)).toMatchObject({ code: 0, report: { unaccounted: 0, runs: [{ duplicates: 100 }] } });
  });

  test('takes a batch that is cut short for damage, and what is missing of it for missing', async () => {
    const at = sent.batches.findIndex(({ headers }) => headers.get('events') === String(BATCH));
    const whole = sent.batches[at] as ReadMessage;
    const args = await copied('damaged', sent.batches.with(at, { ...whole, body: whole.body.subarray(0, -1) }));
    const { code, report, stderr } = await verify(...args);
    expect(report).toMatchObject({ unaccounted: 1, damaged_records: 1 });
    expect(stderr).toContain(`the message at sequence ${at + 1} of the stream ${stream('damaged')}`);
    expect(stderr).toMatch(/ is damaged: it ends within a record: \d+ bytes are left over behind 49/);
    expect(code).toBe(1);
  });

  test('refuses what a later version wrote', async () => {
    const later = changed(sent.events[7] as ReadMessage, { schema: 'forkcast.v1.ProcessEvent/0123456789abcdef' });
    const args = await copied('later', sent.events.with(7, later));
    const { code, stderr } = await runCommand(FORKCAST, ['verify', ...args]);
    expect(stderr).toContain('the message at sequence 8 of the stream');
    expect(stderr).toContain('has the schema forkcast.v1.ProcessEvent/0123456789abcdef, which this version does not know');
    expect(code).toBe(74);
  });

  test('does not know what was in the beginning that was removed, and says so', async () => {
    const gone = 123;
    const args = await copied('headless', sent.events);
    await admin.purge(stream('headless'), gone + 1);
    const { code, report, stderr } = await verify(...args);
    expect(report).toMatchObject({ ok: false, unaccounted: 0, removed_before: gone + 1 });
    expect(report.perhaps_removed).toBeGreaterThan(100);
    expect(stderr).toContain(`the stream ${stream('headless')} begins at sequence ${gone + 1}`);
    expect(code).toBe(1);
    expect((await verify(...args, '--allow-blind')).code).toBe(0);
  });

  test('reads to the end where the last messages were deleted, and nothing of an empty stream', async () => {
    const args = await copied('tail', [...sent.events, { subject: 'x', headers: newHeaders(), body: Buffer.alloc(0) }]);
    await admin.deleteMessage(stream('tail'), sent.events.length + 1);
    expect(await verify(...args)).toMatchObject({ code: 0, report: { ok: true, unaccounted: 0, deleted_messages: 1 } });
    const { code, report } = await verify(...(await copied('empty', [])));
    expect([code, report.records]).toEqual([1, 0]);
  });

  test('tells the sinks apart that write to one stream', async () => {
    const folder = await tempDir();
    const shared = { subject: `${stream('shared')}.{host}.process`, agent_subject: `${stream('shared')}.{host}.agent` };
    const sinks = { one: sink('shared', shared), two: sink('shared', shared) };
    const file = await configFile(folder, sinks, { source: { type: 'synthetic', synthetic: { events: 1000, rate: 5000 } } });
    expect((await new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] }).ended).code).toBe(0);
    const { code, report } = await verify('--jetstream', '-c', file, '--sink', 'two');
    expect(report).toMatchObject({ ok: true, unaccounted: 0 });
    expect(new Set(report.runs.map(({ sink: name }) => name))).toEqual(new Set(['one', 'two']));
    expect(code).toBe(0);
  });

  test('reads only the subjects of a sink from a stream that has others, too', async () => {
    const folder = await tempDir();
    const of = { subject: `${stream('mixed')}.own.process.{kind}` };
    await admin.createStream(stream('mixed'), { subjects: [`${stream('mixed')}.>`] });
    const file = await configFile(
      folder,
      { bus: sink('mixed', of) },
      { source: { type: 'synthetic', synthetic: { events: 1000, rate: 5000 } } },
    );
    expect((await new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] }).ended).code).toBe(0);
    await admin.connection.request(`${stream('mixed')}.other`, 'x', { timeout: 30_000 });
    expect(await verify('--jetstream', '-c', file)).toMatchObject({ code: 0, report: { ok: true, foreign_messages: 0 } });
    expect(await verify('--jetstream', server.url, '--stream', stream('mixed'))).toMatchObject({
      code: 0,
      report: { foreign_messages: 1 },
    });
  });

  test('proves a run while it goes on, and one that was killed with --allow-blind', async () => {
    const folder = await tempDir();
    const file = await configFile(folder, { bus: sink('live') });
    const agent = new AgentProcess({ dir: folder, eyes: true, args: ['-c', file] });
    const there = async (): Promise<boolean> =>
      (await admin.read(stream('live'))).filter(({ subject }) => subject.endsWith('.checkpoint')).length > 4;
    await waitFor(there, { what: 'checkpoints', timeoutMs: 60_000, everyMs: 300 });
    const { code, report } = await verify('--jetstream', '-c', file);
    expect(report).toMatchObject({ ok: true, unaccounted: 0, runs: [{ state: 'running', sink: 'bus', findings: [] }] });
    expect(code).toBe(0);
    agent.child.kill('SIGKILL');
    await agent.ended;
    expect((await new AgentProcess({ dir: folder, eyes: true, args: ['-c', file, '--duration', '2s'] }).ended).code).toBe(0);
    const strict = await verify('--jetstream', '-c', file);
    expect(strict.report).toMatchObject({ ok: false, proven: true, unaccounted: 0, runs: [{ state: 'killed' }, { state: 'stopped' }] });
    expect((await verify('--jetstream', '-c', file, '--allow-blind')).code).toBe(0);
  });

  describe('says what is wrong where nothing can be read', () => {
    async function failed(...args: readonly string[]): Promise<string> {
      const { code, stdout, stderr } = await runCommand(FORKCAST, ['verify', ...args]);
      expect([code, stdout]).toEqual([69, '']);
      return stderr;
    }

    test('a server that is away, and a stream that is not there', async () => {
      const [port] = await freePorts(1);
      expect(await failed('--jetstream', `127.0.0.1:${port}`, '--stream', 'X')).toContain(`cannot verify: 127.0.0.1:${port}: ECONNREFUSED`);
      expect(await failed('--jetstream', server.url, '--stream', 'nowhere')).toMatch(/there is no stream nowhere\n.*Correct its name/);
    });

    test.each(['workqueue', 'interest'] as const)('a stream from which reading removes (%s)', async (retention) => {
      const args = await copied(retention, retention === 'workqueue' ? sent.events.slice(0, 10) : [], { retention });
      expect(await failed(...args)).toContain(`has retention ${retention}: reading it would remove what is read`);
      expect(await admin.count(stream(retention))).toBe(retention === 'workqueue' ? 10 : 0);
    });

    test.skipIf(!canStartOwn)('a right that is missing', async () => {
      const auth = { kind: 'user', user: 'reader', password: 'secret' } as const;
      const own = await startNats({ auth, permissions: { publish: { allow: ['$JS.API.STREAM.INFO.*', '$JS.API.CONSUMER.CREATE.>'] } } });
      onTestFinished(() => own.close());
      const ownAdmin = await NatsAdmin.connect(own);
      onTestFinished(() => ownAdmin.close());
      await ownAdmin.createStream('S', { subjects: ['s.>'] });
      await ownAdmin.connection.request('s.x', 'x', { timeout: 30_000 });
      const folder = await tempDir();
      const password = join(folder, 'password');
      await writeFile(password, auth.password);
      const login = {
        servers: [own.url],
        stream: 'S',
        subject: 's.{host}.process',
        auth: { user: 'reader', password: `file:${password}` },
      };
      const file = await configFile(folder, { bus: { type: 'nats', ...login } });
      const told = await failed('--jetstream', '-c', file, '--stream', 'S');
      expect(told).toMatch(/this user may not publish to \$JS\.API\.CONSUMER\.MSG\.NEXT\.S\./);
      await own.reconfigure({ permissions: { publish: { allow: ['nothing'] } } });
      expect(await failed('--jetstream', '-c', file)).toContain('this user may not publish to $JS.API.STREAM.INFO.S');
    });
  });
});
