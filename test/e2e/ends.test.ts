import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/*
 * A subscription that is not undone makes the kernel build every event until reboot, and one undone twice silences other programs before
 * kernel 6.6. The kernel's count cannot be read, and whatever else listens hides it; so what the agent sends is counted.
 */
async function start(env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<AgentProcess> {
  const dir = await tempDir();
  return new AgentProcess({ dir, args, env: { LD_PRELOAD: await nativeTool('send-log.so'), SEND_LOG: join(dir, 'sent'), ...env } });
}

async function started(env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<AgentProcess> {
  const agent = await start(env, args);
  await agent.ready();
  return agent;
}

/** The control messages of the agent's whole life. */
async function sent({ dir }: AgentProcess): Promise<string[]> {
  return (await readFile(join(dir, 'sent'), 'utf8')).trim().split('\n');
}

/** Preloads JavaScript into the agent, main thread and workers. */
async function bomb(code: string): Promise<NodeJS.ProcessEnv> {
  const path = join(await tempDir(), 'bomb.mjs');
  await writeFile(path, `import { isMainThread } from 'node:worker_threads';\n${code}`);
  return { NODE_OPTIONS: `--import ${path}` };
}

describe('every way to end undoes the subscription exactly once', () => {
  test('the duration is over: 0', async () => {
    const agent = await start({}, ['--duration', '2s']);
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
    expect((await agent.record()).clean).toBe(true);
    expect(await sent(agent)).toEqual(['listen', 'ignore']);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGPWR', 'SIGIO'] as const)(
    '%s drains: 0',
    async (signal) => {
      const agent = await started();
      expect(await agent.stop(signal)).toMatchObject({ code: 0, signal: null });
      expect(await agent.record()).toMatchObject({ clean: true });
      expect((await agent.agentEvents()).findLast(({ kind }) => kind === 'STOP')).toMatchObject({ stop: { reason: signal } });
      expect(await sent(agent)).toEqual(['listen', 'ignore']);
    },
  );

  test('its terminal goes away: it drains as for any request, though nobody can read what it says any more: 0', async () => {
    const dir = await tempDir();
    const env = { LD_PRELOAD: await nativeTool('send-log.so'), SEND_LOG: join(dir, 'sent') };
    const agent = new AgentProcess({ dir, env, eyes: true, inside: [await nativeTool('terminal')] });
    await agent.ready();
    // To what gave it the terminal, which hangs up; the kernel tells the agent.
    agent.child.kill('SIGUSR1');
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
    expect(await agent.record()).toMatchObject({ clean: true });
    expect((await agent.agentEvents()).findLast(({ kind }) => kind === 'STOP')).toMatchObject({ stop: { reason: 'SIGHUP' } });
    expect(await sent(agent)).toEqual(['listen', 'ignore']);
  });

  test('a duration of weeks, longer than a timer of Node can be, is not over at once', async () => {
    const agent = await started({}, ['--duration', '30d']);
    expect(await agent.stop()).toMatchObject({ code: 0 });
    expect((await agent.agentEvents()).findLast(({ kind }) => kind === 'STOP')).toMatchObject({ stop: { reason: 'SIGTERM' } });
  });

  test('SIGINT twice in the same instant, as npm and the terminal both deliver it, is one request: 0', async () => {
    const agent = await started();
    agent.child.kill('SIGINT');
    agent.child.kill('SIGINT');
    expect(await agent.ended).toMatchObject({ code: 0, signal: null });
    expect((await agent.record()).clean).toBe(true);
    expect(await sent(agent)).toEqual(['listen', 'ignore']);
  });

  test('an uncaught exception: 70, with a request to report it', async () => {
    const agent = await started(
      await bomb(`if (isMainThread) process.once('SIGWINCH', () => { setImmediate(() => { throw new Error('boom'); }); });`),
    );
    expect(await agent.stop('SIGWINCH')).toMatchObject({ code: 70, signal: null });
    expect(agent.stderr).toContain('boom');
    expect(agent.stderr).toContain('report it');
    expect(await sent(agent)).toEqual(['listen', 'ignore']);
  });

  test.each([
    ['by an exception', 'throw new Error("no clock")'],
    ['without a word', 'process.exit(9)'],
  ])('the ingest thread dies %s: 70, and what was heard is delivered', async (_how, end) => {
    // The thread never returns to its event loop: its clock is the only thing that can be made to fail from outside.
    const agent = await start(
      await bomb(`if (!isMainThread) {
        const { bigint } = process.hrtime; const start = bigint();
        process.hrtime.bigint = () => { const now = bigint(); if (now - start > 2_000_000_000n) { ${end}; } return now; };
      }`),
    );
    // It looks at its clock when something happens.
    for (let over = false; !over;)
      over = await Promise.race([
        agent.ended.then(() => true),
        spawnKnown({ liveMs: 100 })
          .then(({ ended }) => ended)
          .then(() => false),
      ]);
    expect(await agent.ended).toMatchObject({ code: 70, signal: null });
    expect((await agent.record()).clean).toBe(false);
    expect((await agent.agentEvents()).findLast(({ kind }) => kind === 'STOP')).toMatchObject({ kind: 'STOP', stop: { clean: false } });
    expect(await sent(agent)).toEqual(['listen', 'ignore']);
  });

  test('stopping takes no longer than the receive timeout and the drain', async () => {
    const agent = await started();
    const before = performance.now();
    await agent.stop();
    // 100 ms of receive timeout, and the rest for a machine under load; the point is that nothing waits for seconds.
    expect(performance.now() - before).toBeLessThan(5000);
  });
});

test('a second agent on the same data_dir is refused with the holder’s pid: 69', async () => {
  const first = await started();
  const second = new AgentProcess({ dir: first.dir });
  expect(await second.ended).toMatchObject({ code: 69 });
  expect(second.stderr).toContain(String(first.child.pid));
  expect((await first.stop()).code).toBe(0);
});

test('the end of one agent does not deafen another', async () => {
  const [first, second] = await Promise.all([started(), started()]);
  expect((await first.stop()).code).toBe(0);
  const known = await spawnKnown({ exitCode: 5 });
  await known.ended;
  expect((await second.stop()).code).toBe(0);
  const { upstream, sinks } = await second.record();
  expect({ lost: upstream.lost, sinks }).toMatchObject({ lost: 0, sinks: [{ dropped: {}, lost: {} }] });
  expect((await second.events()).filter((event) => event.process.pid === known.pid).map((event) => event.kind)).toEqual([
    'FORK',
    'EXEC',
    'EXIT',
  ]);
});
