import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import type { AgentOptions } from '../helpers/agent-process.ts';
import { AgentProcess, FORKCAST } from '../helpers/agent-process.ts';
import { startKernelTotal } from '../helpers/kernel-total.ts';
import { NOBODY, isRoot, ordinaryUserDir, programForOrdinaryUser } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const NEW_NET = ['unshare', '--net'];
const NEW_PID = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const NEW_USER = ['unshare', '--user', '--map-root-user'];
/** With CAP_SYS_PTRACE: the host's namespace can be seen, and not entered. */
const NEW_NET_BOUND = [...NEW_NET, 'setpriv', '--bounding-set=-sys_admin'];
const NEW_NET_NOBODY = [...NEW_NET, 'setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];

async function agentIn(inside: readonly string[], options: Partial<AgentOptions> = {}): Promise<AgentProcess> {
  return new AgentProcess({ dir: await tempDir(), inside, telling: true, ...options });
}

/** The agent lists /proc, and says that it does. */
async function scans(agent: AgentProcess): Promise<void> {
  await waitFor(() => agent.stderr.includes('every second'), { what: () => `the agent to scan; it said: ${agent.stderr}` });
}

async function finds(agent: AgentProcess, tag: string): Promise<void> {
  const found = (): boolean => agent.told().some((event) => 'process' in event && String(event.process.args?.[1]).endsWith(tag));
  await waitFor(found, { what: `process ${tag} to be found` });
}

async function expectScanned(agent: AgentProcess): Promise<void> {
  const [start] = await agent.agentEvents();
  expect(start).toMatchObject({ kind: 'START', start: { sources: ['procfs_scan'] } });
  expect(start?.start?.degraded.map(({ feature }) => feature)).toContain('proc_connector');
  expect((await agent.events()).filter(({ kernel_seq: seq }) => seq !== undefined)).toEqual([]);
}

describe.runIf(isRoot)('in another network namespace', () => {
  test('the agent enters the host’s and hears everything (netlink, garlic and NeuVector do not)', async () => {
    const agent = await agentIn(NEW_NET);
    await agent.ready();
    const known = await spawnKnown({ liveMs: 200, exitCode: 4 });
    await known.ended;
    expect(await agent.stop()).toMatchObject({ code: 0 });
    const events = (await agent.events()).filter(({ process }) => process.pid === known.pid);
    expect(events.map(({ kind }) => kind)).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(events[1]?.process.args).toEqual(known.argv);
    expect((await agent.agentEvents())[0]?.start?.sources).toEqual(['proc_connector']);
  });

  test('without CAP_SYS_ADMIN it lists /proc every second', async () => {
    const agent = await agentIn(NEW_NET_BOUND);
    await scans(agent);
    expect(agent.stderr).toContain('CAP_SYS_ADMIN');
    const known = await spawnKnown({ liveMs: 60_000 });
    await finds(agent, known.tag);
    known.kill('SIGKILL');
    expect(await agent.stop()).toMatchObject({ code: 0 });
    await expectScanned(agent);
  });

  test('an ordinary user does the same', async () => {
    const dir = await ordinaryUserDir();
    const agent = await agentIn(NEW_NET_NOBODY, { dir, program: await programForOrdinaryUser(dir) });
    await scans(agent);
    expect(agent.stderr).toContain('hostNetwork');
    const known = await spawnKnown({ liveMs: 60_000 });
    await finds(agent, known.tag);
    known.kill('SIGKILL');
    expect(await agent.stop()).toMatchObject({ code: 0 });
    await expectScanned(agent);
  });

  test('doctor says what it needs', async () => {
    const [command = '', ...args] = NEW_NET_BOUND;
    const { stdout } = await runCommand(command, [...args, FORKCAST, 'doctor', '--json'], { cwd: await tempDir() });
    expect(stdout).toContain('network namespace');
    expect(stdout).toContain('CAP_SYS_ADMIN');
  });
});

describe.runIf(isRoot)('in another pid namespace', () => {
  test('the processes of that namespace are found, and none of those that others’ subscriptions make the kernel tell of', async () => {
    const other = await startKernelTotal();
    onTestFinished(() => other.close());
    const agent = await agentIn(NEW_PID);
    await scans(agent);
    expect(agent.stderr).toContain('--pid=host');
    const own = (await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8')).trim();
    const [outside, tag] = [await spawnKnown(), randomUUID()];
    await outside.ended;
    const inside = spawn('/usr/bin/nsenter', [
      `--target=${own}`,
      '--pid',
      '--mount',
      await nativeTool('known'),
      `--tag=${tag}`,
      '--live-ms=60000',
    ]);
    await finds(agent, tag);
    // The namespace's first process takes the others with it.
    process.kill(Number(own), 'SIGTERM');
    expect(await agent.ended).toMatchObject({ code: 0 });
    inside.kill('SIGKILL');
    await expectScanned(agent);
    expect((await agent.events()).filter(({ process }) => process.args?.[1] === `--tag=${outside.tag}`)).toEqual([]);
  });

  test('what it does there in a user namespace is the same', async () => {
    const agent = await agentIn(NEW_USER);
    await scans(agent);
    expect(agent.stderr).toContain('--userns=host');
    expect(await agent.stop()).toMatchObject({ code: 0 });
    await expectScanned(agent);
  });
});

describe.runIf(isRoot)('without a fallback', () => {
  test.each([
    ['another network namespace', NEW_NET_BOUND, 'hostNetwork'],
    ['another pid namespace', NEW_PID, '--pid=host'],
    ['another user namespace', NEW_USER, '--userns=host'],
  ])('%s: 69, and how to get out of it', async (_what, inside, wayOut) => {
    const agent = await agentIn(inside, { set: ['source.fallback=none'] });
    expect(await agent.ended).toMatchObject({ code: 69 });
    expect(agent.stderr).toContain(wayOut);
    expect(agent.stderr).not.toContain('bug');
  });
});

test.runIf(isRoot)('other mount, uts, ipc and cgroup namespaces are no obstacle', async () => {
  const agent = await agentIn(['unshare', '--mount', '--uts', '--ipc', '--cgroup']);
  await agent.ready();
  expect(await agent.stop()).toMatchObject({ code: 0 });
});
