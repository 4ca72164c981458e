import { readFile, readdir, readlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import type { StormOptions, StormReport } from '../../bench/storm/storm.ts';
import type { PrintedAgentEvent, PrintedProcessEvent } from '../helpers/agent-process.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import type { KernelWindow } from '../helpers/kernel-total.ts';
import { inWindow, startKernelTotal } from '../helpers/kernel-total.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

type PrintedGap = NonNullable<PrintedAgentEvent['gap']>;

interface Outcome {
  readonly storm: StormReport;
  readonly window: KernelWindow;
  readonly events: readonly PrintedProcessEvent[];
  readonly gaps: readonly PrintedGap[];
  readonly agent: AgentProcess;
}

/** No event waits in the agent's connector socket: what it will ever read of the storm it has read. */
async function drained(agent: AgentProcess): Promise<boolean> {
  const sockets = await openSockets(agent.child.pid ?? -1);
  const table = await readFile('/proc/net/netlink', 'utf8');
  const own = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1] === '11' && sockets.has(columns[9] as string));
  expect(own).toHaveLength(1);
  return own[0]?.[4] === '0';
}

/** Inodes of the sockets that a process has open. */
async function openSockets(pid: number): Promise<Set<string>> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.slice(1) ?? []));
}

/** A storm between two marks of an independent counter. Threads are events here, so that every message of the kernel has its record. */
async function weathered(options: StormOptions, set: readonly string[]): Promise<Outcome> {
  const agent = new AgentProcess({ dir: await tempDir(), set: ['source.threads=true', ...set] });
  await agent.ready();
  const oracle = await startKernelTotal();
  try {
    await oracle.mark();
    const storm = await runStorm(options);
    await waitFor(() => drained(agent), { what: 'the agent to read what the kernel queued', timeoutMs: 60_000 });
    const window = await oracle.mark();
    await waitFor(() => drained(agent), { what: 'the agent to read the marks' });
    expect((await agent.stop()).code).toBe(0);
    const gaps = (await agent.agentEvents()).flatMap(({ gap }) => gap ?? []);
    return { storm, window, gaps, agent, events: await agent.events() };
  } finally {
    await oracle.close();
  }
}

function heardIn({ events, window }: Outcome): number {
  return events.filter((event) => event.kernel_seq !== undefined && inWindow(window, event.cpu as number, event.kernel_seq ?? -1)).length;
}

/** Lost events whose number lies in the window. */
function lostIn({ gaps, window }: Outcome): number {
  let lost = 0;
  for (const gap of gaps) {
    expect(gap.cpu, 'a gap that no later event of its CPU explains').toBeDefined();
    for (let seq = gap.from_seq as number; seq <= (gap.to_seq ?? -1); seq += 1) if (inWindow(window, gap.cpu as number, seq)) lost += 1;
  }
  return lost;
}

function ofStorm({ events, storm }: Outcome): { forks: number; exits: number } {
  const forkers = new Set(storm.forkers);
  const count = (kind: string): number => events.filter((event) => event.kind === kind && forkers.has(event.parent?.pid ?? -1)).length;
  return { forks: count('FORK'), exits: count('EXIT') };
}

/**
 * What is neither heard nor lost must be an acknowledgement: numbered by the kernel, and no event. Two are not in the window, the agent's own and
 * the oracle's; there are others only where other programs subscribe meanwhile.
 */
function expectExact(unaccounted: number, acks: number): void {
  expect(unaccounted).toBeGreaterThanOrEqual(0);
  expect(unaccounted).toBeLessThanOrEqual(acks - 2);
}

describe('a storm', () => {
  test.runIf(isRoot)('at 40,000 events/s loses nothing with the default buffer, and every event of it is in the files', async () => {
    const outcome = await weathered({ mode: 'fork', rate: 40_000, seconds: 4 }, []);
    const { agent, storm, window } = outcome;
    const { upstream, sinks, resources } = await agent.record();
    expect(upstream.lost).toBe(0);
    expect(sinks[0]).toMatchObject({ dropped: {}, lost: {} });
    expect(ofStorm(outcome)).toEqual({ forks: storm.forks, exits: storm.exits });
    expectExact(window.total - heardIn(outcome), upstream.own_acks);
    expect(resources.max_rss_kib).toBeLessThan(150 * 1024);
  });

  test('at full speed into a receive buffer that is far too small: heard + lost = generated, exactly', async () => {
    const outcome = await weathered({ mode: 'fork', rate: 0, count: 30_000, workers: 2 }, ['source.receive_buffer=16KiB']);
    const { storm, window, agent } = outcome;
    const lost = lostIn(outcome);
    expect(lost).toBeGreaterThan(0);
    expectExact(window.total - heardIn(outcome) - lost, (await agent.record()).upstream.own_acks);
    const { forks, exits } = ofStorm(outcome);
    const missing = storm.generated - forks - exits;
    expect(missing).toBeGreaterThan(0);
    expect(missing).toBeLessThanOrEqual(lost);
    // What is lost but not of the storm is at most what others did meanwhile.
    expect(lost - missing).toBeLessThanOrEqual(window.total - storm.generated);
    expect((await agent.record()).upstream.lost).toBeGreaterThanOrEqual(lost);
  });

  test('of short processes that exec keeps its books: each exec has arguments or says that they are missing', async () => {
    const outcome = await weathered({ mode: 'exec', count: 1500, inFlight: 2, tag: 'brief' }, []);
    const execs = outcome.events.filter((event) => event.kind === 'EXEC' && outcome.storm.forkers.includes(event.parent?.pid ?? -1));
    expect(execs).toHaveLength(outcome.storm.execs);
    const known = execs.filter((event) => event.process.args !== undefined);
    for (const event of known) expect(String(event.process.args?.[1])).toMatch(/^--storm-id=brief-\d+$/);
    for (const event of execs) if (event.process.args === undefined) expect(event.provenance).toMatchObject({ args: 'MISSING' });
    const { provenance } = await outcome.agent.record();
    expect(provenance.args['MISSING'] ?? 0).toBeGreaterThanOrEqual(execs.length - known.length);
  });
});
