import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock } from '../../../src/agent/lock-file.ts';
import type { Unlock } from '../../../src/agent/lock-file.ts';
import { AgentError } from '../../../src/core/errors.ts';

describe('acquireLock', () => {
  let folder: string;
  let path: string;
  let bootId: string;
  const acquire = (): Promise<Unlock> => acquireLock({ path, fix: 'wait' });
  /** A process of this number cannot be: the kernel's highest is 2^22. */
  const staleLine = (): string => `4194304 7 ${bootId}\n`;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forkcast-lock-'));
    path = join(folder, 'lock');
    bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['names a process that is gone', () => staleLine()],
    ['names a living process of another start time, whose number was used again', () => `${process.pid} 1 ${bootId}\n`],
    ['is from before the machine was started', async () => (await readOwn()).replace(bootId, '00000000-0000-4000-8000-000000000000')],
    ['is empty, as a power failure leaves it', () => ''],
    ['is garbage', () => 'lock me\n'],
  ])('takes over a lock that %s', async (_, line) => {
    await writeFile(path, await line());
    const unlock = await acquire();
    expect(await readFile(path, 'utf8')).toMatch(new RegExp(`^${process.pid} `));
    await unlock();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes over although an earlier takeover was killed in the middle, more than once', async () => {
    for (const name of [path, `${path}.takeover`, `${path}.takeover.takeover`]) await writeFile(name, staleLine());
    const unlock = await acquire();
    await unlock();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a link to nowhere', () => symlink(join(folder, 'nowhere'), path)],
    ['a link to a file', () => symlink('/etc/hostname', path)],
    ['a folder', () => mkdir(path)],
    ['a fifo', () => void spawnSync('sh', ['-c', 'mkfifo "$1"', 'sh', path])],
  ])('refuses %s in the place of the lock, and leaves nothing behind', async (_, make) => {
    await make();
    await expect(acquire()).rejects.toMatchObject({ code: 'DATA_DIR_UNSAFE', fix: `remove ${path}` });
    expect(await readdir(folder)).toEqual(['lock']);
  });

  it('leaves nothing behind where there is no room for its line', async () => {
    const script = `${CHILD.split('\n')[1]}
      await acquireLock({ path: process.argv[2], fix: '' }).catch((error) => process.stdout.write(error.context.errno));`;
    const args = ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', script, MODULE, path];
    expect(spawnSync('sh', args, { encoding: 'utf8' }).stdout).toBe('EFBIG');
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes a zombie for what it is: gone', async () => {
    // The shell's child ends; the shell, which has become sleep, never asks for it.
    const shell = spawn('sh', ['-c', 'sh -c "echo \\$\\$" & exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(createInterface(shell.stdout), 'line')) as [string];
      let stat = '';
      while (!/\) Z /.test(stat)) stat = await readFile(`/proc/${line}/stat`, 'utf8');
      const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
      await writeFile(path, `${line} ${start} ${bootId}\n`);
      await (
        await acquire()
      )();
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it('does not take away the lock of somebody else at release', async () => {
    const unlock = await acquire();
    await writeFile(path, staleLine());
    await unlock();
    expect(await readFile(path, 'utf8')).toBe(staleLine());
  });

  it('is held by one at most, however many try and however some of them end', async () => {
    let holders = 0;
    let most = 0;
    let times = 0;
    const compete = async (lane: number): Promise<void> => {
      for (let round = 0; round < 60; round += 1) {
        const unlock = await acquire().catch((error: unknown) => {
          if (error instanceof AgentError && error.code === 'DATA_DIR_LOCKED') return undefined;
          throw error;
        });
        if (unlock === undefined) continue;
        holders += 1;
        times += 1;
        most = Math.max(most, holders);
        for (let turn = 0; turn < (lane + round) % 4; turn += 1) await nextTurn();
        holders -= 1;
        if ((lane + round) % 3 === 0) await becomeStale();
        else await unlock();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, lane) => compete(lane)));
    expect(most).toBe(1);
    expect(times).toBeGreaterThan(20);
  });

  it('lets exactly one of many agents win that start at once, with or without a lock left behind', async () => {
    for (const left of [undefined, staleLine(), undefined, staleLine()]) {
      if (left !== undefined) await writeFile(path, left);
      const results = await startTogether(6, path);
      expect(results.filter((result) => result === 'held')).toHaveLength(1);
      expect(results.filter((result) => result === 'DATA_DIR_LOCKED')).toHaveLength(5);
      await rm(path, { force: true });
    }
  });

  async function readOwn(): Promise<string> {
    const unlock = await acquire();
    const line = await readFile(path, 'utf8');
    await unlock();
    return line;
  }

  /** As if the holder had been killed: what it holds stays, and names nobody who lives. */
  async function becomeStale(): Promise<void> {
    await writeFile(join(folder, 'dead'), staleLine());
    await rename(join(folder, 'dead'), path);
  }
});

const MODULE = join(import.meta.dirname, '../../../src/agent/lock-file.ts');
const CHILD = `
const { acquireLock } = await import(process.argv[1]);
process.stdout.write('ready\\n');
process.stdin.once('data', async () => {
  const result = await acquireLock({ path: process.argv[2], fix: 'wait' }).then(() => 'held', (error) => error.code);
  process.stdout.write(result + '\\n');
});`;

/** Processes that wait for the same moment; each prints how it went, and keeps what it got until all have. */
async function startTogether(count: number, path: string): Promise<string[]> {
  const children = Array.from({ length: count }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', CHILD, MODULE, path], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  try {
    const lines = children.map((child) => createInterface(child.stdout)[Symbol.asyncIterator]());
    await Promise.all(lines.map((line) => line.next()));
    for (const child of children) child.stdin.write('go\n');
    return await Promise.all(lines.map(async (line) => String((await line.next()).value)));
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}
