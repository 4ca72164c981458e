import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { ProcessMonitor } from '../../src/monitor/process-monitor.ts';
import type { MonitorOptions } from '../../src/monitor/options.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const UNSHARE = 'unshare';
const SCRIPT = join(import.meta.dirname, 'monitor-run.ts');

/** Stopped, however often it was started, when the test ends. */
function newMonitor(options: MonitorOptions = {}): ProcessMonitor {
  const monitor = new ProcessMonitor({ receiveBufferBytes: 4 << 20, ...options });
  onTestFinished(async () => {
    while (monitor.state === 'running') await monitor.stop();
  });
  return monitor;
}

/** A program with a name that no other on this machine has; runs to its end. */
async function program(name: string): Promise<() => Promise<number>> {
  const path = join(await tempDir(), name);
  await copyFile(await nativeTool('known'), path);
  return async () => {
    const child = spawn(path, ['--live-ms=200'], { stdio: 'ignore' });
    await once(child, 'exit');
    return child.pid!;
  };
}

/** Sockets of this process that are in the group of the process connector. */
async function ownListeners(): Promise<number> {
  const links = await Promise.all((await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  const members = (await readFile('/proc/self/net/netlink', 'utf8'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, protocol, , groups]) => protocol === '11' && (Number.parseInt(groups ?? '0', 16) & 1) === 1);
  return members.filter((fields) => links.includes(`socket:[${fields[9]}]`)).length;
}

describe('a monitor on the live kernel', () => {
  test('hears the exec and the exit of a program, and its books agree (DataDog: Sanity)', async () => {
    const monitor = newMonitor();
    const heard: string[] = [];
    monitor.on('exec', ({ kind, process }) => heard.push(`${kind} ${process.pid}`), { existing: false });
    monitor.on('exit', ({ kind, process, exit }) => heard.push(`${kind} ${process.pid} ${exit.code}`));
    await monitor.start();
    const known = await spawnKnown({ exitCode: 7, liveMs: 20 });
    await known.ended;
    await waitFor(() => heard.includes(`EXIT ${known.pid} 7`), { what: 'its exit' });
    expect(heard).toContain(`EXEC ${known.pid}`);
    const { events, calls, starts, failures, failedCalls } = monitor.counters;
    expect(events.fork + events.exec + events.exit).toBeGreaterThanOrEqual(3);
    expect(calls).toBeGreaterThanOrEqual(2);
    expect({ starts, failures, failedCalls }).toEqual({ starts: 1, failures: 0, failedCalls: 0 });
  });

  test('calls every one of ten listeners for exec and ten for exit (DataDog: RegisterMultipleCallbacks)', async () => {
    const monitor = newMonitor();
    const pids = Array.from({ length: 20 }, () => [] as number[]);
    for (const [n, heard] of pids.entries())
      monitor.on(n < 10 ? 'exec' : 'exit', ({ process }) => heard.push(process.pid), { existing: false });
    await monitor.start();
    const { pid, ended } = await spawnKnown({ liveMs: 20 });
    await ended;
    await waitFor(() => pids.every((heard) => heard.includes(pid)), { what: 'all twenty' });
    expect(pids.map((heard) => heard.filter((one) => one === pid).length)).toEqual(pids.map(() => 1));
  });

  test('holds one socket for ten starts, until the tenth stop (DataDog: Refcount)', async () => {
    const monitor = newMonitor();
    const before = await ownListeners();
    for (let n = 0; n < 10; n++) await monitor.start();
    expect(await ownListeners()).toBe(before + 1);
    for (let n = 0; n < 9; n++) await monitor.stop();
    expect(await ownListeners()).toBe(before + 1);
    await monitor.stop();
    expect(await ownListeners()).toBe(before);
  });

  test('chooses execs and exits by name, and stops when unsubscribed, twice without harm (DataDog: Callbacks, Basics)', async () => {
    const monitor = newMonitor();
    const heard: string[] = [];
    const listener = ({ kind, process }: { kind: string; process: { pid: number } }): void => void heard.push(`${kind} ${process.pid}`);
    const name = /^forkcast-callbacks-[ab]/;
    const unsubscribe = monitor.on('exec', listener, { name });
    monitor.on('exit', listener, { name });
    expect(() => monitor.on('exec', listener, { name })).toThrow(expect.objectContaining({ code: 'SUBSCRIPTION_DUPLICATE' }));
    await monitor.start();
    await monitor.listed();
    const [a, b, c] = [await program('forkcast-callbacks-a'), await program('forkcast-callbacks-b'), await program('forkcast-callbacks-c')];
    await c();
    const [pidA, pidB] = [await a(), await b()];
    await waitFor(() => heard.includes(`EXIT ${pidB}`), { what: 'the exit of b' });
    expect(heard).toEqual([`EXEC ${pidA}`, `EXIT ${pidA}`, `EXEC ${pidB}`, `EXIT ${pidB}`]);
    unsubscribe();
    unsubscribe();
    const pidA2 = await a();
    await waitFor(() => heard.includes(`EXIT ${pidA2}`), { what: 'the exit of a' });
    expect(heard.slice(4)).toEqual([`EXIT ${pidA2}`]);
  });

  test('tells of the processes that ran before it (DataDog: start-up scan), to early and late subscribers, and answers for them', async () => {
    const known = await spawnKnown({ liveMs: 60_000 });
    const monitor = newMonitor();
    const [early, late] = [[] as unknown[], [] as unknown[]];
    monitor.on('exec', ({ kind, process }) => early.push([kind, process.pid, process.args]), { name: 'known' });
    await monitor.start();
    expect(await monitor.listed()).toBe(true);
    const snapshot = ['SNAPSHOT', known.pid, known.argv];
    expect(early).toContainEqual(snapshot);
    monitor.on('exec', ({ kind, process }) => late.push([kind, process.pid, process.args]), { name: 'known', existing: true });
    await immediate();
    expect(late).toContainEqual(snapshot);
    expect(monitor.get(known.pid)?.process).toMatchObject({ args: known.argv, exe: known.exe });
    expect(monitor.get(known.pid)?.parent?.pid).toBe(process.pid);
    known.kill('SIGKILL');
    await known.ended;
    await waitFor(() => monitor.get(known.pid) === undefined, { what: 'its end' });
  });

  test('finds those of a list that have ended (DataDog: FindDeletedProcesses)', async () => {
    const monitor = newMonitor();
    const [living, dying] = [await spawnKnown({ liveMs: 60_000 }), await spawnKnown({ liveMs: 60_000 })];
    onTestFinished(() => living.kill('SIGKILL'));
    await monitor.start();
    await monitor.listed();
    const both = [living, dying].map(({ pid }) => monitor.get(pid)!.process);
    expect(monitor.findDeleted(both)).toEqual([]);
    dying.kill('SIGKILL');
    await dying.ended;
    expect(monitor.findDeleted([living.pid, dying.pid])).toEqual([dying.pid]);
    expect(monitor.findDeleted(both)).toEqual([both[1]]);
  });

  test('says when its subscribers’ process was too busy to listen, and exactly how much is missing (all predecessors lose in silence)', async () => {
    const monitor = newMonitor({ receiveBufferBytes: 4096 });
    let told = 0;
    monitor.on('gap', ({ gap }) => (told += gap.count));
    await monitor.start();
    await monitor.listed();
    const { code } = await runCommand(await nativeTool('storm'), ['--seconds', '1', '--rate', '0']);
    expect(code).toBe(0);
    await waitFor(() => told > 0, { what: 'a gap' });
    await monitor.stop();
    expect(told).toBe(monitor.counters.lost);
  });
});

describe('a process of its own', () => {
  const run = async (end: string) => {
    const sent = join(await tempDir(), 'sent');
    const env = { ...process.env, LD_PRELOAD: await nativeTool('send-log.so'), SEND_LOG: sent };
    const result = await runCommand(process.execPath, [SCRIPT, end], { env });
    return { ...result, sent: (await readFile(sent, 'utf8')).trim().split('\n') };
  };

  test.each([
    ['ten starts and ten stops', 0],
    ['two starts at once and their leases', 0],
    ['nothing left to do', 0],
    ['process.exit', 3],
    ['a handler of its own for SIGTERM', 0],
  ])('ends by %s with code %i: one subscription, undone once', async (end, code) => {
    expect(await run(end)).toMatchObject({ code, signal: null, stderr: '', sent: ['listen', 'ignore'] });
  });

  test('subscribes and undoes at each start after a stop', async () => {
    expect(await run('a restart')).toMatchObject({ code: 0, stderr: '', sent: ['listen', 'ignore', 'listen', 'ignore'] });
  });

  test('is spared the crash that comes of listening in a worker thread first', async () => {
    const { code, stdout } = await runCommand(process.execPath, [SCRIPT, 'a worker thread']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^NATIVE_UNAVAILABLE: Start the monitor on the main thread/);
  });

  test('ends by an error that nobody caught, and the subscription is undone all the same', async () => {
    expect(await run('an error nobody caught')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('boom') as string,
      sent: ['listen', 'ignore'],
    });
  });

  test.runIf(isRoot)(
    'hears programs of the host and of other namespaces from inside a network namespace (DataDog: InNamespace)',
    async () => {
      const listener = spawn(UNSHARE, ['--net', process.execPath, SCRIPT, 'a child'], { stdio: ['ignore', 'pipe', 'inherit'] });
      let said = '';
      listener.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      onTestFinished(() => void listener.kill('SIGKILL'));
      await waitFor(() => said.includes('started'), { what: 'its start' });
      const path = join(await tempDir(), 'monitor-probe');
      await copyFile(await nativeTool('known'), path);
      const probe = async () => {
        await runCommand(UNSHARE, ['--net', path, '--live-ms=200']);
        return listener.exitCode === 0;
      };
      await waitFor(probe, { what: 'the probe to be heard' });
      expect(said).toBe(`started\nEXEC ${path}\n`);
    },
  );
});

describe('the example', () => {
  const path = join(import.meta.dirname, '../../examples/process-monitor.mjs');

  test('is the one of the README', async () => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
    expect(readme).toContain(`\`\`\`js\n${await readFile(path, 'utf8')}\`\`\``);
  });

  test('shows shells and forks, and ends by Ctrl-C', async () => {
    const example = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [example.stdout, example.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(example, 'exit');
    onTestFinished(() => void example.kill('SIGKILL'));
    const pids: number[] = [];
    // The first ones may run before it listens.
    const shell = async () => {
      const child = spawn('sh', ['-c', 'sleep 0.3; exit 7'], { stdio: 'ignore' });
      pids.push(child.pid!);
      await once(child, 'exit');
      return pids.some((one) =>
        [`EXEC ${one} \\S+ \\[ 'sh', '-c', 'sleep 0.3; exit 7' \\]`, `FORK ${one} -> \\d+ sh`, `EXIT ${one} 7`].every((line) =>
          new RegExp(`^${line}$`, 'm').test(said),
        ),
      );
    };
    await waitFor(shell, { what: 'the fork, exec and exit of a shell' });
    example.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });
});
