import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AgentProcess } from '../helpers/agent-process.ts';
import type { PrintedProcessEvent } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const EPOCH = 2 ** 32;

interface Run {
  readonly agent: AgentProcess;
  /** Sequences of events on each CPU. */
  readonly seqs: Readonly<Record<string, number[]>>;
}

/** A short run in `dir` in which there is an event on every CPU. */
async function runIn(dir: string): Promise<Run> {
  const agent = new AgentProcess({ dir });
  await agent.ready();
  // Its marks are events of each CPU.
  const oracle = await startKernelTotal();
  await oracle.mark();
  await drained(agent);
  expect(await agent.stop()).toMatchObject({ code: 0 });
  await oracle.close();
  const { agent_id: own } = await agent.record();
  return { agent, seqs: seqsOf((await agent.events()).filter((event) => event.agent_id === own)) };
}

function seqsOf(events: readonly PrintedProcessEvent[]): Record<string, number[]> {
  const seqs: Record<string, number[]> = {};
  for (const { cpu, kernel_seq: seq } of events) if (cpu !== undefined && seq !== undefined) (seqs[cpu] ??= []).push(seq);
  return seqs;
}

/** Changes what the last run left behind. */
async function rewrite({ agent }: Run, change: (record: Awaited<ReturnType<AgentProcess['record']>>) => object): Promise<void> {
  const record = await agent.record();
  await writeFile(join(agent.dir, 'data/state/last-run.json'), JSON.stringify({ ...record, ...change(record) }));
}

const mapped = (seqs: Readonly<Record<string, number>>, to: (seq: number) => number): Record<string, number> =>
  Object.fromEntries(Object.entries(seqs).map(([cpu, seq]) => [cpu, to(seq)]));

describe('the kernel’s count over several runs', () => {
  test('goes on where the last one ended, and START says where that was', async () => {
    const dir = await tempDir();
    const first = await runIn(dir);
    const { kernel_seqs: left, agent_id: former } = await first.agent.record();
    for (const [cpu, seqs] of Object.entries(first.seqs)) expect(left[cpu]).toBeGreaterThanOrEqual(Math.max(...seqs));
    const second = await runIn(dir);
    for (const [cpu, seqs] of Object.entries(second.seqs)) expect(Math.min(...seqs), `CPU ${cpu}`).toBeGreaterThan(left[cpu] ?? 0);
    const start = (await second.agent.agentEvents()).find(({ kind, agent_id: id }) => kind === 'START' && id !== former);
    expect(start?.start?.previous).toMatchObject({ agent_id: former, clean: true, last_kernel_seqs: left });
  });

  test('keeps its epochs beyond 2^32, also when the kernel’s own count wrapped between the runs', async () => {
    const dir = await tempDir();
    const first = await runIn(dir);
    await rewrite(first, ({ kernel_seqs: seqs }) => ({ kernel_seqs: mapped(seqs, (seq) => 7 * EPOCH + (seq % EPOCH)) }));
    const second = await runIn(dir);
    expect(epochsOf(second)).toEqual(new Set([7]));
    // A last count ahead of the kernel's: it has begun anew since.
    await rewrite(second, ({ kernel_seqs: seqs }) => ({ kernel_seqs: mapped(seqs, () => 8 * EPOCH - 1) }));
    const third = await runIn(dir);
    expect(epochsOf(third)).toEqual(new Set([8]));
    expect((await third.agent.record()).upstream.lost).toBe(0);
  });

  test('begins anew with a new boot', async () => {
    const dir = await tempDir();
    const first = await runIn(dir);
    await rewrite(first, ({ kernel_seqs: seqs }) => ({
      boot_id: '00000000-0000-4000-8000-000000000000',
      kernel_seqs: mapped(seqs, (seq) => 7 * EPOCH + seq),
    }));
    expect(epochsOf(await runIn(dir))).toEqual(new Set([0]));
  });
});

const epochsOf = ({ seqs }: Run): Set<number> =>
  new Set(
    Object.values(seqs)
      .flat()
      .map((seq) => Math.floor(seq / EPOCH)),
  );
