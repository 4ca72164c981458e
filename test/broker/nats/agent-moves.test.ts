import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import type { LogLine } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { startNatsCluster } from '../../helpers/nats/cluster.ts';
import type { NatsCluster } from '../../helpers/nats/cluster.ts';
import { EventTally } from '../../helpers/nats/event-tally.ts';
import { NOTHING_ASTRAY } from '../../helpers/run-tally.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import type { NatsServer } from '../../helpers/nats/server.ts';
import { StreamFlow } from '../../helpers/nats/stream-flow.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = 4 * 60_000;
const PATIENCE_MS = 60_000;
const RATE = 2000;
const STREAM = 'FORKCAST';
type SinkName = 'kept' | 'live';

/** Of `/connz`. */
interface Connections {
  readonly connections: readonly { readonly name?: string; readonly in_msgs: number }[];
}

describe.skipIf((await missingNats()) !== undefined)('an agent at a cluster whose servers leave', () => {
  let cluster: NatsCluster;

  beforeAll(async () => {
    cluster = await startNatsCluster({ servers: 3 });
  }, START_MS);
  afterAll(async () => {
    await cluster?.close();
  });

  async function adminOf(served: Parameters<typeof NatsAdmin.connect>[0]): Promise<NatsAdmin> {
    const admin = await NatsAdmin.connect(served);
    onTestFinished(() => admin.close());
    return admin;
  }

  /** Resolves with the one of these that a sink has sent something to over a connection that there is. */
  function homeOf(name: SinkName, servers: readonly NatsServer[], said: () => string): Promise<NatsServer> {
    const sending = async (): Promise<NatsServer | undefined> => {
      const all = await Promise.all(servers.map((server) => server.monitor<Connections>('/connz')));
      return servers.find((_, i) => all[i]?.connections.some((one) => one.name === name && one.in_msgs > 0));
    };
    return waitFor(sending, { what: () => `${name} to send; said: ${said()}`, timeoutMs: PATIENCE_MS, everyMs: 50 });
  }

  test(
    'moves on before one of them stops, without an error, and loses nothing when one does so at once, with a stream and without',
    async () => {
      const admin = await adminOf(cluster);
      await admin.createStream(STREAM, { subjects: ['kept.>'], num_replicas: 3 });
      const leader = await cluster.streamLeader(STREAM);
      const [duck, next] = cluster.servers.filter((server) => server !== leader) as [NatsServer, NatsServer];
      const listeners = [leader, next];
      const heard = await Promise.all(listeners.map(async (server) => (await adminOf(server)).listen('live.>')));
      const dir = await tempDir();
      const config = join(dir, 'forkcast.json');
      // Of the others this one tells.
      const at = { type: 'nats', servers: [duck.url], queue: { type: 'disk' }, retry: { max: '500ms' } };
      const sinks: Record<SinkName, object> = {
        kept: { ...at, name: 'kept', subject: 'kept.process.{kind}' },
        live: { ...at, name: 'live', subject: 'live.process.{kind}', mode: 'core' },
      };
      const source = { type: 'synthetic', synthetic: { rate: RATE } };
      await writeFile(config, JSON.stringify({ agent: { checkpoint_interval: '500ms', shutdown_timeout: '1m' }, source, sinks }));
      const flow = new StreamFlow(cluster.servers, STREAM);
      onTestFinished(() => flow.end());
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', config] });
      const said = (): string => agent.stderr;
      const linesOf = (name: SinkName): LogLine[] => logLines(agent.stderr).filter(({ sink }) => sink === name);

      await flow.reaches(RATE, said);
      duck.lameDuck();
      const [home] = await Promise.all([homeOf('live', listeners, said), homeOf('kept', listeners, said)]);
      await flow.grows(said);
      await duck.kill();
      await flow.grows(said);
      expect([linesOf('kept'), linesOf('live')]).toEqual([[], []]);

      await duck.restart();
      await cluster.inSync(STREAM);
      await home.stop();
      await homeOf(
        'live',
        cluster.servers.filter((server) => server !== home),
        said,
      );
      await flow.grows(said);
      await home.restart();
      await flow.grows(said);
      const { code, stderr } = await agent.stop();
      expect(code, stderr).toBe(0);

      const { agent_id: run, last_sequence: last, sinks: books } = await agent.record();
      for (const { delivered, waiting, lost, dropped } of books)
        expect({ delivered, waiting, lost, dropped }).toEqual({ delivered: last, waiting: 0, lost: {}, dropped: {} });
      await cluster.inSync(STREAM);
      const kept = new EventTally();
      await admin.visit(STREAM, (message) => kept.add(message));
      expect({ ...kept.compare(run, last), again: kept.again, astray: kept.astray }).toEqual({ ...NOTHING_ASTRAY, again: 0, astray: [] });
      // Those on the server that went away were not told of what came meanwhile.
      const live = EventTally.of(heard[listeners.findIndex((server) => server !== home)] ?? []);
      expect({ ...live.compare(run, last), astray: live.astray }).toEqual({ ...NOTHING_ASTRAY, astray: [] });
    },
    RUN_MS,
  );
});
