import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../src/agent/run-record.ts';
import { startKernelTotal } from '../../test/helpers/kernel-total.ts';
import type { BenchCase, Measurement } from '../measurement.ts';
import { nativeTool } from '../storm/build.ts';
import { runStorm } from '../storm/storm.ts';
import type { StormOptions } from '../storm/storm.ts';
import { startAgent } from './agent-process.ts';
import type { AgentProcess } from './agent-process.ts';

type Storm = Omit<StormOptions, 'seconds'>;

/** The whole agent in a process of its own, kernel to file, beside a storm. */
export const e2eCases: readonly BenchCase[] = [
  { stage: 'e2e', name: 'agent to file, quiet', measure: (seconds) => measureAgent(seconds) },
  agentCase('agent to file, 10,000/s fork+exit', { mode: 'fork', rate: 10_000 }),
  agentCase('agent to file, 40,000/s fork+exit', { mode: 'fork', rate: 40_000 }),
  agentCase('agent to file, full speed fork+exit', { mode: 'fork', workers: 2 }),
  agentCase('agent to file, 3,000/s fork+exec+exit', { mode: 'exec', rate: 3000 }),
  agentCase('agent to file, 3,000/s, processes live 50 ms', { mode: 'exec', rate: 3000, inFlight: 200, exec: 'storm-linger' }),
  agentCase('agent to file, full speed fork+exec+exit', { mode: 'exec', workers: 2, inFlight: 4 }),
];

function agentCase(name: string, storm: Storm): BenchCase {
  return { stage: 'e2e', name, measure: (seconds) => measureAgent(seconds, storm) };
}

/** The events of a window are divided by what the kernel generated in it: the agent's own books cover its whole life. */
async function measureAgent(seconds: number, storm?: Storm): Promise<Measurement> {
  const agent = await startAgent();
  let window: Measurement;
  let record: RunRecord;
  try {
    window = await measureWindow(agent, seconds, storm);
  } finally {
    record = await agent.stop();
  }
  return {
    ...window,
    extra: { ...window.extra, ...booksOf(record), '% of a core': (window.cpuUsPerEvent * window.eventsPerSecond) / 1e4 },
  };
}

async function measureWindow(agent: AgentProcess, seconds: number, storm: Storm | undefined): Promise<Measurement> {
  const oracle = await startKernelTotal();
  try {
    await oracle.mark();
    const [cpu, since] = [agent.cpuUs(), performance.now()];
    const report = storm
      ? await runStorm({ ...storm, ...(await program(storm)), seconds, tag: 'bench' })
      : await sleep(seconds * 1000, undefined);
    const elapsed = (performance.now() - since) / 1000;
    const { total } = await oracle.mark();
    await idle(agent);
    return {
      eventsPerSecond: total / elapsed,
      cpuUsPerEvent: (agent.cpuUs() - cpu) / total,
      rssMiB: agent.peakRssMiB(),
      extra: report ? { 'storm ev/s': report.achievedRate } : {},
    };
  } finally {
    await oracle.close();
  }
}

/** A program of the storm's own folder is named by its file name. */
async function program({ exec }: Storm): Promise<Pick<StormOptions, 'exec'>> {
  return exec === 'storm-linger' ? { exec: await nativeTool(exec) } : {};
}

/** What was heard is still being enriched and written when the storm has ended: its cost belongs to the window. */
async function idle(agent: AgentProcess): Promise<void> {
  const QUIET_US = 20_000;
  for (let before = -Infinity, now = agent.cpuUs(); now - before > QUIET_US; before = now, now = agent.cpuUs()) await sleep(250);
}

function booksOf({ upstream, sinks, provenance }: RunRecord): Record<string, number> {
  const { args } = provenance;
  const execs = Object.values(args).reduce((sum, count) => sum + count, 0);
  const undelivered = sinks.reduce((sum, { accepted, delivered }) => sum + accepted - delivered, 0);
  const dropped = sinks.reduce((sum, sink) => sum + Object.values(sink.dropped).reduce((all, count) => all + count, 0), 0);
  return {
    lost: upstream.lost,
    dropped,
    undelivered,
    ...(execs > 0 ? { 'args %': (100 * (execs - (args['MISSING'] ?? 0))) / execs } : {}),
  };
}
