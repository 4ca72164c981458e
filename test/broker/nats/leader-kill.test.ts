import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { logLines } from '../../helpers/agent-log.ts';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { startNatsCluster } from '../../helpers/nats/cluster.ts';
import type { NatsCluster } from '../../helpers/nats/cluster.ts';
import { EventTally } from '../../helpers/nats/event-tally.ts';
import { lastSpooled } from '../../helpers/last-spooled.ts';
import { NOTHING_ASTRAY } from '../../helpers/run-tally.ts';
import { missingNats } from '../../helpers/nats/server-binary.ts';
import { StreamFlow } from '../../helpers/nats/stream-flow.ts';
import { lastOf, stopWhole } from '../../helpers/whole-run.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { verify } from '../../helpers/verify.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** By `npm run campaign:nats` in full. */
const IS_CAMPAIGN = process.env['FORKCAST_CAMPAIGN'] !== undefined;
const EVENTS = IS_CAMPAIGN ? 300_000 : 16_000;
const EVENTS_PER_SECOND = IS_CAMPAIGN ? 10_000 : 4000;

/** The first start builds the server. */
const START_MS = 10 * 60_000;
const RUN_MS = (IS_CAMPAIGN ? 10 : 4) * 60_000;
const PATIENCE_MS = 120_000;
const MORE_THAN_A_WINDOW = 5000;
const STREAM = 'FORKCAST';

describe.skipIf((await missingNats()) !== undefined)('an agent that sends to a stream on three servers', () => {
  let cluster: NatsCluster;
  let admin: NatsAdmin;

  beforeAll(async () => {
    cluster = await startNatsCluster({ servers: 3 });
    admin = await NatsAdmin.connect(cluster);
  }, START_MS);
  afterAll(async () => {
    await admin?.close();
    await cluster?.close();
  });

  /** How many messages an agent says that the stream had already. */
  const duplicatesIn = ({ stderr }: AgentProcess): number => logLines(stderr).reduce((sum, { duplicates = 0 }) => sum + duplicates, 0);

  it(
    'loses nothing and repeats nothing when the leader of the stream is killed, and then the agent itself',
    async () => {
      const dir = await tempDir();
      const siem = { type: 'nats', servers: cluster.urls, ensure_stream: { replicas: 3, max_size: '1GiB' }, queue: { type: 'disk' } };
      const config = join(dir, 'forkcast.json');
      const source = { type: 'synthetic', threads: true, synthetic: { rate: EVENTS_PER_SECOND } };
      const timing = { checkpoint_interval: '500ms', shutdown_timeout: '2m' };
      await writeFile(config, JSON.stringify({ agent: timing, source, sinks: { siem } }));
      const flow = new StreamFlow(cluster.servers, STREAM);
      onTestFinished(() => flow.end());
      const start = (): AgentProcess => new AgentProcess({ dir, eyes: true, args: ['-c', config] });

      const first = start();
      await flow.reaches(EVENTS / 10, () => first.stderr);
      const leader = await cluster.streamLeader(STREAM);
      await leader.kill();
      // The leader's end must be felt, or nothing is shown.
      await waitFor(() => first.stderr.includes('SINK_UNREACHABLE'), {
        what: () => `a fault; it said: ${first.stderr}`,
        timeoutMs: PATIENCE_MS,
      });
      await cluster.streamLeader(STREAM);
      await flow.grows(() => first.stderr);
      await leader.restart();
      await cluster.inSync(STREAM);
      await flow.reaches(EVENTS / 2, () => first.stderr);
      first.child.kill('SIGKILL');
      await first.ended;
      const brought = flow.last;
      const accepted = await lastSpooled(join(dir, 'data/state/spool/siem'));
      const second = start();
      // Also where the first has brought as many: what may have been on its way from it is less than this.
      await flow.reaches(Math.max(EVENTS, brought + MORE_THAN_A_WINDOW), () => second.stderr);
      const record = await stopWhole(second);
      await flow.end();

      const tally = new EventTally();
      await admin.visit(STREAM, (message) => tally.add(message));
      const removed = duplicatesIn(first) + duplicatesIn(second);
      if (IS_CAMPAIGN)
        console.log({ events: [...accepted.values(), lastOf(record)], stallMs: flow.longestStallMs, removed, again: tally.again });
      const [killed = ''] = accepted.keys();
      expect([...tally.runs.keys()].toSorted()).toEqual([killed, record.agent_id].toSorted());
      expect(tally.compare(killed, accepted.get(killed) ?? 0)).toEqual(NOTHING_ASTRAY);
      expect(tally.compare(record.agent_id, lastOf(record))).toEqual(NOTHING_ASTRAY);
      // What was on its way when the agent was killed came again, and the stream knew it.
      expect(removed).toBeGreaterThan(0);
      expect({ again: tally.again, astray: tally.astray }).toEqual({ again: 0, astray: [] });
      const { code, report } = await verify('--jetstream', '-c', config, '--allow-blind');
      expect(report).toMatchObject({ ok: true, unaccounted: 0, damaged_records: 0, foreign_messages: 0 });
      expect(report.runs).toMatchObject([
        { state: 'killed', findings: [], duplicates: 0 },
        { state: 'stopped', findings: [], duplicates: 0, expected: lastOf(record) },
      ]);
      expect(code).toBe(0);
    },
    RUN_MS,
  );
});
