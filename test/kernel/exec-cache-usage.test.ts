import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import type { StormReport } from '../../bench/storm/storm.ts';
import { hasExecCache, listenWith, openCache } from '../helpers/live-exec-cache.ts';
import { runCommand } from '../helpers/run-command.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { waitFor } from '../helpers/wait-for.ts';

const COUNT = 2000;
const V1 = '/sys/fs/cgroup/cpuacct';
const V2 = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((point) => existsSync(join(point, 'cgroup.controllers')));

/** A cgroup that counts CPU time. */
function accounting(): { procs: string; usedUs(): number } {
  const isV1 = existsSync(join(V1, 'cpuacct.usage'));
  const folder = join(isV1 ? V1 : (V2 ?? V1), `forkcast-test-${process.pid}`);
  mkdirSync(folder);
  onTestFinished(async () => {
    await waitFor(() => (rmdirSync(folder), true), { what: 'the cgroup to be empty' });
  });
  const read = (name: string): string => readFileSync(join(folder, name), 'latin1');
  const usedUs = (): number => (isV1 ? Number(read('cpuacct.usage')) / 1000 : Number(/^usage_usec (\d+)$/m.exec(read('cpu.stat'))?.[1]));
  return { procs: join(folder, 'cgroup.procs'), usedUs };
}

describe.runIf(hasExecCache)('what processes used', () => {
  it(`adds up to what their cgroup counted, over ${COUNT} short and busy ones`, async () => {
    const cache = openCache();
    const listener = await listenWith(cache);
    const { procs, usedUs } = accounting();
    const [storm, busy] = await Promise.all([nativeTool('storm'), nativeTool('storm-busy')]);
    const command = `echo $$ > ${procs} && exec ${storm} --mode exec --count ${COUNT} --in-flight 2 --exec ${busy}`;
    const { stdout } = await listener.during(runCommand('/bin/sh', ['-c', command]));
    const report = JSON.parse(stdout) as StormReport;
    const exits = listener.exits.filter(({ parent }) => parent === report.pid);
    const sumUs = exits.reduce((sum, { totalUs }) => sum + totalUs, 0);
    const countedUs = usedUs() - report.cpuSelfSeconds * 1e6;
    expect(exits).toHaveLength(COUNT);
    expect(exits.filter(({ totalUs }) => totalUs < 2000)).toEqual([]);
    expect(exits.filter(({ hasSlice, maxRssKib }) => !hasSlice || maxRssKib === 0)).toEqual([]);
    expect(sumUs / countedUs).toBeGreaterThan(0.9);
    expect(sumUs / countedUs).toBeLessThan(1.1);
  });

  it('is there for those that live for less than a tick, too', async () => {
    const listener = await listenWith();
    const { stdout } = await listener.during(runCommand(await nativeTool('storm'), ['--mode', 'exec', '--count', '500']));
    const report = JSON.parse(stdout) as StormReport;
    const exits = listener.exits.filter(({ parent }) => parent === report.pid);
    expect(exits).toHaveLength(500);
    expect(exits.filter(({ totalUs }) => totalUs === 0)).toEqual([]);
    expect(exits.every(({ resolutionUs }) => resolutionUs >= 1000 && resolutionUs <= 10_000)).toBe(true);
  });

  it('includes that of all threads, whichever ends last', async () => {
    const listener = await listenWith();
    const odd = await nativeTool('odd-exec');
    await listener.during(runCommand(odd, ['leader-first', 'a thread works for 20 ms']));
    const { tgid } = await listener.exec(({ args }) => args[0] === odd && args[1] === 'leader-first', 'the program with two threads');
    const exits = listener.exits.filter((exit) => exit.tgid === tgid);
    expect(exits).toHaveLength(1);
    expect(exits[0]!.totalUs).toBeGreaterThan(20_000);
    expect(exits[0]!.totalUs).toBeLessThan(40_000);
  });

  it('includes switches and memory', async () => {
    const listener = await listenWith();
    const known = await spawnKnown({ liveMs: 5 });
    await known.ended;
    const exit = await listener.exit(known.pid);
    expect(exit.switches).toBeGreaterThan(0);
    expect(exit.maxRssKib).toBeGreaterThan(0);
  });
});
