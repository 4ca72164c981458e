import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readExeStat } from '../../../../src/core/exe-stat.ts';
import { ChosenEnviron } from '../../../../src/ingest/capture/chosen-environ.ts';
import {
  copyExeStat,
  copyPidNamespace,
  copySession,
  copyStreams,
  isInPidNamespace,
  isLoggedIn,
  MAX_STREAMS_BYTES,
} from '../../../../src/ingest/capture/second-look.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';

const { ENOENT } = constants.errno;
const target = Buffer.from(new SharedArrayBuffer(8192));
const GONE = '/proc/4194305/';

async function process(command: string, args: string[], env: Record<string, string> = {}): Promise<{ pid: number; child: ChildProcess }> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  return { pid: child.pid as number, child };
}

describe('the executable', () => {
  it('is looked at through the process, also when its name is gone', async () => {
    const path = join(await tempDir(), 'tool');
    copyFileSync('/bin/sleep', path);
    const { pid } = await process(path, ['60']);
    const { ino, dev, size, mode, nlink } = statSync(path);
    expect(copyExeStat(`/proc/${pid}/`, new DataView(target.buffer), 8)).toBe(40);
    expect(readExeStat(target.subarray(8, 48))).toMatchObject({ inode: ino, device: dev, size, mode, links: nlink });
    unlinkSync(path);
    copyExeStat(`/proc/${pid}/`, new DataView(target.buffer), 8);
    expect(readExeStat(target.subarray(8, 48))).toMatchObject({ inode: ino, links: 0 });
  });

  it('of a process that is gone is an errno', () => {
    expect(copyExeStat(GONE, new DataView(target.buffer), 0)).toBe(-ENOENT);
  });
});

describe('standard streams', () => {
  it('are where they lead', async () => {
    const { pid } = await process('/bin/sleep', ['60']);
    const size = copyStreams(`/proc/${pid}/`, target, 4);
    expect(target.toString('latin1', 4, 4 + size)).toBe('/dev/null\0/dev/null');
  });

  it('are empty where closed, and bounded', async () => {
    const folder = `${await tempDir()}/`;
    mkdirSync(`${folder}fd`);
    symlinkSync('x'.repeat(2000), `${folder}fd/1`);
    const size = copyStreams(folder, target, 0);
    expect(size).toBeLessThanOrEqual(MAX_STREAMS_BYTES);
    expect(target.toString('latin1', 0, 4)).toBe('\0xxx');
  });
});

describe('namespace and session', () => {
  it('are copied as they are', async () => {
    const { pid } = await process('/bin/sleep', ['60']);
    const size = copyPidNamespace(`/proc/${pid}/`, target, 0);
    expect(target.toString('latin1', 0, size)).toMatch(/^pid:\[\d+\]$/);
    const folder = `${await tempDir()}/`;
    writeFileSync(`${folder}sessionid`, '7');
    expect([copySession(folder, target, 0), target[0]]).toEqual([1, 0x37]);
    expect([copySession(GONE, target, 0), copyPidNamespace(GONE, target, 0)]).toEqual([-ENOENT, -ENOENT]);
  });

  it('are read only where they say something', () => {
    const of = (text: string) => Buffer.from(text);
    expect(['1000', '0', '4294967295', ''].map((text) => isLoggedIn(of(text)))).toEqual([true, true, false, false]);
    const status = (line: string) => of(`Name:\tNSpid:\t1\t2\nPid:\t7\n${line}\nCapEff:\t0\t0\n`);
    expect(['NSpid:\t7\t1', 'NSpid:\t7', 'Other:\t7\t1'].map((line) => isInPidNamespace(status(line)))).toEqual([true, false, false]);
  });
});

describe('chosen variables', () => {
  const copy = (chosen: ChosenEnviron, pid: number, room = 4096): string => {
    const size = chosen.copy(`/proc/${pid}/`, target, { at: 2, room });
    return target.toString('utf8', 2, 2 + Math.max(size, 0));
  };
  const started = async (env: Record<string, string>): Promise<number> => {
    const { pid } = await process('/bin/sleep', ['60'], env);
    const all = new ChosenEnviron(Object.keys(env));
    // The child has its own environment only once it has exec'd.
    await waitFor(() => all.copy(`/proc/${pid}/`, target, { at: 0, room: 8000 }) > 0, { what: 'the exec' });
    return pid;
  };

  it('are all that is copied', async () => {
    const pid = await started({ LD_PRELOADED: '1', SECRET: 'hunter2', LD_PRELOAD: '', LD: '2', PATH_LD_PRELOAD: '3' });
    expect(copy(new ChosenEnviron(['LD_PRELOAD', 'NONE']), pid)).toBe('LD_PRELOAD=\0');
    expect(copy(new ChosenEnviron([]), pid)).toBe('');
  });

  it('are found behind much else, and left out where they do not fit', async () => {
    const pid = await started({ BIG: 'x'.repeat(100_000), A: '12345', B: '2' });
    const chosen = new ChosenEnviron(['BIG', 'A', 'B']);
    expect(copy(chosen, pid)).toBe('A=12345\0B=2\0');
    expect(copy(chosen, pid, 5)).toBe('B=2\0');
  });

  it('of a process that is gone are an errno', () => {
    expect(new ChosenEnviron(['A']).copy(GONE, target, { at: 0, room: 100 })).toBe(-ENOENT);
  });
});
