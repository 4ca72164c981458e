import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../src/agent/run-record.ts';
import { logLines } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { CuttingProxy } from '../../helpers/cutting-proxy.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { startNats } from '../../helpers/nats/start.ts';
import { verifyStream } from '../../helpers/nats/verify-stream.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = 3 * 60_000;
const PATIENCE_MS = 60_000;
const RATE = 1000;
const ENDLESS = 1_000_000_000;
const DISK = { queue: { type: 'disk' } };
const PARCELS = { batch: { max_events: 100 } };
/** So often acknowledgements are lost. */
const CUTS = 3;

type Keys = Readonly<Record<string, unknown>>;

describe.skipIf((await missingNats()) !== undefined)('an agent that sends to a stream of NATS', () => {
  let server: NatsServer;
  let admin: NatsAdmin;

  beforeAll(async () => {
    server = await startNats();
    admin = await NatsAdmin.connect(server);
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await server?.close();
  });

  /** Each sink has a stream that is called as it is. */
  async function configure(
    dir: string,
    sinks: Readonly<Record<string, Keys>>,
    { events = ENDLESS, shutdown = '1m' } = {},
  ): Promise<string[]> {
    const file = join(dir, 'forkcast.json');
    const whole = Object.entries(sinks).map(([name, keys]) => [
      name,
      {
        type: 'nats',
        servers: [server.url],
        stream: name,
        subject: `${name}.process`,
        ensure_stream: { max_size: '256MiB' },
        retry: { max: '500ms' },
        ...keys,
      },
    ]);
    const agent = { checkpoint_interval: '500ms', shutdown_timeout: shutdown };
    const source = { type: 'synthetic', synthetic: { events, rate: RATE } };
    await writeFile(file, JSON.stringify({ agent, source, sinks: Object.fromEntries(whole) as unknown }));
    return ['-c', file];
  }

  const said = ({ stderr }: AgentProcess, name: string): string[] =>
    logLines(stderr).flatMap(({ sink, msg }) => (sink === name ? [msg] : []));

  function says(agent: AgentProcess, name: string, text: string): Promise<unknown> {
    const what = (): string => `${name} to say "${text}"; said: ${agent.stderr.slice(-2000)}`;
    return waitFor(() => said(agent, name).some((msg) => msg.includes(text)), { what, timeoutMs: PATIENCE_MS });
  }

  async function lastIn(stream: string): Promise<number> {
    return (await admin.info(stream)).state.last_seq;
  }

  function grows(agent: AgentProcess, stream: string, from: number): Promise<unknown> {
    const what = (): string => `${stream} to grow beyond ${from}; said: ${agent.stderr.slice(-2000)}`;
    return waitFor(async () => (await lastIn(stream)) > from, { what, timeoutMs: PATIENCE_MS, everyMs: 20 });
  }

  async function books(agent: AgentProcess, name: string): Promise<RunRecord['sinks'][number]> {
    const found = (await agent.record()).sinks.find(({ sink }) => sink === name);
    if (found === undefined) throw new Error(`no books of ${name}`);
    return found;
  }

  test(
    'sends again what was stored without its acknowledgement, which the stream has once, and goes on in batches when it is told to',
    async () => {
      const dir = await tempDir();
      const proxy = await CuttingProxy.start(server.port);
      const at = { ...DISK, servers: [`nats://127.0.0.1:${proxy.port}`] };
      const sinks = { alone: at, parcels: { ...at, ...PARCELS } };
      const args = await configure(dir, { ...sinks, changed: DISK });
      const agent = new AgentProcess({ dir, eyes: true, args });
      const names = ['alone', 'parcels'] as const;
      for (let cut = 0; cut < CUTS; cut++) {
        for (const name of names) await grows(agent, name, 0);
        proxy.mute();
        const before = await Promise.all(names.map(lastIn));
        for (const [i, name] of names.entries()) await grows(agent, name, (before[i] as number) + 2);
        proxy.cut();
        const after = await Promise.all(names.map(lastIn));
        for (const [i, name] of names.entries()) await grows(agent, name, (after[i] as number) + 2);
      }
      await configure(dir, { ...sinks, changed: { ...DISK, ...PARCELS } });
      agent.child.kill('SIGHUP');
      await waitFor(() => agent.stderr.includes('the configuration was reloaded'), { what: 'the reload', timeoutMs: PATIENCE_MS });
      await grows(agent, 'changed', await lastIn('changed'));
      const { code, stderr } = await agent.stop();
      expect(code, stderr).toBe(0);

      for (const name of ['alone', 'parcels', 'changed']) {
        const { accepted, ...rest } = await books(agent, name);
        expect(rest, name).toMatchObject({ delivered: accepted, waiting: 0, lost: {}, dropped: {}, deadLettered: 0 });
        const { ok, unaccounted, runs } = await verifyStream(server.url, name);
        expect({ ok, unaccounted, runs }, name).toMatchObject({ ok: true, unaccounted: 0, runs: [{ findings: [], expected: accepted }] });
        // What was on its way when it was told to send batches may have gone both ways.
        expect(runs[0]?.duplicates, name).toBeLessThanOrEqual(name === 'changed' ? RATE : 0);
        if (name !== 'changed')
          expect(said(agent, name), name).toContain('messages were sent again, and the stream had them: it keeps one of each');
      }
    },
    RUN_MS,
  );

  test(
    'ends soon while the server is down: what waits on disk comes with the next start, what waits in memory is counted',
    async () => {
      const dir = await tempDir();
      const args = await configure(dir, { disk: DISK, memory: {} }, { shutdown: '2s' });
      const agent = new AgentProcess({ dir, eyes: true, args });
      for (const name of ['disk', 'memory']) await grows(agent, name, RATE);
      await server.kill();
      await says(agent, 'disk', 'trying again');
      await says(agent, 'memory', 'trying again');
      const { code, stderr } = await agent.stop('SIGINT');
      expect(code, stderr).toBe(1);
      expect(stderr).toContain('the agent was stopped before everything was delivered');
      const disk = await books(agent, 'disk');
      const memory = await books(agent, 'memory');
      expect(disk.waiting).toBeGreaterThan(0);
      expect(disk).toMatchObject({ lost: {}, dropped: {}, delivered: disk.accepted - disk.waiting });
      expect(memory).toMatchObject({ waiting: 0, dropped: {}, lost: { shutdown: memory.accepted - memory.delivered } });
      expect(memory.delivered).toBeLessThan(memory.accepted);

      await server.restart();
      const next = new AgentProcess({ dir, eyes: true, args: await configure(dir, { disk: DISK, memory: {} }, { events: 1 }) });
      expect(await next.ended).toMatchObject({ code: 0, signal: null });
      expect(await books(next, 'disk')).toMatchObject({ takenOver: disk.waiting, lost: {}, waiting: 0 });
      const { unaccounted, runs } = await verifyStream(server.url, 'disk');
      expect({ unaccounted, runs }).toMatchObject({
        unaccounted: 0,
        runs: [
          { duplicates: 0, findings: [] },
          { duplicates: 0, findings: [] },
        ],
      });
    },
    RUN_MS,
  );
});
