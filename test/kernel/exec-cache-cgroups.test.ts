import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { readCgroupMounts, readHierarchies, wantedOf } from '../../src/ingest/capture/bpf/hierarchies.ts';
import { hasExecCache, listenWith, openCache } from '../helpers/live-exec-cache.ts';
import { runCommand } from '../helpers/run-command.ts';
import { waitFor } from '../helpers/wait-for.ts';

const hierarchies = readHierarchies();
const wanted = wantedOf(hierarchies);
const names = (id: number): string => hierarchies.find((hierarchy) => hierarchy.id === id)?.names ?? '';
/** One of each: where it is mounted whole, and what /proc/<pid>/cgroup calls it. */
const mounts = readCgroupMounts(hierarchies)
  .filter(
    ({ hierarchy, root }, i, all) => root === '' && wanted.includes(hierarchy) && all.findIndex((one) => one.hierarchy === hierarchy) === i,
  )
  .map((mount) => ({ ...mount, line: `${mount.hierarchy}:${names(mount.hierarchy)}:` }));
/** The kernel renames cgroups of version 1 only, and lets a process be born in those of version 2 only. */
const ofVersion = (version: 1 | 2) => mounts.filter(({ hierarchy }) => (hierarchy === 0) === (version === 2));

/** A cgroup like that of a container, below one of our own. It is removed when `remove` is called, at the latest when the test ends. */
function container({ point }: { point: string }): { path: string; folder: string; remove(): void } {
  const own = `/forkcast-test-${process.pid}`;
  const path = `${own}/docker/${randomBytes(32).toString('hex')}`;
  const folders = [own, `${own}/docker`, path].map((name) => join(point, name));
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  let there = true;
  const remove = (): void => {
    if (there) for (const folder of folders.toReversed()) rmdirSync(folder);
    there = false;
  };
  onTestFinished(async () => {
    await waitFor(() => (remove(), true), { what: 'the cgroup to be empty' });
  });
  return { path, folder: join(point, path), remove };
}

/** Runs a program that enters the cgroup and then executes true with a tag. */
async function runIn(folder: string, tag: string): Promise<void> {
  expect(await runCommand('/bin/sh', ['-c', `echo $$ > ${folder}/cgroup.procs && exec /bin/true ${tag}`])).toMatchObject({
    code: 0,
    stderr: '',
  });
}

describe.runIf(hasExecCache)('cgroups', () => {
  describe.each(mounts)('a cgroup of hierarchy $line', (mount) => {
    it('that is made after the start is known', async () => {
      const listener = await listenWith();
      const { path, folder } = container(mount);
      const tag = randomUUID();
      await runIn(folder, tag);
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
      expect(exec.kernel?.cgroup).toBe(true);
    });

    it('that was there before the start is known', async () => {
      const { path, folder } = container(mount);
      const listener = await listenWith();
      const tag = randomUUID();
      await runIn(folder, tag);
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
    });

    it('that lived for 50 ms, and was gone before anybody looked, is known', async () => {
      const cache = openCache();
      const listener = await listenWith(cache);
      const { path, folder, remove } = container(mount);
      const tag = randomUUID();
      await Promise.all([runIn(folder, tag), pause(50)]);
      remove();
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
      expect(cache.counters.unresolvedCgroups).toBe(0);
    });

    it('into which a process is put later is told', async () => {
      const cache = openCache();
      const { path, folder } = container(mount);
      const child = spawn('/bin/sleep', ['30'], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await once(child, 'spawn');
      writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
      cache.poll();
      const move = cache.takeMoves().find(({ tgid }) => tgid === child.pid);
      expect(move?.cgroup?.toString('latin1').split('\n')).toContain(mount.line + path);
      expect(readFileSync(`/proc/${child.pid}/cgroup`, 'latin1').split('\n')).toContain(mount.line + path);
      expect(cache.takeMoves()).toEqual([]);
      child.kill('SIGKILL');
      await ended;
    });
  });

  it.each(ofVersion(1))('one of hierarchy $line that is renamed is known by its new name', async (mount) => {
    const listener = await listenWith();
    const { folder } = container(mount);
    const renamed = `${folder}-renamed`;
    renameSync(folder, renamed);
    const tag = randomUUID();
    await runIn(renamed, tag);
    const exec = await listener.exec(({ args }) => args[1] === tag, tag);
    expect(exec.cgroup).toMatch(new RegExp(`^${mount.line}.*/[0-9a-f]{64}-renamed$`, 'm'));
    renameSync(renamed, folder);
  });

  it.each(ofVersion(2))('a process that is born in another cgroup than its parent is known to be there from its fork on', async (mount) => {
    const cache = openCache();
    const listener = await listenWith(cache);
    const { path, folder } = container(mount);
    const tag = randomUUID();
    const { stdout, code } = await listener.during(runCommand(await nativeTool('odd-exec'), ['clone-into', folder, '/bin/true', tag]));
    expect(code).toBe(0);
    const fork = listener.forks.find(({ tgid }) => tgid === Number(stdout));
    expect(fork?.cgroup?.split('\n')).toContain(`0::${path}`);
    expect(listener.execs.find(({ args }) => args[1] === tag)?.cgroup.split('\n')).toContain(`0::${path}`);
  });
});
