import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { RunRecord } from '../../../src/agent/run-record.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { KafkaAdmin } from '../../helpers/kafka/admin.ts';
import { startCluster } from '../../helpers/kafka/cluster.ts';
import type { Cluster } from '../../helpers/kafka/cluster.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { missingTools } from '../../helpers/kafka/java.ts';
import { isRoot } from '../../helpers/ordinary-user.ts';
import { runCommand } from '../../helpers/run-command.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start fetches Apache Kafka, too. */
const START_MS = 6 * 60_000;
const RUN_MS = 120_000;
/** That of an agent which is not to need it. */
const NEVER = '10m';
const ENDLESS = 1_000_000_000;
const DISK = { queue: { type: 'disk' } };

interface Settings {
  readonly sinks: Readonly<Record<string, object>>;
  readonly shutdown?: string;
  readonly events?: number;
  readonly rate?: number;
}

/** An agent with events of its own making, by a configuration that can be written anew. */
class Run {
  readonly agent: AgentProcess;
  readonly #file: string;

  private constructor(dir: string, file: string) {
    this.agent = new AgentProcess({ dir, eyes: true, args: ['-c', file] });
    this.#file = file;
  }

  static async start(dir: string, settings: Settings): Promise<Run> {
    const file = join(dir, 'forkcast.json');
    await configure(file, settings);
    return new Run(dir, file);
  }

  async reload(settings: Settings): Promise<void> {
    await configure(this.#file, settings);
    this.agent.child.kill('SIGHUP');
    await this.says('the configuration was reloaded');
  }

  async says(text: string): Promise<void> {
    const { agent } = this;
    const said = (): boolean => agent.stderr.includes(text);
    await waitFor(said, { what: () => `the agent to say "${text}"; it said: ${agent.stderr.slice(-2000)}`, timeoutMs: 60_000 });
  }

  /** Of a run that has ended; its books must balance. */
  async sink(name: string): Promise<RunRecord['sinks'][number]> {
    expect(this.agent.stderr).not.toContain('do not balance');
    const found = (await this.agent.record()).sinks.find(({ sink }) => sink === name);
    if (found === undefined) throw new Error(`no books of ${name}`);
    return found;
  }
}

async function configure(file: string, { sinks, shutdown = NEVER, events = ENDLESS, rate = 2000 }: Settings): Promise<void> {
  const agent = { checkpoint_interval: '500ms', shutdown_timeout: shutdown };
  await writeFile(file, JSON.stringify({ agent, source: { type: 'synthetic', synthetic: { events, rate } }, sinks }));
}

const kafka = (bootstrap: string, topic: string, more: object = {}): object => ({ type: 'kafka', brokers: [bootstrap], topic, ...more });

/** Where nobody listens. */
async function nobody(): Promise<string> {
  const [port = 0] = await freePorts(1);
  return `127.0.0.1:${port}`;
}

/** Takes connections until the test ends, and says nothing. */
async function mute(): Promise<string> {
  const server = createServer();
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => sockets.add(socket.on('error', () => undefined)));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

/** A file system of its own for the agent's data, as small as that, until the test ends. */
async function smallDisk(dir: string): Promise<void> {
  const place = join(dir, 'data');
  await mkdir(place, { mode: 0o700 });
  const { code, stderr } = await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', place]);
  if (code !== 0) throw new Error(`mount: ${stderr}`);
  onTestFinished(async () => void (await runCommand('umount', ['--lazy', place])));
}

/** Root of a container may do less. */
const canMount = isRoot && (await runCommand('unshare', ['--mount', 'true'])).code === 0;

describe.skipIf((await missingTools()) !== undefined)('an agent that is stopped', () => {
  let cluster: Cluster;
  let admin: KafkaAdmin;

  beforeAll(async () => {
    cluster = await startCluster();
    admin = new KafkaAdmin(cluster.bootstrap);
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  async function topics(name: string): Promise<void> {
    await Promise.all([admin.createTopic(name), admin.createTopic(`${name}-agent`)]);
  }

  /** What waits is delivered by a start that has next to nothing of its own. */
  async function deliverRest(dir: string, topic: string): Promise<Run> {
    const run = await Run.start(dir, { sinks: { siem: kafka(cluster.bootstrap, topic, DISK) }, events: 1 });
    expect(await run.agent.ended).toMatchObject({ code: 0, signal: null });
    expect(await run.sink('siem')).toMatchObject({ dropped: {}, lost: {}, waiting: 0 });
    return run;
  }

  const proof = (topic: string) => verify('--kafka', cluster.bootstrap, '--topic', topic, '--allow-blind');

  test(
    'while the brokers are down ends soon and well, with a queue on disk, and what it had comes with the next start',
    async () => {
      const dir = await tempDir();
      await topics('kept');
      const [broker] = cluster.brokers;
      const run = await Run.start(dir, { sinks: { siem: kafka(cluster.bootstrap, 'kept', DISK) } });
      await waitFor(async () => (await admin.read('kept')).length > 0, { what: 'the first events', timeoutMs: 60_000, everyMs: 100 });
      await broker?.kill9();
      await run.says('trying again');
      expect(await run.agent.stop('SIGINT')).toMatchObject({ code: 0, signal: null });
      expect(run.agent.stderr).toContain('stays in the spool, and is delivered after the next start');
      const { delivered, waiting, accepted, ...rest } = await run.sink('siem');
      expect(rest).toMatchObject({ dropped: {}, lost: {} });
      expect(waiting).toBeGreaterThan(0);
      expect(delivered + waiting).toBe(accepted);

      await broker?.resume();
      const next = await deliverRest(dir, 'kept');
      expect((await next.sink('siem')).takenOver).toBe(waiting);
      const { code, report } = await proof('kept');
      expect(report).toMatchObject({ unaccounted: 0, unproven_tail: 0, runs: [{ findings: [] }, { findings: [] }] });
      expect(code).toBe(0);
    },
    RUN_MS,
  );

  test(
    'with a queue in memory says at its deadline what it could not deliver',
    async () => {
      const run = await Run.start(await tempDir(), { sinks: { siem: kafka(await nobody(), 'events') }, shutdown: '2s' });
      await run.says('trying again');
      const { code, stderr } = await run.agent.stop('SIGINT');
      expect(code).toBe(1);
      expect(stderr).toContain('the agent was stopped before everything was delivered');
      const { accepted, ...books } = await run.sink('siem');
      expect(accepted).toBeGreaterThan(0);
      expect(books).toMatchObject({ delivered: 0, lost: { shutdown: accepted }, waiting: 0 });
      expect(stderr).toMatch(/sink siem +delivered 0 · shutdown [1-9]/);
    },
    RUN_MS,
  );

  test(
    'ends at once when it is asked again',
    async () => {
      const run = await Run.start(await tempDir(), { sinks: { siem: kafka(await nobody(), 'events') } });
      await run.says('trying again');
      run.agent.child.kill('SIGINT');
      await run.says('stopping: what was heard');
      const again = (): boolean => run.agent.stderr.includes('stopping at once') || !run.agent.child.kill('SIGINT');
      await waitFor(again, { what: 'the second request to be taken for one', timeoutMs: 30_000, everyMs: 200 });
      expect(await run.agent.ended).toMatchObject({ code: 1, signal: null });
      const { accepted, lost } = await run.sink('siem');
      expect(lost).toEqual({ shutdown: accepted });
    },
    RUN_MS,
  );

  test.runIf(canMount)(
    'while brokers are down and its disk is full keeps what is on the disk, and says once what is not',
    async () => {
      const dir = await tempDir();
      await smallDisk(dir);
      await topics('narrow');
      const down = { siem: kafka(await nobody(), 'narrow', DISK) };
      const run = await Run.start(dir, { sinks: down, rate: 10_000, shutdown: '4s' });
      await run.says('ENOSPC');
      expect(await run.agent.stop('SIGINT')).toMatchObject({ code: 1, signal: null });
      expect(run.agent.stderr.split('the spool cannot give them back').length - 1).toBe(1);
      const { waiting, accepted, lost } = await run.sink('siem');
      expect(waiting).toBeGreaterThan(0);
      expect(lost).toEqual({ shutdown: accepted - waiting });

      const next = await deliverRest(dir, 'narrow');
      expect((await next.sink('siem')).takenOver).toBe(waiting);
      expect((await proof('narrow')).report).toMatchObject({ unaccounted: 0, runs: [{ duplicates: 0 }, { duplicates: 0 }] });
    },
    RUN_MS,
  );

  test(
    'has by then delivered to other brokers and another topic what waited when the configuration was changed',
    async () => {
      await topics('moved');
      const run = await Run.start(await tempDir(), { sinks: { siem: kafka(await nobody(), 'events', DISK) } });
      await run.says('trying again');
      await run.reload({ sinks: { siem: kafka(cluster.bootstrap, 'moved', DISK) } });
      expect(await run.agent.stop('SIGINT')).toMatchObject({ code: 0, signal: null });
      const { accepted, ...books } = await run.sink('siem');
      expect(books).toMatchObject({ delivered: accepted, dropped: {}, lost: {}, waiting: 0 });
      const { code, report } = await proof('moved');
      expect(report).toMatchObject({ unaccounted: 0, unproven_tail: 0, runs: [{ state: 'stopped', findings: [], duplicates: 0 }] });
      expect(code).toBe(0);
    },
    RUN_MS,
  );

  test(
    'has given a sink that works everything, whatever became of those beside it that do not',
    async () => {
      await topics('fast');
      const run = await Run.start(await tempDir(), {
        sinks: {
          fast: kafka(cluster.bootstrap, 'fast'),
          dead: kafka(await nobody(), 'events', { queue: { max_events: 1000 } }),
          mute: kafka(await mute(), 'events', DISK),
        },
        events: 20_000,
        rate: 10_000,
        shutdown: '4s',
      });
      expect((await run.agent.ended).code).toBe(1);
      const { accepted, ...fast } = await run.sink('fast');
      expect(fast).toMatchObject({ sequenced: accepted, delivered: accepted, dropped: {}, lost: {} });
      const dead = await run.sink('dead');
      expect(dead).toMatchObject({ delivered: 0, waiting: 0, lost: { shutdown: dead.accepted } });
      expect(dead.dropped['queue_full']).toBeGreaterThan(0);
      expect(await run.sink('mute')).toMatchObject({ delivered: 0, dropped: {}, lost: {}, waiting: accepted });
      expect((await proof('fast')).report).toMatchObject({ ok: true, unaccounted: 0, runs: [{ duplicates: 0 }] });
    },
    RUN_MS,
  );
});
