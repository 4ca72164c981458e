import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { runStorm, startStorm } from '../../bench/storm/storm.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import type { PrintedGap } from '../helpers/agent-process.ts';
import { connectorSockets, drained } from '../helpers/connector-socket.ts';
import { canFreezeThreads, freezeThread } from '../helpers/freeze-thread.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import type { KernelTotal } from '../helpers/kernel-total.ts';
import { expectExact, reckon } from '../helpers/reckoning.ts';
import type { Reckoning } from '../helpers/reckoning.ts';
import { CPUS } from '../helpers/storm-cpus.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const INGEST = 'forkcast-ingest';
const SET = ['source.threads=true', 'source.receive_buffer=128KiB'];

async function listening(): Promise<AgentProcess> {
  const agent = new AgentProcess({ dir: await tempDir(), telling: true, set: SET });
  await agent.ready();
  return agent;
}

/** The window ends with an event of each CPU, heard: no loss is left that no later event explains. */
async function settled(agent: AgentProcess, oracle: KernelTotal): Promise<Reckoning> {
  await drained(agent);
  const window = await oracle.mark();
  await drained(agent);
  expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
  return reckon(agent, window);
}

async function withOracle(during: (oracle: KernelTotal) => Promise<void>): Promise<void> {
  const oracle = await startKernelTotal();
  try {
    await oracle.mark();
    await during(oracle);
  } finally {
    await oracle.close();
  }
}

const full = (agent: AgentProcess): Promise<true> =>
  waitFor(async () => ((await connectorSockets(agent.pid))[0]?.drops ?? 0) > 0 && true, { what: 'the receive buffer to be full' });

/** The loss that was told without a CPU, if any, once all that the socket dropped is told. */
async function stormWhileStopped(agent: AgentProcess): Promise<PrintedGap | undefined> {
  const before = agent.toldGaps().length;
  agent.child.kill('SIGSTOP');
  const { pid } = await runStorm({ mode: 'fork', count: 1000, workers: 2, cpus: CPUS });
  await waitFor(() => !existsSync(`/proc/${pid}`), { what: 'the storm to be over' });
  agent.child.kill('SIGCONT');
  await waitFor(async () => lostOf(agent.toldGaps()) === (await connectorSockets(agent.pid))[0]?.drops, { what: 'all drops to be told' });
  return agent
    .toldGaps()
    .slice(before)
    .find(({ cpu }) => cpu === undefined);
}

const lostOf = (gaps: readonly PrintedGap[]): number => gaps.reduce((sum, { count }) => sum + count, 0);

/** The end of a process has begun, as far as it can without its frozen thread. */
async function ending({ pid }: AgentProcess): Promise<boolean> {
  return (await readFile(`/proc/${pid}/wchan`, 'utf8')).includes('futex');
}

describe('standing still in a storm', () => {
  test('SIGSTOP for two seconds, SIGCONT: lost in the ledger = losses told = what the kernel numbered and nobody heard', async () => {
    const agent = await listening();
    await withOracle(async (oracle) => {
      const storm = await startStorm({ mode: 'fork', rate: 10_000, seconds: 60, workers: 2, cpus: CPUS });
      agent.child.kill('SIGSTOP');
      await full(agent);
      await sleep(2000);
      agent.child.kill('SIGCONT');
      await waitFor(() => agent.toldGaps().length > 0, { what: 'the loss to be told' });
      storm.stop();
      const { generated } = await storm.report;
      const reckoning = await settled(agent, oracle);
      expect(reckoning.lost).toBeGreaterThan(generated / 4);
      await expectExact(agent, reckoning);
    });
  });

  test.runIf(canFreezeThreads)('the ingest thread alone for a while: the same', async () => {
    const agent = await listening();
    await withOracle(async (oracle) => {
      const storm = await startStorm({ mode: 'fork', rate: 10_000, seconds: 60, workers: 2, cpus: CPUS });
      const ingest = await freezeThread(agent.pid, INGEST);
      await full(agent);
      await ingest.thaw();
      await waitFor(() => agent.toldGaps().length > 0, { what: 'the loss to be told' });
      storm.stop();
      await storm.report;
      const reckoning = await settled(agent, oracle);
      expect(reckoning.lost).toBeGreaterThan(0);
      await expectExact(agent, reckoning);
    });
  });

  test('a loss at the very end of the stream, which no gap shows, is told while the agent runs', async () => {
    const agent = await listening();
    await withOracle(async (oracle) => {
      // Whatever happens on a CPU of the storm, to anybody, turns the end of its stream into a gap: then another round is needed.
      const tail = await waitFor(() => stormWhileStopped(agent), { what: 'a loss without a CPU', timeoutMs: 20_000 });
      expect(tail).toMatchObject({ reason: 'tail', exact: true });
      expect(tail.count).toBeGreaterThan(0);
      await expectExact(agent, await settled(agent, oracle));
    });
  });

  test.runIf(canFreezeThreads)(
    'the ingest thread for ever: a stop ends nevertheless, with 70, and undoes the subscription once',
    async () => {
      const dir = await tempDir();
      const agent = new AgentProcess({
        dir,
        set: ['agent.shutdown_timeout=1s'],
        env: { LD_PRELOAD: await nativeTool('send-log.so'), SEND_LOG: join(dir, 'sent') },
      });
      await agent.ready();
      const ingest = await freezeThread(agent.pid, INGEST);
      agent.child.kill('SIGTERM');
      await waitFor(() => agent.stderr.includes('does not answer'), { what: 'the agent to go on without it' });
      expect(await readFile(join(dir, 'sent'), 'utf8')).toBe('listen\nignore\n');
      // The kernel lets no process go while one of its threads is frozen. A thread that moves again just as Node.js ends it may crash in ffi-rs.
      await waitFor(() => ending(agent), { what: 'the main thread to wait for the other' });
      await ingest.thaw();
      expect(await agent.ended).toMatchObject({ code: 70, signal: null });
      expect(await readFile(join(dir, 'sent'), 'utf8')).toBe('listen\nignore\n');
    },
  );
});
