import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readExeStat } from '../../../../src/core/exe-stat.ts';
import type { Capture } from '../../../../src/core/kernel-event.ts';
import { argvBytes } from '../../../../src/ingest/capture/arg-size.ts';
import type { Extent } from '../../../../src/ingest/capture/procfs.ts';
import { ProcfsCapture } from '../../../../src/ingest/capture/procfs.ts';
import { maxRecordBytes, readCapture } from '../../../../src/ingest/capture/record.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const MAX_ARGS = 4096;

function capture(pid: number, options: { root?: string; extent?: Extent; env?: string[] } = {}): Capture {
  const memory = new SharedArrayBuffer(65_536);
  const target = { bytes: Buffer.from(memory), words: new Uint32Array(memory) };
  const stampNs = Number(process.hrtime.bigint());
  const length = new ProcfsCapture(target, MAX_ARGS, options).write(pid, 64, { stampNs, extent: options.extent ?? 'all' });
  expect(length).toBeLessThanOrEqual(maxRecordBytes(MAX_ARGS));
  expect(length % 8).toBe(0);
  expect(target.words[64 / 4]).toBe(length);
  return readCapture(target.bytes, target.words, 64);
}

const text = (piece: Capture['exe']): string => (typeof piece === 'number' ? `errno ${piece}` : Buffer.from(piece).toString());

describe('a capture', () => {
  test('holds what /proc says of a living process, byte for byte', () => {
    const found = capture(process.pid);
    expect(text(found.cmdline)).toBe(readFileSync('/proc/self/cmdline', 'utf8').slice(0, MAX_ARGS));
    expect(text(found.exe)).toBe(readlinkSync('/proc/self/exe'));
    expect(text(found.cwd)).toBe(process.cwd());
    expect(text(found.cgroup)).toBe(readFileSync('/proc/self/cgroup', 'utf8'));
    expect(text(found.stat)).toContain(`${process.pid} (`);
    expect(text(found.status)).toContain('Name:');
    expect(found.cmdlineBytes).toBe(Buffer.from(found.cmdline as Uint8Array).length);
    expect(found.delayUs).toBeGreaterThan(0);
  });

  test('of a process that is gone is errno throughout, after one try', () => {
    const found = capture(4_194_303);
    expect(found).toMatchObject({ cmdline: 2, exe: 2, stat: 2, cgroup: 2, status: 2, loginuid: 2, cwd: 2, cmdlineBytes: 0 });
  });

  test('of a process whose exit is known tries only what a zombie shows', () => {
    const found = capture(process.pid, { extent: 'zombie' });
    expect(found).toMatchObject({ cmdline: 3, exe: 3, cwd: 3 });
    expect(text(found.stat)).toContain(`${process.pid} (`);
  });

  test('cuts argv at its limit and still knows how long it was', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'x'.repeat(100_000)], { stdio: 'ignore' });
    await once(child, 'spawn');
    const whole = readFileSync(`/proc/${child.pid}/cmdline`).length;
    const found = capture(child.pid as number);
    child.kill();
    await once(child, 'exit');
    expect(Buffer.from(found.cmdline as Uint8Array).length).toBe(MAX_ARGS);
    expect(found.cmdlineBytes).toBe(whole);
  });

  test('goes on where one piece cannot be read', async () => {
    const root = await tempDir();
    await mkdir(join(root, '77'));
    await writeFile(join(root, '77/cmdline'), 'a\0b\0');
    await writeFile(join(root, '77/stat'), '77 (a) S 1');
    await symlink('/gone (deleted)', join(root, '77/exe'));
    await mkdir(join(root, '77/status'));
    const found = capture(77, { root });
    expect(text(found.cmdline)).toBe('a\0b\0');
    expect(text(found.exe)).toBe('/gone (deleted)');
    expect(found).toMatchObject({ status: 21, loginuid: 2, cwd: 2 });
  });
});

describe('the size of argv by its bounds in memory', () => {
  test('is their difference, exact for addresses beyond 2^53', () => {
    const fields = Array.from({ length: 50 }, (_, i): string => (i === 45 ? '140737488351232' : i === 46 ? '140737488355328' : '0'));
    expect(argvBytes(`12 (a ) b) ${fields.join(' ')}`)).toBe(4096);
    fields[45] = '9223372036854771712';
    fields[46] = '9223372036854771713';
    expect(argvBytes(`12 (a) ${fields.join(' ')}`)).toBe(1);
  });

  test.each([
    ['', 0],
    ['12 (a) S 1 2', 0],
    [`12 (a) ${'0 '.repeat(50)}`, 0],
    [')))', 0],
  ])('is 0 where %j does not say', (line, size) => {
    expect(argvBytes(line)).toBe(size);
  });
});

describe('the second look of a capture', () => {
  const running = async (
    program: string,
    args: string[],
    { stdin = 'ignore', env = {} }: { stdin?: 'ignore' | 'pipe'; env?: Record<string, string> } = {},
  ) => {
    const child = spawn(program, args, { env, stdio: [stdin, stdin, 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'spawn');
    return child.pid as number;
  };

  test('tells the file behind the executable of everybody, and what is chosen of the environment', async () => {
    const pid = await running('/bin/sleep', ['60'], { env: { A: '1', SECRET: 'x' } });
    const found = capture(pid, { env: ['A'] });
    const { ino, dev, size, mode } = statSync('/bin/sleep');
    expect(readExeStat(found.exeStat as Uint8Array)).toMatchObject({ inode: ino, device: dev, size, mode });
    expect(text(found.environ as Uint8Array)).toBe('A=1\0');
  });

  test('leaves out what says nothing: streams of what is no shell, sessions of nobody, the namespace that is the reader’s own, unchosen variables', async () => {
    const pid = await running('/bin/sleep', ['60'], { env: { SECRET: 'x' } });
    const found = capture(pid);
    const isLoggedIn = readFileSync('/proc/self/loginuid', 'latin1') !== '4294967295';
    expect([found.streams, found.environ, found.pidNs]).toEqual([undefined, undefined, undefined]);
    expect(found.session === undefined).toBe(!isLoggedIn);
  });

  test('tells where the streams of a shell lead', async () => {
    const pid = await running('/bin/sh', ['-c', 'read line'], { stdin: 'pipe' });
    await expect.poll(() => readlinkSync(`/proc/${pid}/exe`)).toContain('sh');
    // Node gives its children sockets for pipes.
    expect(text(capture(pid).streams as Uint8Array)).toMatch(/^socket:\[\d+\]\0socket:\[\d+\]$/);
  });

  test('tells the session and the namespace where there is one', async () => {
    const root = await tempDir();
    const folder = join(root, '77');
    await mkdir(join(folder, 'ns'), { recursive: true });
    const files = { cmdline: 'a\0', stat: '77 (a) S 1', cgroup: '0::/\n', status: 'NSpid:\t77\t1\n', loginuid: '1000', sessionid: '5' };
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), name === 'status' ? `Name:\ta\n${content}` : content);
    await symlink('/none', join(folder, 'exe'));
    await symlink('pid:[4026532199]', join(folder, 'ns/pid'));
    const found = capture(77, { root });
    expect([text(found.session as Uint8Array), text(found.pidNs as Uint8Array)]).toEqual(['5', 'pid:[4026532199]']);
    expect(found.exeStat).toBe(2);
  });

  test('is not taken at a zombie, a thread, or a process that has not changed', () => {
    for (const extent of ['zombie', 'thread'] as const)
      expect(capture(process.pid, { extent, env: ['PATH'] }).environ).not.toBeInstanceOf(Buffer);
  });
});
