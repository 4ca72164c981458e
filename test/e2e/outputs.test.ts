import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { defaultConfigText } from '../../src/config/default-file.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** A pipe that is full and that nobody reads until the test does. */
class StalledPipe {
  readonly fd: number;
  readonly filled: number;

  constructor(fd: number) {
    this.fd = fd;
    this.filled = fill(fd);
  }

  static async open(): Promise<StalledPipe> {
    const path = join(await tempDir(), 'pipe');
    await runCommand('mkfifo', [path]);
    const pipe = new StalledPipe(openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    onTestFinished(() => closeSync(pipe.fd));
    return pipe;
  }

  /** What is in it now; empty when nothing is. */
  take(): string {
    const chunk = Buffer.alloc(1 << 20);
    const length = unlessFull(() => readSync(this.fd, chunk));
    return chunk.toString('utf8', 0, length);
  }
}

function fill(fd: number): number {
  for (let filled = 0; ;) {
    const written = unlessFull(() => writeSync(fd, Buffer.alloc(4096, '.')));
    if (written === 0) return filled;
    filled += written;
  }
}

function unlessFull(act: () => number): number {
  try {
    return act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
    throw error;
  }
}

type Output = 'pipe' | 'ignore' | number;

/** Starts a command on these outputs; killed when the test ends if it still runs then. */
async function start(args: readonly string[], stdout: Output, stderr: Output) {
  const child = spawn(FORKCAST, args, { cwd: await tempDir(), stdio: ['ignore', stdout, stderr] });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  });
  return { child, ended };
}

test.each(['stdout', 'stderr'] as const)('the reader of %s leaves: the agent goes on, drains and ends with 0', async (output) => {
  const agent = new AgentProcess({ dir: await tempDir(), eyes: true });
  await agent.ready();
  agent.child[output].destroy();
  // It writes to both when it stops, if not before.
  const end = await agent.stop();
  expect(end).toMatchObject({ code: 0, signal: null });
  const { clean, sinks } = await agent.record();
  expect(clean).toBe(true);
  expect(sinks.find(({ sink }) => sink === 'disk')?.lost).toEqual({});
  if (output === 'stdout') {
    // At least STOP comes after the reader has left.
    expect(sinks.find(({ sink }) => sink === 'eyes')?.lost).toEqual({ rejected: expect.any(Number) as number });
    expect(end.stderr).toMatch(/sink eyes +delivered [\d,]+.* rejected [1-9]/);
    expect(end.stderr.match(/OUTPUT_GONE/g)?.length).toBeLessThanOrEqual(2);
  }
  expect((await agent.agentEvents()).findLast(({ kind }) => kind === 'STOP')).toMatchObject({ kind: 'STOP', stop: { clean: true } });
});

test.each(['stdout', 'stderr'] as const)('the reader of %s stalls: the agent ends nevertheless', async (output) => {
  const { fd } = await StalledPipe.open();
  const args = ['run', '--duration', '500ms', '--set', 'agent.shutdown_timeout=500ms'];
  const { ended } = await start(args, output === 'stdout' ? fd : 'ignore', output === 'stderr' ? fd : 'ignore');
  const [code, signal] = await ended;
  // What the view could not show is lost to it, and said.
  expect([code, signal]).toEqual([output === 'stdout' ? 1 : 0, null]);
});

test('a refusal to run ends though the reader of stderr stalls', async () => {
  const { fd } = await StalledPipe.open();
  const { ended } = await start(['run', '-c', '/nonexistent'], 'ignore', fd);
  expect(await ended).toEqual([78, null]);
});

test('results wait for a slow reader and are whole', async () => {
  const pipe = await StalledPipe.open();
  const { child, ended } = await start(['config', '--defaults'], pipe.fd, 'ignore');
  // Longer than last words are waited for.
  await sleep(2500);
  expect(child.exitCode).toBeNull();
  let text = pipe.take();
  const [code] = await Promise.race([ended, sleep(10_000, ['not ended'])]);
  text += pipe.take();
  expect(code).toBe(0);
  expect(text.slice(pipe.filled)).toBe(defaultConfigText());
});
