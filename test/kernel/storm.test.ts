import { chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { runStorm, startStorm } from '../../bench/storm/storm.ts';
import type { StormReport } from '../../bench/storm/storm.ts';
import { asOrdinaryUser, isRoot, ordinaryUserDir } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

describe('a storm reports exactly what it made', () => {
  it.each([
    ['fork', { forks: 501, execs: 0, exits: 501, threadForks: 0, threadExits: 0, generated: 1002 }],
    ['exec', { forks: 501, execs: 501, exits: 501, threadForks: 0, threadExits: 0, generated: 1503 }],
    ['thread', { forks: 0, execs: 0, exits: 0, threadForks: 501, threadExits: 501, generated: 1002 }],
  ] as const)('in %s mode, over two workers', async (mode, expected) => {
    const report = await runStorm({ mode, count: 501, workers: 2, inFlight: 3 });
    expect(report).toMatchObject({
      ...expected,
      cycles: 501,
      own: { forks: 2, exits: 2 },
      failedForks: 0,
      failedExecs: 0,
      stopped: false,
      complete: true,
    });
    expect(new Set(report.forkers).size).toBe(2);
    expect(report.forkers).not.toContain(report.pid);
  });

  it('names itself as the parent when it has one worker', async () => {
    const report = await runStorm({ mode: 'fork', count: 3 });
    expect(report.forkers).toEqual([report.pid]);
    expect(report.own).toEqual({ forks: 0, exits: 0 });
  });

  it('runs the given program once for every number from 0, whoever the worker', async () => {
    const folder = await tempDir();
    const program = join(folder, 'note');
    await writeFile(program, `#!/bin/sh\necho "$#:$1" >> ${folder}/seen\n`, { mode: 0o755 });
    const report = await runStorm({ mode: 'exec', count: 40, workers: 2, inFlight: 3, exec: program, tag: 'dense' });
    const seen = (await readFile(join(folder, 'seen'), 'utf8')).trim().split('\n');
    expect(report.execs).toBe(40);
    expect(seen.toSorted()).toEqual(Array.from({ length: 40 }, (_, n) => `1:--storm-id=dense-${n}`).toSorted());
  });

  it('does not claim an exec that failed', async () => {
    const program = join(await tempDir(), 'not-a-program');
    await writeFile(program, '\0', { mode: 0o755 });
    const report = await runStorm({ mode: 'exec', count: 5, exec: program });
    expect(report).toMatchObject({ forks: 5, execs: 0, exits: 5, failedExecs: 5, generated: 10 });
  });

  it.runIf(isRoot)('does not claim a fork that failed', async () => {
    const folder = await ordinaryUserDir();
    const storm = join(folder, 'storm');
    await copyFile(await nativeTool('storm'), storm);
    await chmod(storm, 0o755);
    const { stdout } = await asOrdinaryUser('prlimit', ['--nproc=1', storm, '--mode', 'fork', '--count', '5'], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({
      cycles: 5,
      forks: 0,
      exits: 0,
      failedForks: 5,
      generated: 0,
    } satisfies Partial<StormReport>);
  });

  it('tells which children a signal ended', async () => {
    const program = join(await tempDir(), 'suicide');
    await writeFile(program, '#!/bin/sh\nkill -KILL $$\n', { mode: 0o755 });
    expect(await runStorm({ mode: 'exec', count: 4, exec: program })).toMatchObject({ exits: 4, signalled: 4 });
  });
});

describe('a storm keeps to its limits', () => {
  it('is never faster than asked', async () => {
    const report = await runStorm({ mode: 'fork', rate: 2000, count: 200 });
    expect(report.cycles).toBe(200);
    expect(report.seconds).toBeGreaterThan(0.197); // 199 periods of 1 ms less one slot
  });

  it('makes rate × seconds events when it can keep up, and counts what it made when it cannot', async () => {
    const report = await runStorm({ mode: 'fork', rate: 400, seconds: 0.5 });
    expect(report.cycles).toBeLessThanOrEqual(100);
    expect(report.generated).toBe(2 * report.cycles);
  });

  it.each(['fork', 'exec', 'thread'] as const)('in %s mode ends at a signal, with a report', async (mode) => {
    const storm = await startStorm({ mode, seconds: 600, workers: 2, rate: 1000 });
    storm.stop();
    const report = await storm.report;
    expect(report).toMatchObject({ stopped: true, complete: true });
    expect(report.exits).toBe(report.forks);
  });

  it.each([
    [['--mode', 'fork'], '--seconds or --count'],
    [['--mode', 'spoon', '--count', '1'], '--mode'],
    [['--mode', 'fork', '--count', '1x'], '--count'],
    [['--mode', 'exec', '--count', '1', '--exec', '/bin/true', '--exit-code', '1'], '--exit-code'],
  ])('refuses %j', async (args, complaint) => {
    const { code, stderr, stdout } = await runCommand(await nativeTool('storm'), args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toContain(complaint);
  });

  it('says which program it cannot run', async () => {
    await expect(runStorm({ mode: 'exec', count: 1, exec: '/nowhere/at-all' })).rejects.toThrow('/nowhere/at-all: No such file');
  });
});

describe('the cheapest program', () => {
  it('ends with the code it was given', async () => {
    const { code } = await runCommand(await nativeTool('storm-noop'), ['--storm-id=x', '--exit-code=42']);
    expect(code).toBe(42);
  });
});
