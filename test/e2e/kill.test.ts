import { expect, test } from 'vitest';
import { startStorm } from '../../bench/storm/storm.ts';
import { AgentProcess, FORKCAST, decode } from '../helpers/agent-process.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

test('kill -9 in the middle of a storm: finished files decode, the open one up to its last block, and the next start finishes it', async () => {
  const dir = await tempDir();
  const agent = new AgentProcess({ dir, set: ['sinks.disk.rotate.max_size=64KiB'] });
  await agent.ready();
  const storm = await startStorm({ mode: 'fork', rate: 20_000, seconds: 30 });
  try {
    await waitFor(async () => (await agent.files(/^process-.*\.avro$/)).length >= 3, { what: 'three finished files', timeoutMs: 30_000 });
  } finally {
    agent.child.kill('SIGKILL');
    storm.stop();
    await storm.report;
  }
  expect(await agent.ended).toMatchObject({ signal: 'SIGKILL' });

  const finished = await agent.events();
  expect(finished.length).toBeGreaterThan(1000);
  const open = await agent.files(/^process-.*\.avro\.open$/);
  expect(open).toHaveLength(1);
  const torn = await runCommand(FORKCAST, ['decode', ...open]);
  expect(torn.code).toBe(0);
  const unfinished = torn.stdout.split('\n').filter((line) => line !== '').length;

  const next = new AgentProcess({ dir });
  await next.ready();
  expect((await next.stop()).code).toBe(0);
  expect(await next.files(/\.open$/)).toEqual([]);
  const agentId = finished[0]?.agent_id as string;
  const after = (await decode(await next.files(/^process-.*\.avro$/))).filter((event) => event.agent_id === agentId);
  expect(after).toHaveLength(finished.length + unfinished);
  const start = (await next.agentEvents()).find((event) => event.kind === 'START' && event.agent_id !== agentId);
  expect(start?.start?.previous).toMatchObject({ agent_id: agentId, clean: false });
});
