import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runStorm } from '../../bench/storm/storm.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe('a stop at a bad moment', () => {
  test('before the agent listens is not forgotten', async () => {
    const agent = new AgentProcess({ dir: await tempDir() });
    await waitFor(async () => (await agent.files(/./).catch(() => undefined)) !== undefined, { what: 'the data folder', everyMs: 1 });
    expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
  });

  test('with a backlog in the kernel hears all of it, or says what it left', async () => {
    const agent = new AgentProcess({ dir: await tempDir(), set: ['agent.shutdown_timeout=60s'] });
    await agent.ready();
    const oracle = await startKernelTotal();
    try {
      agent.child.kill('SIGSTOP');
      await oracle.mark();
      const storm = await runStorm({ mode: 'fork', count: 30_000 });
      await oracle.mark();
      agent.child.kill('SIGCONT');
      const { code } = await agent.stop();
      const { upstream, clean } = await agent.record();
      expect({ code, clean }).toEqual({ code: 0, clean: true });
      expect(upstream.heard + upstream.lost).toBeGreaterThanOrEqual(storm.generated);
      const forkers = new Set(storm.forkers);
      const forks = (await agent.events()).filter(({ kind, parent }) => kind === 'FORK' && forkers.has(parent?.pid ?? -1));
      expect(storm.forks - forks.length).toBeLessThanOrEqual(upstream.lost);
    } finally {
      await oracle.close();
    }
  });
});

test('a working directory that was removed under the agent does not keep it from ending, and is named', async () => {
  const dir = await tempDir();
  const agent = new AgentProcess({ dir });
  await agent.ready();
  await rm(dir, { recursive: true });
  const { code, stderr } = await agent.stop();
  expect(code).not.toBeNull();
  expect(stderr).toContain('the record of this run');
  expect(stderr).not.toContain('bug');
}, 30_000);

describe.runIf(isRoot)('a full disk', () => {
  /** Runs the agent on a tmpfs of its own, filled to the brim by `fill`. */
  async function onFullDisk(fill: string): ReturnType<typeof runCommand> {
    const dir = await tempDir();
    await mkdir(join(dir, 'small'));
    const script = `mount -t tmpfs -o size=200k,mode=700 none "$1" && ${fill}; exec "$2" run --duration 2s --set agent.data_dir="$1/data" --set agent.shutdown_timeout=1s --set 'sinks={disk: {type: file}}'`;
    return runCommand('unshare', ['--mount', 'sh', '-c', script, 'sh', join(dir, 'small'), FORKCAST], { cwd: dir });
  }

  test('at the start ends the agent with a clear word, or lets it run and say so; it never hangs and is never called a bug', async () => {
    const { code, stderr } = await onFullDisk('head -c 300k /dev/zero > "$1/filler"');
    expect([1, 74]).toContain(code);
    expect(stderr).toMatch(/no space|ENOSPC/i);
    expect(stderr).not.toContain('bug');
  });

  test('that stays full until the end: 1, and the ledger says what was not delivered', async () => {
    const { code, stderr } = await onFullDisk(
      'mkdir -m 700 "$1/data" "$1/data/events" "$1/data/state" && head -c 140k /dev/zero > "$1/filler"',
    );
    expect([0, 1]).toContain(code);
    if (code === 1) expect(stderr).toMatch(/shutdown \d+/);
    expect(stderr).not.toContain('do not balance');
  });
});
