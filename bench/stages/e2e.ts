import { setTimeout as sleep } from 'node:timers/promises';
import type { RunRecord } from '../../src/agent/run-record.ts';
import { startKernelTotal } from '../../test/helpers/kernel-total.ts';
import type { BenchCase, Choice, Measurement, Pace } from '../measurement.ts';
import { nativeTool } from '../storm/build.ts';
import { runStorm } from '../storm/storm.ts';
import type { StormOptions, StormReport } from '../storm/storm.ts';
import { startAgent } from './agent-process.ts';
import type { AgentProcess, AgentSettings } from './agent-process.ts';

type Storm = Omit<StormOptions, 'seconds'>;

/** One process that forks makes up to about 60,000 events a second; near that it falls behind what was asked. */
const RATE_OF_ONE = 40_000;

const WARM_UP_SECONDS = 8;
/** Three events each. */
const TRUES: Storm = { mode: 'exec', rate: 6000, exec: '/bin/true', inFlight: 8 };

/** The whole agent in a process of its own, kernel to sink, beside a storm. */
export function e2eCases({ sink, rate }: Choice): readonly BenchCase[] {
  const agent = (load: string, storm?: Storm, enrich = {}): BenchCase => ({
    stage: 'e2e',
    name: `agent to ${sink}, ${load}`,
    measure: (seconds) => measureAgent({ sink, enrich }, seconds, storm),
  });
  const forks = (perSecond: number): BenchCase =>
    perSecond === 0
      ? agent('full speed fork+exit', { mode: 'fork', workers: 2 })
      : agent(`${perSecond.toLocaleString('en-GB')}/s fork+exit`, {
          mode: 'fork',
          rate: perSecond,
          workers: perSecond > RATE_OF_ONE ? 2 : 1,
        });
  if (rate !== undefined) return [forks(rate)];
  return [
    agent('quiet'),
    forks(10_000),
    forks(40_000),
    forks(0),
    agent('3,000/s fork+exec+exit', { mode: 'exec', rate: 3000 }),
    agent('3,000/s, processes live 50 ms', { mode: 'exec', rate: 3000, inFlight: 200, exec: 'storm-linger' }),
    agent('full speed fork+exec+exit', { mode: 'exec', workers: 2, inFlight: 4 }),
    agent('2,000/s of /bin/true', TRUES),
    agent('2,000/s of /bin/true, without the exec cache', TRUES, { exec_cache: 'off' }),
    agent('full speed of /bin/true', { ...TRUES, rate: 0 }),
  ];
}

/** A window of the agent's life, which the kernel's own count delimits. */
interface Window {
  readonly measurement: Measurement & Pace;
  /** What the kernel numbered in it. */
  readonly generated: number;
}

async function measureAgent(settings: AgentSettings, seconds: number, storm?: Storm): Promise<Measurement> {
  const alone = storm?.mode === 'exec' ? await stormFor(seconds, storm) : undefined;
  const agent = await startAgent(settings);
  let window: Window;
  let record: RunRecord;
  try {
    // What is compiled in the first seconds is a matter of the length of a run.
    if (storm?.mode === 'exec') await stormFor(WARM_UP_SECONDS, storm);
    window = await measureWindow(agent, seconds, { storm, alone });
  } finally {
    record = await agent.stop();
  }
  const { measurement, generated } = window;
  return {
    ...measurement,
    extra: {
      ...measurement.extra,
      ...kernelBooks(record, generated),
      ...sinkBooks(record),
      '% of a core': (measurement.cpuUsPerEvent * measurement.eventsPerSecond) / 1e4,
    },
  };
}

interface Weather {
  readonly storm: Storm | undefined;
  /** The same storm without an agent beside it. */
  readonly alone: StormReport | undefined;
}

async function measureWindow(agent: AgentProcess, seconds: number, { storm, alone }: Weather): Promise<Window> {
  const oracle = await startKernelTotal();
  try {
    await oracle.mark();
    const [cpu, ingestCpu, since] = [agent.cpuUs(), agent.ingestCpuUs(), performance.now()];
    const report = storm ? await stormFor(seconds, storm) : await sleep(seconds * 1000, undefined);
    const elapsed = (performance.now() - since) / 1000;
    const { total } = await oracle.mark();
    await idle(agent);
    const cpuUs = agent.cpuUs() - cpu;
    const measurement = {
      eventsPerSecond: total / elapsed,
      cpuUsPerEvent: cpuUs / total,
      rssMiB: agent.peakRssMiB(),
      extra: {
        'ingest µs/event': (agent.ingestCpuUs() - ingestCpu) / total,
        ...(report ? { 'storm ev/s': report.achievedRate } : {}),
        ...(report && alone ? ofProcesses(cpuUs, report, alone) : {}),
      },
    };
    return { measurement, generated: total };
  } finally {
    await oracle.close();
  }
}

/** What a process costs, all its events together: the agent, and the storm itself by there being one. */
function ofProcesses(cpuUs: number, report: StormReport, alone: StormReport): Record<string, number> {
  return {
    'µs/process': cpuUs / report.cycles,
    'storm µs/process': ownUs(report),
    'without agent': ownUs(alone),
    'storm ev/s without agent': alone.achievedRate,
  };
}

function ownUs({ cpuSelfSeconds, cpuChildrenSeconds, cycles }: StormReport): number {
  return ((cpuSelfSeconds + cpuChildrenSeconds) * 1e6) / cycles;
}

async function stormFor(seconds: number, storm: Storm): Promise<StormReport> {
  return runStorm({ ...storm, ...(await program(storm)), seconds, tag: 'bench' });
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

/**
 * The agent's books cover its whole life, the kernel's count the window in it: what was heard or counted as lost beyond that count is of the time
 * before and after. Anything unaccounted is a loss that nobody noticed.
 */
function kernelBooks({ upstream: { heard, lost } }: RunRecord, generated: number): Record<string, number> {
  const outside = heard + lost - generated;
  return { generated, heard, lost, unaccounted: Math.max(0, -outside), 'before and after': Math.max(0, outside) };
}

function sinkBooks({ sinks, provenance }: RunRecord): Record<string, number> {
  const { args } = provenance;
  const execs = Object.values(args).reduce((sum, count) => sum + count, 0);
  const undelivered = sinks.reduce((sum, { accepted, delivered }) => sum + accepted - delivered, 0);
  const dropped = sinks.reduce((sum, sink) => sum + Object.values(sink.dropped).reduce((all, count) => all + count, 0), 0);
  return { dropped, undelivered, ...(execs > 0 ? { 'args %': (100 * (execs - (args['MISSING'] ?? 0))) / execs } : {}) };
}
