import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { liveContainer, mounts, ofVersion } from '../helpers/live-cgroups.ts';
import { hasExecCache, listenWith, openCache } from '../helpers/live-exec-cache.ts';
import { runCommand } from '../helpers/run-command.ts';

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
      const { path, folder } = liveContainer(mount);
      const tag = randomUUID();
      await runIn(folder, tag);
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
      expect(exec.kernel?.cgroup).toBe(true);
    });

    it('that was there before the start is known', async () => {
      const { path, folder } = liveContainer(mount);
      const listener = await listenWith();
      const tag = randomUUID();
      await runIn(folder, tag);
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
    });

    it('that lived for 50 ms, and was gone before anybody looked, is known', async () => {
      const cache = openCache();
      const listener = await listenWith(cache);
      const { path, folder, remove } = liveContainer(mount);
      const tag = randomUUID();
      await Promise.all([runIn(folder, tag), pause(50)]);
      remove();
      const exec = await listener.exec(({ args }) => args[1] === tag, tag);
      expect(exec.cgroup.split('\n')).toContain(mount.line + path);
      expect(cache.counters.unresolvedCgroups).toBe(0);
    });

    it('into which a process is put later is told', async () => {
      const cache = openCache();
      const { path, folder } = liveContainer(mount);
      const child = spawn('/bin/sleep', ['30'], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await once(child, 'spawn');
      writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));
      cache.poll();
      const moves = [cache.takeMove()];
      for (let next = cache.takeMove(); next !== undefined; next = cache.takeMove()) moves.push(next);
      const move = moves.find((one) => one?.tgid === child.pid);
      expect(move?.cgroup?.toString('latin1').split('\n')).toContain(mount.line + path);
      expect(readFileSync(`/proc/${child.pid}/cgroup`, 'latin1').split('\n')).toContain(mount.line + path);
      expect(cache.moveNs).toBe(Infinity);
      child.kill('SIGKILL');
      await ended;
    });
  });

  it.each(ofVersion(1))('one of hierarchy $line that is renamed is known by its new name', async (mount) => {
    const listener = await listenWith();
    const { folder } = liveContainer(mount);
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
    const { path, folder } = liveContainer(mount);
    const tag = randomUUID();
    const { stdout, code } = await listener.during(runCommand(await nativeTool('odd-exec'), ['clone-into', folder, '/bin/true', tag]));
    expect(code).toBe(0);
    const fork = listener.forks.find(({ tgid }) => tgid === Number(stdout));
    expect(fork?.cgroup?.split('\n')).toContain(`0::${path}`);
    expect(listener.execs.find(({ args }) => args[1] === tag)?.cgroup.split('\n')).toContain(`0::${path}`);
  });
});
