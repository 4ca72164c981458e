import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startStorm } from '../../bench/storm/storm.ts';
import type { RunningStorm } from '../../bench/storm/storm.ts';
import type { RunRecord } from '../../src/agent/run-record.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { verify } from '../helpers/verify.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** By `npm run campaign:outage` a minute. */
const OUTAGE_SECONDS = process.env['FORKCAST_CAMPAIGN'] === undefined ? 12 : 60;
const RUNS = 4;
const QUEUE = ['sinks.disk.queue.type=disk', 'agent.checkpoint_interval=500ms'];
/** One that takes nothing stands in its place; under the same name it is the same sink. */
const DOWN = ['sinks.disk.type=chaos', 'sinks.disk.hold=100', 'agent.shutdown_timeout=1s'];

const sinkOf = ({ sinks }: RunRecord): RunRecord['sinks'][number] | undefined => sinks.find(({ sink }) => sink === 'disk');

test('a sink that is down while the agent is restarted twice and killed once gets all that was accepted, and verify proves it', async () => {
  const dir = await tempDir();
  const storm: RunningStorm = await startStorm({ mode: 'fork', rate: 2000, seconds: 10 * OUTAGE_SECONDS });
  for (let run = 0; run < RUNS; run += 1) {
    const agent = new AgentProcess({ dir, set: [...QUEUE, ...DOWN] });
    await agent.ready();
    const until = performance.now() + (OUTAGE_SECONDS * 1000) / RUNS;
    await waitFor(() => performance.now() >= until, { what: 'a part of the outage to pass', timeoutMs: OUTAGE_SECONDS * 1000 });
    if (run === 1) {
      agent.child.kill('SIGKILL');
      await agent.ended;
    } else {
      expect((await agent.stop()).code).toBe(0);
      expect(sinkOf(await agent.record())).toMatchObject({ delivered: 0, dropped: {}, lost: {} });
    }
  }

  const agent = new AgentProcess({ dir, set: QUEUE });
  await agent.ready();
  storm.stop();
  await storm.report;
  expect((await agent.stop()).code).toBe(0);

  const sink = sinkOf(await agent.record());
  expect(sink).toMatchObject({ dropped: {}, lost: {}, waiting: 0 });
  expect(sink?.takenOver).toBeGreaterThan(0.8 * OUTAGE_SECONDS * 2000);
  const { code, report } = await verify(join(dir, 'data/events'), '--allow-blind');
  expect(report).toMatchObject({ unaccounted: 0 });
  expect(report.runs.map(({ state, findings }) => ({ state, findings }))).toEqual(
    ['stopped', 'killed', 'stopped', 'stopped', 'stopped'].map((state) => ({ state, findings: [] })),
  );
  expect(report.blind).toHaveLength(RUNS);
  expect(code).toBe(0);
});
