import { readFileSync, realpathSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { runStorm } from '../../bench/storm/storm.ts';
import type { StormOptions, StormReport } from '../../bench/storm/storm.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import { parseCgroup } from '../../src/enrich/procfs/cgroup.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const TRUE = realpathSync('/bin/true');
/** Processes and how many of them are in flight; by `npm run campaign:capture` all that could be. */
const WHOLE = [2000, 20_000].flatMap((count) => [1, 2, 8].map((inFlight) => [count, inFlight] as const));
const STORMS =
  process.env['FORKCAST_CAMPAIGN'] === undefined ? WHOLE.filter(([count, inFlight]) => count === 2000 || inFlight === 8) : WHOLE;

interface Outcome {
  readonly agent: AgentProcess;
  readonly storm: StormReport;
  /** Events of the storm's processes, by kind. */
  readonly of: { readonly FORK: ProcessEvent[]; readonly EXEC: ProcessEvent[]; readonly EXIT: ProcessEvent[] };
}

async function stormed(options: StormOptions, set: readonly string[] = []): Promise<Outcome> {
  const agent = new AgentProcess({ dir: await tempDir(), set });
  await agent.ready();
  const storm = await runStorm(options);
  await drained(agent);
  expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
  const of = { FORK: [] as ProcessEvent[], EXEC: [] as ProcessEvent[], EXIT: [] as ProcessEvent[] };
  await agent.visit('process', (event) => {
    const { kind, parent } = event;
    if ((kind === 'FORK' || kind === 'EXEC' || kind === 'EXIT') && storm.forkers.includes(parent?.pid ?? -1)) of[kind].push(event);
  });
  expect([of.FORK.length, of.EXEC.length, of.EXIT.length]).toEqual([storm.forks, storm.execs, storm.exits]);
  return { agent, storm, of };
}

describe.runIf(isRoot)('with the exec cache', () => {
  test.each(STORMS)(
    'all of %d processes of a millisecond are known, %d in flight, and nothing of them was read from /proc',
    async (count, inFlight) => {
      const { of } = await stormed({ mode: 'exec', exec: '/bin/true', count, inFlight, tag: `known-${inFlight}` });
      const cgroup = parseCgroup(readFileSync('/proc/self/cgroup'));
      const expected = {
        args: 'KERNEL',
        exe: 'KERNEL',
        cgroup: 'KERNEL',
        user: 'KERNEL',
        parent: 'KERNEL',
        enrich_delay_us: 0,
        missing_errno: null,
      };
      for (const { process, exec, provenance } of of.EXEC) {
        expect(provenance).toMatchObject(expected);
        expect(process).toMatchObject({ args: ['/bin/true', expect.any(String)], exe: TRUE, cgroup, name: 'true', script: null });
        expect(process.exe_file).toMatchObject({ deleted: false, setuid: false });
        expect(exec).toEqual({ filename: '/bin/true', from_thread: null, before: null });
      }
      const ids = Array.from({ length: count }, (_, n) => `--storm-id=known-${inFlight}-${n}`);
      expect(of.EXEC.map(({ process }) => process.args?.[1] ?? '').toSorted()).toEqual(ids.toSorted());
      for (const { process, exit } of of.EXIT) {
        expect(process).toMatchObject({ args: ['/bin/true', expect.any(String)], exe: TRUE, cgroup });
        expect(exit?.usage?.max_rss_kib).toBeGreaterThan(0);
      }
      // The record of a fork is made right after its event: a few may have missed their batch.
      const exact = of.FORK.filter(({ provenance }) => provenance.identity === 'KERNEL');
      expect(exact.length).toBeGreaterThan(0.99 * count);
    },
  );

  test('a process that was busy used something', async () => {
    const { of } = await stormed({ mode: 'exec', exec: await nativeTool('storm-busy'), count: 1000, inFlight: 2 });
    const busy = of.EXIT.filter(({ exit }) => (exit?.usage?.user_us ?? 0) + (exit?.usage?.system_us ?? 0) > 0);
    expect(busy.length).toBeGreaterThanOrEqual(0.999 * of.EXIT.length);
  });

  test('an exec whose message finds no room in the receive buffer is told from its record, and none is told twice', async () => {
    const agent = new AgentProcess({ dir: await tempDir(), set: ['source.receive_buffer=4KiB'] });
    await agent.ready();
    const storm = await runStorm({ mode: 'exec', exec: '/bin/true', count: 2000, workers: 2, inFlight: 4, tag: 'lost' });
    await drained(agent);
    expect(await agent.stop()).toMatchObject({ code: 0 });
    const told: string[] = [];
    let recovered = 0;
    await agent.visit('process', (event) => {
      const id = event.process.args?.[1];
      if (event.kind !== 'EXEC' || id?.startsWith('--storm-id=lost-') !== true) return;
      told.push(id);
      if (event.recovered) recovered += 1;
    });
    expect((await agent.record()).upstream.lost).toBeGreaterThan(0);
    expect(recovered).toBeGreaterThan(0);
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBe(storm.execs);
  });

  test('START has nothing of it among what is degraded', async () => {
    const { agent } = await stormed({ mode: 'exec', count: 1 });
    const [start] = await agent.agentEvents();
    expect(start?.start?.degraded.map(({ feature }) => feature).filter((feature) => feature.startsWith('exec_cache'))).toEqual([]);
    expect(start?.start?.loss_windows.join('\n')).toContain('recorded by the kernel');
  });

  test('of which the agent has to make do without, it says so before it starts', async () => {
    const agent = new AgentProcess({
      dir: await tempDir(),
      set: ['enrich.exec_cache=on'],
      inside: ['setpriv', '--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-bpf,-perfmon,-sys_admin'],
    });
    const { code, stderr } = await agent.ended;
    expect(code).toBe(69);
    expect(stderr).toContain('the exec cache cannot be used: CAP_BPF and CAP_PERFMON are not held');
    expect(stderr).toContain('enrich.exec_cache');
  });
});

test.runIf(isRoot)('with a libbpf that is too old /proc is read, and START says so', async () => {
  const dir = await tempDir();
  const libraries = await tempDir();
  await copyFile(await nativeTool('old-libbpf.so'), join(libraries, 'libbpf.so.1'));
  const agent = new AgentProcess({ dir, inside: ['env', `LD_LIBRARY_PATH=${libraries}`] });
  await agent.ready();
  expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
  const [start] = await agent.agentEvents();
  const reason = 'libbpf is older than 0.6, at least 0.8 is needed; /proc is read instead';
  expect(start?.start?.degraded).toContainEqual({ feature: 'exec_cache', reason });
});

test('without the exec cache /proc is read, and START says so', async () => {
  const { agent, of } = await stormed({ mode: 'exec', exec: '/bin/true', count: 500 }, ['enrich.exec_cache=off']);
  const [start] = await agent.agentEvents();
  expect(start?.start?.degraded).toContainEqual({ feature: 'exec_cache', reason: 'enrich.exec_cache is off; /proc is read instead' });
  expect(new Set(of.EXEC.map(({ provenance }) => provenance.args))).not.toContain('KERNEL');
  expect(of.EXEC.some(({ provenance }) => provenance.args === 'LIVE')).toBe(true);
  for (const { exit } of of.EXIT) expect(exit?.usage).toBeNull();
});
