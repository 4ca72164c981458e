import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { KernelCapture } from '../../src/ingest/capture/kernel-capture.ts';
import { maxRecordBytes, readCapture } from '../../src/ingest/capture/record.ts';
import { hasExecCache, listenWith, openCache } from '../helpers/live-exec-cache.ts';
import { NOBODY } from '../helpers/ordinary-user.ts';
import type { HeardExec } from '../helpers/record-listener.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const TRUE = realpathSync('/bin/true');
const KIB = 1024;

/** The exec of a copy of true that nobody else runs, made by a command that gets its path. */
async function execOf(
  command: (program: string) => readonly [string, ...string[]],
  { folder }: { folder?: string } = {},
): Promise<HeardExec> {
  const listener = await listenWith();
  const program = join(folder ?? (await tempDir({ readable: true })), `true-${randomUUID()}`);
  await copyFile(TRUE, program);
  await chmod(program, 0o755);
  const [path, ...args] = command(program);
  const { code, stderr } = await runCommand(path, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return listener.exec(({ exe }) => exe.includes(basename(program)), program);
}

const odd = await nativeTool('odd-exec');

describe.runIf(hasExecCache)('the exec cache', () => {
  describe('the command line of a process', () => {
    it('with newlines, quotes and bytes that are no UTF-8 is kept byte by byte', async () => {
      const args = ['prog', 'a\nb', '"q\'', '\xff\xfe', ''].map((arg) => Buffer.from(arg, 'latin1').toString('hex'));
      const { argsRaw } = await execOf((program) => [odd, 'bytes', program, ...args]);
      expect(argsRaw).toEqual(Buffer.from('prog\0a\nb\0"q\'\0\xff\xfe\0\0', 'latin1'));
    });

    it('without arguments is what the kernel made of it, and its executable is known', async () => {
      const exec = await execOf((program) => [odd, 'none', program]);
      expect(exec.args.join('')).toBe('');
      expect(exec.kernel).toMatchObject({ args: true, exe: true });
    });

    it('that lies about its name is kept, and the executable is the true one', async () => {
      const hex = Buffer.from('[kworker/0:1]').toString('hex');
      const exec = await execOf((program) => [odd, 'bytes', program, hex]);
      expect(exec.args).toEqual(['[kworker/0:1]']);
      expect(exec.exe).toBe(exec.filename);
    });

    it('of 30 KiB is whole', async () => {
      const exec = await execOf((program) => [odd, 'many', program, '30', '1023']);
      expect(exec).toMatchObject({ argsBytes: 30 * KIB, kernel: { cutAt: 0 } });
      expect(exec.args.map((arg) => arg.replace(/:x*$/, ''))).toEqual(Array.from({ length: 30 }, (_, i) => String(i)));
    });

    it.each([
      ['2 × 100 kB', 2, 100_000],
      ['200 KB', 2000, 99],
      ['2 MB', 20, 100_000],
      ['2 MB in small pieces', 20_000, 99],
    ])('of %s keeps its begin and its end, and tells its size', async (_, count, bytes) => {
      const exec = await execOf((program) => [odd, 'many', program, String(count), String(bytes)]);
      expect(exec.argsBytes).toBe(count * (bytes + 1));
      expect(exec.argsRaw.length).toBeLessThanOrEqual(32 * KIB);
      expect(exec.argsRaw.length).toBeGreaterThan(23 * KIB);
      expect(exec.kernel?.cutAt).toBeGreaterThan(23 * KIB);
      expect(exec.args[0]).toMatch(/^0:x+$/);
      if (bytes < 1000) expect(exec.args.at(-1)).toMatch(new RegExp(`^${count - 1}:x{${bytes - String(count - 1).length - 1}}$`));
    });
  });

  describe('the executable of a process', () => {
    it('is what a path with links and dots stands for', async () => {
      const exec = await execOf((program) => ['/bin/sh', '-c', `cd / && exec ./usr/..${program}`]);
      expect(exec.exe).toBe(exec.filename.replace('./usr/..', ''));
      expect(exec.cwd).toBe('/');
    });

    it('is known below a mount point', async () => {
      const exec = await execOf((program) => [program], { folder: '/dev/shm' });
      expect(exec.exe).toMatch(/^\/dev\/shm\/true-/);
      await runCommand('rm', [exec.exe]);
    });

    it('is known deep down', async () => {
      const folder = join(await tempDir({ readable: true }), ...Array.from({ length: 30 }, () => 'd'.repeat(100)));
      await mkdir(folder, { recursive: true });
      const exec = await execOf((program) => [program], { folder });
      expect(exec.exe.startsWith(`${folder}/true-`)).toBe(true);
      expect(exec.kernel?.exe).toBe(true);
    });

    it('is known to be deleted', async () => {
      const exec = await execOf((program) => [odd, 'deleted', program]);
      expect(exec.exe).toMatch(/\/true-[-\w]+ \(deleted\)$/);
      expect(exec.args).toEqual(['deleted']);
    });

    it('of a script is its interpreter, and the script is known', async () => {
      const listener = await listenWith();
      const script = join(await tempDir({ readable: true }), 'script');
      await writeFile(script, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      await runCommand(script, ['an argument']);
      const exec = await listener.exec(({ filename }) => filename === script, script);
      expect(exec).toMatchObject({ exe: realpathSync('/bin/sh'), args: ['/bin/sh', script, 'an argument'] });
      expect(exec.kernel?.interpreter).not.toBeNull();
    });

    it('is the same as /proc says in another root', async () => {
      const root = await tempDir({ readable: true });
      const known = await nativeTool('known');
      await copyFile(known, join(root, 'known'));
      const listener = await listenWith();
      const child = spawn('chroot', [root, '/known', '--live-ms=20000'], {
        stdio: 'ignore',
        env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` },
      });
      const ended = once(child, 'exit');
      const exec = await listener.exec(({ tgid, filename }) => tgid === child.pid && filename === '/known', 'known in another root');
      expect([exec.exe, exec.cwd]).toEqual([readlinkSync(`/proc/${child.pid}/exe`), readlinkSync(`/proc/${child.pid}/cwd`)]);
      child.kill('SIGKILL');
      await ended;
    });
  });

  describe('a process', () => {
    it('whose executable changes its user is that user by then', async () => {
      const listener = await listenWith();
      const program = join(await tempDir({ readable: true }), 'setuid');
      await copyFile(TRUE, program);
      await chmod(program, 0o4755);
      await runCommand(program, [], { uid: NOBODY, gid: NOBODY });
      const { kernel } = await listener.exec(({ exe }) => exe === program, program);
      expect(kernel).toMatchObject({ uid: NOBODY, euid: 0, gid: NOBODY, egid: NOBODY });
      expect((kernel?.exeMode ?? 0) & 0o7777).toBe(0o4755);
    });

    it('in a pid namespace of its own has a pid there', async () => {
      const listener = await listenWith();
      const tag = randomUUID();
      await runCommand('unshare', ['--pid', '--fork', '/bin/true', tag]);
      const { kernel, tgid } = await listener.exec(({ args }) => args[0] === '/bin/true' && args[1] === tag, tag);
      expect(kernel?.nsPid).toBe(1);
      expect(tgid).toBeGreaterThan(1);
      expect(kernel?.pidNs).not.toBe(Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0]));
    });

    it('that is executed by a second thread tells which', async () => {
      const exec = await execOf((program) => [odd, 'thread', program]);
      expect(exec.kernel?.fromTid).toBeGreaterThan(exec.tgid);
    });

    it('that executes twice within a moment has both images', async () => {
      const cache = openCache();
      const listener = await listenWith(cache);
      const tag = randomUUID();
      await listener.during(runCommand('/bin/sh', ['-c', `exec /usr/bin/env ${TRUE} ${tag}`]));
      const images = listener.execs.filter(({ args }) => args.at(-1)?.includes(tag));
      expect(images.map(({ exe }) => exe)).toEqual([realpathSync('/bin/sh'), realpathSync('/usr/bin/env'), TRUE]);
      expect(new Set(images.map(({ tgid }) => tgid)).size).toBe(1);
    });

    it('whose name is odd has that name', async () => {
      const folder = await tempDir({ readable: true });
      const program = join(folder, 'na) me\n');
      await copyFile(TRUE, program);
      const listener = await listenWith();
      await runCommand(program);
      const exec = await listener.exec(({ exe }) => exe === program, 'a program with an odd name');
      expect(Buffer.from(exec.kernel?.comm ?? []).toString()).toBe('na) me\n');
    });
  });

  it('the whole of a command line is read of /proc where more may be kept, while the process lives', async () => {
    const cache = openCache({ maxArgsBytes: 1 << 20, features: ['exec'] });
    const known = await nativeTool('known');
    const child = spawn(known, ['--live-ms=20000', ...Array.from({ length: 1000 }, (_, i) => `--padding-${i}-${'y'.repeat(80)}`)], {
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await once(child, 'spawn');
    cache.poll();
    const memory = new ArrayBuffer(maxRecordBytes(1 << 20));
    const target = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
    const record = cache.takeExec(child.pid!, Number.POSITIVE_INFINITY)!;
    new KernelCapture(target, { maxArgsBytes: 1 << 20 }).write(0, record, { stampNs: record.stampNs, cgroup: undefined });
    const capture = readCapture(target.bytes, target.words, 0);
    expect(Buffer.from(capture.cmdline as Uint8Array)).toEqual(readFileSync(`/proc/${child.pid}/cmdline`));
    expect(Buffer.from(capture.cgroup as Uint8Array)).toEqual(readFileSync(`/proc/${child.pid}/cgroup`));
    expect(capture.kernel).toMatchObject({ args: false, cgroup: false, exe: true });
    child.kill('SIGKILL');
    await ended;
  });
});
