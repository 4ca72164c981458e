import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { runStorm, startStorm } from '../../bench/storm/storm.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { hasExecCache } from '../helpers/live-exec-cache.ts';
import type { PrintedGap, PrintedProcessEvent } from '../helpers/agent-process.ts';
import { connectorSockets, drained } from '../helpers/connector-socket.ts';
import { canFreezeThreads, freezeThread } from '../helpers/freeze-thread.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import type { KernelTotal } from '../helpers/kernel-total.ts';
import { expectExact, reckon } from '../helpers/reckoning.ts';
import type { Reckoning } from '../helpers/reckoning.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import type { KnownProcess } from '../helpers/spawn-known.ts';
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

const STORM = { mode: 'fork', rate: 10_000, seconds: 60, workers: 2, cpus: CPUS } as const;

const dropsOf = async ({ pid }: AgentProcess): Promise<number> => (await connectorSockets(pid))[0]?.drops ?? 0;

/** Nobody reads the agent's socket any more: from now on everything is lost. */
async function full(agent: AgentProcess): Promise<void> {
  const before = await dropsOf(agent);
  await waitFor(async () => (await dropsOf(agent)) > before, { what: 'the receive buffer to be full' });
}

/** Every thread of it stands still: the signal takes its time. */
async function stopped({ pid }: AgentProcess): Promise<boolean> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(tasks.map(async (tid) => /\) (\w)/.exec(await readFile(`/proc/${pid}/task/${tid}/stat`, 'utf8'))?.[1]));
  return states.every((state) => state === 'T');
}

/** Stops the agent, lets its receive buffer run over and only then does what it cannot hear. */
async function standStill<T>(agent: AgentProcess, during: () => Promise<T>): Promise<T> {
  agent.child.kill('SIGSTOP');
  try {
    await waitFor(() => stopped(agent), { what: 'the agent to stand still' });
    await full(agent);
    return await during();
  } finally {
    agent.child.kill('SIGCONT');
  }
}

/** A listing of /proc for this reason has come to its end. */
const listed = (agent: AgentProcess, purpose: string): boolean =>
  agent.told().some((event) => 'snapshot' in event && event.snapshot?.phase === 'END' && event.snapshot.purpose === purpose);

/** The loss that was told without a CPU, if any, once all that the socket dropped is told. */
async function stormWhileStopped(agent: AgentProcess): Promise<PrintedGap | undefined> {
  const before = agent.toldGaps().length;
  agent.child.kill('SIGSTOP');
  await waitFor(() => stopped(agent), { what: 'the agent to stand still' });
  const { pid } = await runStorm({ mode: 'fork', count: 1000, workers: 2, cpus: CPUS });
  await waitFor(() => !existsSync(`/proc/${pid}`), { what: 'the storm to be over' });
  agent.child.kill('SIGCONT');
  await waitFor(async () => lostOf(agent.toldGaps()) === (await dropsOf(agent)), { what: 'all drops to be told' });
  return agent
    .toldGaps()
    .slice(before)
    .find(({ cpu }) => cpu === undefined);
}

const lostOf = (gaps: readonly PrintedGap[]): number => gaps.reduce((sum, { count }) => sum + count, 0);

/** Events that the log said were lost. */
function loggedLosses({ stderr }: AgentProcess): number {
  const lines = [...stderr.matchAll(/"events":(\d+).*"msg":"events lost: the receive buffer was full"/g)];
  return lines.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** The end of a process has begun, as far as it can without its frozen thread. */
async function ending({ pid }: AgentProcess): Promise<boolean> {
  return (await readFile(`/proc/${pid}/wchan`, 'utf8')).includes('futex');
}

describe('standing still in a storm', () => {
  test('SIGSTOP for two seconds, SIGCONT: lost in the ledger = losses told = what the kernel numbered and nobody heard', async () => {
    const agent = await listening();
    await withOracle(async (oracle) => {
      const storm = await startStorm(STORM);
      await standStill(agent, () => sleep(2000));
      await waitFor(() => agent.toldGaps().length > 0, { what: 'the loss to be told' });
      storm.stop();
      const { generated } = await storm.report;
      const reckoning = await settled(agent, oracle);
      expect(reckoning.lost).toBeGreaterThan(generated / 4);
      await expectExact(agent, reckoning);
      expect(loggedLosses(agent)).toBe((await agent.record()).upstream.lost);
    });
  });

  test('who came, went or stayed meanwhile is known afterwards (NeuVector resyncs late, DataDog and garlic never)', async () => {
    const agent = await listening();
    const [staying, leaving] = [await spawnKnown({ liveMs: 60_000 }), await spawnKnown({ liveMs: 60_000 })];
    await drained(agent);
    const storm = await startStorm(STORM);
    const { born, brief } = await standStill(agent, async () => {
      leaving.kill('SIGTERM');
      await leaving.ended;
      const unheard = { born: await spawnKnown({ args: ['new here'], liveMs: 60_000 }), brief: await spawnKnown() };
      await unheard.brief.ended;
      return unheard;
    });
    await waitFor(() => listed(agent, 'loss'), { what: 'the listing of /proc after the loss' });
    storm.stop();
    await storm.report;
    const late = await spawnKnown({ exitCode: 3, liveMs: 300 });
    staying.kill('SIGKILL');
    born.kill('SIGKILL');
    await Promise.all([late.ended, staying.ended, born.ended]);
    expect(await agent.stop()).toMatchObject({ code: 0 });

    const events = await agent.events();
    const of = ({ pid }: KnownProcess): PrintedProcessEvent[] => events.filter(({ process }) => process.pid === pid);
    const kinds = (known: KnownProcess): string[] => of(known).map(({ kind, recovered }) => (recovered ? `${kind} recovered` : kind));
    expect(kinds(staying)).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(kinds(leaving)).toEqual(['FORK', 'EXEC', 'EXIT recovered']);
    expect(kinds(born)).toEqual(['SNAPSHOT recovered', 'EXIT']);
    // Where the kernel recorded its exec, that is told.
    expect(kinds(brief)).toEqual(hasExecCache ? ['EXEC recovered'] : []);
    for (const { process } of of(brief)) expect(process).toMatchObject({ args: brief.argv, exe: brief.exe });
    expect(kinds(late)).toEqual(['FORK', 'EXEC', 'EXIT']);
    for (const known of [staying, leaving, born, late])
      expect(of(known).at(-1)?.process, kinds(known).join()).toMatchObject({ args: known.argv, exe: known.exe });
    expect(of(born)[0]).toMatchObject({ process: { args: born.argv, exe: born.exe }, parent: { pid: process.pid } });
    for (const known of [staying, leaving, born, late]) expect(new Set(of(known).map((event) => event.process.entity_id)).size).toBe(1);
    // Nobody heard how it ended.
    expect(of(leaving).at(-1)?.exit).toMatchObject({ core_dumped: false });
    expect(of(leaving).at(-1)?.exit?.code).toBeUndefined();
    expect(of(staying).at(-1)?.exit).toMatchObject({ signal_name: 'SIGKILL' });
  });

  test.runIf(canFreezeThreads)('the ingest thread alone for a while: the same', async () => {
    const agent = await listening();
    await withOracle(async (oracle) => {
      const ingest = await freezeThread(agent.pid, INGEST);
      const storm = await startStorm(STORM);
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
      const tail = await waitFor(() => stormWhileStopped(agent), { what: 'a loss without a CPU', timeoutMs: 60_000 });
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
