import { describe, expect, test } from 'vitest';
import { runStorm, startStorm } from '../../bench/storm/storm.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import type { KernelTotal, KernelWindow } from '../helpers/kernel-total.ts';
import { expectExact, reckon } from '../helpers/reckoning.ts';
import { CPUS } from '../helpers/storm-cpus.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** One whose every event is checked: threads are events, and no sink drops any. */
async function exactAgent(...set: string[]): Promise<AgentProcess> {
  const agent = new AgentProcess({ dir: await tempDir(), set: ['source.threads=true', 'sinks.disk.queue.when_full=block', ...set] });
  await agent.ready();
  return agent;
}

/** A window of the kernel's count around something, which these agents have read to its end. */
async function windowOf(agents: readonly AgentProcess[], during: () => Promise<void>): Promise<KernelWindow> {
  const oracle: KernelTotal = await startKernelTotal();
  try {
    await oracle.mark();
    await during();
    for (const agent of agents) await drained(agent);
    const window = await oracle.mark();
    for (const agent of agents) await drained(agent);
    return window;
  } finally {
    await oracle.close();
  }
}

describe('several listeners', () => {
  test('two agents in one storm are exact each, the one that loses and the one that does not', async () => {
    const [large, small] = [await exactAgent(), await exactAgent('source.receive_buffer=16KiB')];
    const window = await windowOf(
      [large, small],
      async () => void (await runStorm({ mode: 'fork', count: 20_000, workers: 2, cpus: CPUS })),
    );
    for (const agent of [large, small]) {
      expect(await agent.stop()).toMatchObject({ code: 0 });
      await expectExact(agent, await reckon(agent, window));
    }
    expect((await small.record()).upstream.lost).toBeGreaterThan(0);
    expect((await large.record()).upstream.lost).toBe(0);
  });

  test('an agent killed with -9 and started again twenty times subscribes each time, and a listener beside it misses nothing', async () => {
    const witness = await exactAgent();
    const dir = await tempDir();
    const window = await windowOf([witness], async () => {
      for (let start = 1; start <= 20; start += 1) {
        const agent = new AgentProcess({ dir });
        await agent.ready();
        expect(await agent.stop('SIGKILL'), `start ${start}`).toMatchObject({ signal: 'SIGKILL' });
      }
    });
    expect(await witness.stop()).toMatchObject({ code: 0 });
    const reckoning = await reckon(witness, window);
    expect(reckoning.lost).toBe(0);
    // Each start has been answered; the witness hears all answers, and knows them for those of others.
    expect(reckoning.unaccounted).toBeGreaterThanOrEqual(20);
    await expectExact(witness, reckoning);
  });

  test('twenty starts in the middle of a storm all subscribe and say so (garlic takes the first message for the answer and fails)', async () => {
    // At full speed it can keep whatever else is put on its CPU from running, for a minute and more.
    const storm = await startStorm({ mode: 'fork', rate: 10_000, seconds: 120, cpus: CPUS.slice(-1) });
    try {
      for (let start = 1; start <= 20; start += 1) {
        const agent = new AgentProcess({ dir: await tempDir(), set: ['sinks={none: {type: blackhole}}'] });
        await agent.ready();
        expect(await agent.stop(), `start ${start}: ${agent.stderr}`).toMatchObject({ code: 0 });
      }
    } finally {
      storm.stop();
      expect((await storm.report).achievedRate).toBeGreaterThan(1000);
    }
  });
});
