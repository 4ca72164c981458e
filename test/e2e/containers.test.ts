import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readHierarchies, readCgroupMounts } from '../../src/ingest/capture/bpf/hierarchies.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { drained } from '../helpers/connector-socket.ts';
import { isRoot } from '../helpers/ordinary-user.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { fakeEngine } from '../unit/enrich/containers/fake-engine.ts';

/** The hierarchies that say where a process belongs, of both versions. */
const mounts = readCgroupMounts(readHierarchies()).filter(({ root }) => root === '');
const namesOf = (id: number): string => readHierarchies().find((one) => one.id === id)?.names ?? '';
const points = mounts
  .filter(({ hierarchy }) => hierarchy === 0 || /^(name=systemd|pids|memory|cpu(,cpuacct)?)$/.test(namesOf(hierarchy)))
  .map(({ point }) => point);

/** Where cgroups called after containers can be made; all are gone when the test ends. */
function containerCgroup(point: string): { readonly id: string; readonly folder: string; make(): void; remove(): void } {
  const id = randomBytes(32).toString('hex');
  const own = join(point, `forkcast-test-${randomBytes(4).toString('hex')}`);
  const folder = join(own, 'docker', id);
  const remove = (): void => [folder, dirname(folder), own].forEach((path) => rmdirSync(path));
  let isThere = false;
  onTestFinished(() => (isThere ? remove() : undefined));
  return {
    id,
    folder,
    make: () => {
      mkdirSync(folder, { recursive: true });
      isThere = true;
    },
    remove: () => {
      remove();
      isThere = false;
    },
  };
}

/** As a runtime does: the process is put into the cgroup, and then executes what the container is to run. Each has arguments of its own. */
const ENTER = 'for n in $(seq "$3"); do sh -c \'echo $$ > "$0/cgroup.procs" && exec /bin/true "$1"\' "$1" "$2-$n"; done';

async function runIn(folder: string, tag: string, count: number): Promise<void> {
  const { code, stderr } = await runCommand('/bin/sh', ['-c', ENTER, 'sh', folder, tag, String(count)]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

async function eventsOf(agent: AgentProcess, tag: string): Promise<{ readonly execs: ProcessEvent[]; readonly exits: ProcessEvent[] }> {
  const found = { execs: [] as ProcessEvent[], exits: [] as ProcessEvent[] };
  await agent.visit('process', (event) => {
    const { args } = event.process;
    if (args?.[0] !== '/bin/true' || args[1]?.startsWith(`${tag}-`) !== true) return;
    if (event.kind === 'EXEC') found.execs.push(event);
    if (event.kind === 'EXIT') found.exits.push(event);
  });
  return found;
}

async function ended(agent: AgentProcess): Promise<void> {
  await drained(agent);
  expect(await agent.stop()).toMatchObject({ code: 0, signal: null });
}

describe.runIf(isRoot)('the container of a process', () => {
  test.each(points)('is known of all processes of a millisecond that were put into its cgroup, in %s', async (point) => {
    const agent = new AgentProcess({ dir: await tempDir(), set: ['enrich.containers.docker=off'] });
    await agent.ready();
    const { id, folder, make } = containerCgroup(point);
    make();
    await runIn(folder, 'in', 100);
    await ended(agent);
    const { execs, exits } = await eventsOf(agent, 'in');
    expect([execs.length, exits.length]).toEqual([100, 100]);
    for (const { container, kind } of [...execs, ...exits]) expect(container, kind).toMatchObject({ id, runtime: 'docker', name: null });
  });

  test('is known also where its cgroup is gone as soon as its process is', async () => {
    const agent = new AgentProcess({ dir: await tempDir(), set: ['enrich.containers.docker=off'] });
    await agent.ready();
    const ids: string[] = [];
    for (let n = 0; n < 20; n += 1) {
      const { id, folder, make, remove } = containerCgroup(points[0] as string);
      make();
      await runIn(folder, `gone-${n}`, 1);
      remove();
      ids.push(id);
    }
    await ended(agent);
    for (const [n, id] of ids.entries()) {
      const { execs, exits } = await eventsOf(agent, `gone-${n}`);
      expect([...execs, ...exits].map(({ container }) => container?.id)).toEqual([id, id]);
    }
  });

  test('has the name that its engine gives, as soon as that has answered', async () => {
    const engine = await fakeEngine();
    const agent = new AgentProcess({
      dir: await tempDir(),
      set: [`enrich.containers.docker=${engine.socketPath}`, 'enrich.exec_cache=auto'],
    });
    await agent.ready();
    const { id, folder, make } = containerCgroup(points[0] as string);
    engine.containers.push({ id, name: 'web', image: 'nginx:1.27', labels: { app: 'web' } });
    make();
    await runIn(folder, 'first', 1);
    await waitFor(() => engine.requests.some((path) => path.startsWith('/containers/json')), { what: 'the question' });
    await waitFor(() => agent.stderr.includes('the container engine answers'), { what: 'the log to say so' });
    await runIn(folder, 'later', 50);
    await ended(agent);
    const { execs, exits } = await eventsOf(agent, 'later');
    expect(execs.at(-1)?.container).toMatchObject({ id, name: 'web', image: 'nginx:1.27', labels: { app: 'web' } });
    expect(exits.at(-1)?.container).toMatchObject({ id, runtime: 'docker', name: 'web', labels: null });
    const [start] = await agent.agentEvents();
    expect(start?.start?.degraded.map(({ feature }) => feature)).not.toContain('containers');
  });
});

describe.runIf(isRoot)('a process that is put into a container while it runs', () => {
  test.each(points)('has all that comes of it there, and is told of again when the engine has given the name, in %s', async (point) => {
    const { id, folder, make } = containerCgroup(point);
    const engine = await fakeEngine();
    engine.containers.push({ id, name: 'web', image: 'nginx:1.27' });
    make();
    const child = spawn('/bin/sh', ['-c', 'read go; (exit 7); read go; exit 8'], { stdio: ['pipe', 'ignore', 'ignore'] });
    const over = once(child, 'exit');
    const set = [`enrich.containers.docker=${engine.socketPath}`, 'enrich.exec_cache=on'];
    const agent = new AgentProcess({ dir: await tempDir(), set, telling: true });
    await agent.ready();
    await writeFile(join(folder, 'cgroup.procs'), String(child.pid));
    child.stdin.write('go\n');
    await waitFor(() => agent.told().some((event) => 'process' in event && event.container?.name === 'web'), {
      what: 'the name to be told',
    });
    child.stdin.end('go\n');
    await over;
    await ended(agent);
    const events: ProcessEvent[] = [];
    await agent.visit('process', (event) => {
      if (event.process.pid === child.pid || event.parent?.pid === child.pid) events.push(event);
    });
    expect(new Set(events.filter(({ process }) => process.pid === child.pid).map(({ process }) => String(process.entity_id))).size).toBe(1);
    expect(events.map(({ kind, exit, container }) => [kind, exit?.code ?? null, container?.id ?? null, container?.image ?? null])).toEqual([
      ['SNAPSHOT', null, null, null],
      ['FORK', null, id, null],
      ['EXIT', 7, id, null],
      ['SNAPSHOT', null, id, 'nginx:1.27'],
      ['EXIT', 8, id, null],
    ]);
  });
});

test('START says why containers go without names where the engine that was named is not there', async () => {
  const dir = await tempDir();
  const agent = new AgentProcess({ dir, set: [`enrich.containers.docker=${join(dir, 'none.sock')}`, 'enrich.exec_cache=auto'] });
  await agent.ready();
  await agent.stop();
  const [start] = await agent.agentEvents();
  expect(start?.start?.degraded).toContainEqual({ feature: 'containers', reason: expect.stringContaining('none.sock') as string });
});
