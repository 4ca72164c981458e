import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import type { PrintedProcessEvent } from '../helpers/agent-process.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { NOBODY, isRoot } from '../helpers/ordinary-user.ts';
import { spawnKnown } from '../helpers/spawn-known.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

function only(events: readonly PrintedProcessEvent[], kind: string, pid: number): PrintedProcessEvent {
  const found = events.filter((event) => event.kind === kind && event.process.pid === pid);
  expect(found.map((event) => event.kind)).toEqual([kind]);
  return found[0] as PrintedProcessEvent;
}

/** Runs the agent over `during` and gives what it wrote. */
async function recorded<T>(
  during: () => Promise<T>,
  set: readonly string[] = [],
): Promise<{ result: T; events: PrintedProcessEvent[]; agent: AgentProcess }> {
  const agent = new AgentProcess({ dir: await tempDir(), set });
  await agent.ready();
  const result = await during();
  expect((await agent.stop()).code).toBe(0);
  return { result, events: await agent.events(), agent };
}

describe('a known process', () => {
  test.each([
    ['auto', isRoot ? 'KERNEL' : 'LIVE'],
    ['off', 'LIVE'],
  ])(
    'is recorded with fork, exec and exit: argv, exe, cgroup, user, parent, exit code, duration and times; exec cache %s',
    async (execCache, how) => {
      const beforeUs = Date.now() * 1000;
      const { result: known, events } = await recorded(async () => {
        const child = await spawnKnown({ args: ['with space', 'ünï', ''], liveMs: 300, exitCode: 7, cwd: '/' });
        await child.ended;
        return child;
      }, [`enrich.exec_cache=${execCache}`]);
      const fork = only(events, 'FORK', known.pid);
      const exec = only(events, 'EXEC', known.pid);
      const exit = only(events, 'EXIT', known.pid);

      expect(fork.parent?.pid).toBe(process.pid);
      expect(fork.fork).toEqual({ is_thread: false });
      expect(fork.process.exec_id).toBeUndefined();

      expect(exec.process.args).toEqual(known.argv);
      expect(exec.process.args_bytes).toBe(Buffer.byteLength(known.argv.join('\0')) + 1);
      expect(exec.process.exe).toBe(known.exe);
      expect(exec.process.cwd).toBe('/');
      expect(exec.process.uid).toBe(process.getuid?.());
      expect(exec.process.name).toBe('known'.slice(0, 15));
      expect(exec.parent?.pid).toBe(process.pid);
      expect(exec.parent?.args?.length).toBeGreaterThan(0);
      expect(exec.provenance).toMatchObject({ args: how, exe: how, cgroup: how });
      if (how === 'KERNEL') expect(exec.provenance.enrich_delay_us).toBe(0);
      else expect(exec.provenance.enrich_delay_us).toBeGreaterThan(0);
      expect(await cgroupPaths()).toContain(exec.process.cgroup);

      expect(exit.exit).toMatchObject({ code: 7, core_dumped: false });
      expect(exit.exit?.duration_us).toBeGreaterThanOrEqual(300_000);
      expect(exit.exit?.duration_us).toBeLessThan(30_000_000);
      expect(exit.process.args).toEqual(known.argv);
      expect(exit.process.exe).toBe(known.exe);
      expect(exit.parent?.pid).toBe(process.pid);

      for (const event of [fork, exec, exit]) {
        expect(event.process.entity_id).toMatch(UUID);
        expect(event.process.entity_id).toBe(fork.process.entity_id);
        expect(event.parent?.entity_id).toBe(fork.parent?.entity_id);
        const timeUs = Date.parse(event.time) * 1000;
        expect(timeUs).toBeGreaterThanOrEqual(beforeUs - 2000);
        expect(timeUs).toBeLessThanOrEqual(Date.now() * 1000);
        expect(event.host.hostname).toBe(hostname());
        expect(event.kernel_seq).toBeGreaterThan(0);
      }
      expect(exit.process.exec_id).toBe(exec.process.exec_id);
      expect(fork.sequence).toBeLessThan(exec.sequence);
      expect(exec.sequence).toBeLessThan(exit.sequence);
    },
  );

  test('that is killed is recorded with the signal', async () => {
    const { result: known, events } = await recorded(async () => {
      const child = await spawnKnown({ liveMs: 60_000 });
      child.kill('SIGKILL');
      await child.ended;
      return child;
    });
    const { exit } = only(events, 'EXIT', known.pid) as { exit: Record<string, unknown> };
    expect(exit).toMatchObject({ signal: 9, signal_name: 'SIGKILL' });
    expect(exit['code']).toBeUndefined();
  });

  test.runIf(isRoot)('of another user carries that user, and the set-id calls before its exec', async () => {
    const { result: known, events } = await recorded(async () => {
      const child = await spawnKnown({ uid: 65534, gid: 65534, liveMs: 200 });
      await child.ended;
      return child;
    });
    expect(only(events, 'EXEC', known.pid).process).toMatchObject({ uid: 65534, gid: 65534, euid: 65534, user: 'nobody' });
    expect(only(events, 'UID', known.pid).ids).toMatchObject({ old_real: 0, new_real: 65534, new_effective: 65534, escalation: false });
  });

  test.runIf(isRoot)('that its file makes root is marked, though it is gone before anybody can look at it', async () => {
    const program = join(await tempDir({ readable: true }), 'set-id');
    await copyFile(await nativeTool('storm-noop'), program);
    await chmod(program, 0o4755);
    const { result: pids, events } = await recorded(async () => {
      const all: number[] = [];
      for (let i = 0; i < 20; i++) {
        const child = spawn(program, { uid: NOBODY, gid: NOBODY, cwd: '/', stdio: 'ignore' });
        await once(child, 'exit');
        all.push(child.pid ?? 0);
      }
      return all;
    }, ['enrich.exec_cache=off']);
    const execs = pids.map((pid) => only(events, 'EXEC', pid));
    expect(execs.map(({ process }) => process.marks)).toEqual(pids.map(() => ['ESCALATION']));
    expect(execs.map(({ exec }) => exec?.before)).toEqual(pids.map(() => ({ uid: NOBODY, gid: NOBODY, euid: NOBODY, egid: NOBODY })));
  });

  test('that was there before is in the snapshot with its arguments, and its exit names them', async () => {
    const early = await spawnKnown({ liveMs: 60_000 });
    const { events } = await recorded(async () => {
      early.kill('SIGTERM');
      await early.ended;
    });
    const snapshot = only(events, 'SNAPSHOT', early.pid);
    expect(snapshot.process.args).toEqual(early.argv);
    expect(snapshot.kernel_seq).toBeUndefined();
    const exit = only(events, 'EXIT', early.pid);
    expect(exit.process.args).toEqual(early.argv);
    expect(exit.process.entity_id).toBe(snapshot.process.entity_id);
    expect(exit.exit).toMatchObject({ signal: 15, signal_name: 'SIGTERM' });
  });
});

describe('what else the kernel says', () => {
  test('a new session and a new name are events', async () => {
    const { result: pid, events } = await recorded(async () => {
      const child = spawn('/bin/sh', ['-c', 'sleep 0.3; printf renamed > /proc/self/comm; :'], { stdio: 'ignore', detached: true });
      await once(child, 'exit');
      return child.pid as number;
    });
    // A detached child begins a session; its shell then writes its own name.
    only(events, 'SID', pid);
    expect(only(events, 'COMM', pid).comm).toEqual({ old: 'sh', new: 'renamed' });
  });

  test('threads are counted but are no events by default, and events when asked for', async () => {
    const tagged = async (): Promise<number> => {
      const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
      await once(child, 'exit');
      return child.pid as number;
    };
    const without = await recorded(tagged);
    expect(without.events.filter((event) => event.kind === 'FORK' && event.fork?.is_thread === true)).toEqual([]);
    expect((await without.agent.record()).upstream.thread_events).toBeGreaterThan(0);
    const withThreads = await recorded(tagged, ['source.threads=true']);
    const threads = withThreads.events.filter(
      (event) => event.kind === 'FORK' && event.process.pid === withThreads.result && event.fork?.is_thread === true,
    );
    expect(threads.length).toBeGreaterThan(0);
    for (const thread of threads) expect(thread.process.tid).not.toBe(thread.process.pid);
  });

  test('kinds that are not selected are counted and not written', async () => {
    const { events, agent } = await recorded(async () => (await spawnKnown()).ended, ['source.events=[exec]', 'source.snapshot=false']);
    expect(new Set(events.map((event) => event.kind))).toEqual(new Set(['EXEC']));
    expect((await agent.record()).upstream.deselected).toBeGreaterThan(0);
  });
});

test('the run is framed by START and STOP, its sequence is dense, and its books balance', async () => {
  const { agent, events } = await recorded(async () => (await spawnKnown()).ended);
  const told = await agent.agentEvents();
  const own = told.filter(({ kind }) => kind !== 'CHECKPOINT');
  expect(own[0]).toMatchObject({
    kind: 'START',
    sequence: 1,
    start: { sources: ['proc_connector'], sinks: [{ name: 'disk', type: 'file' }] },
  });
  expect(own.at(-1)).toMatchObject({ kind: 'STOP', stop: { reason: 'SIGTERM', clean: true } });
  expect(told.at(-1)).toMatchObject({ kind: 'CHECKPOINT' });
  const sequences = [...events, ...own].map((event) => event.sequence as number).toSorted((a, b) => a - b);
  expect(sequences).toEqual(sequences.map((_s, i) => i + 1));
  const { upstream, clean } = await agent.record();
  expect(clean).toBe(true);
  expect(upstream.own_acks + upstream.deselected + upstream.thread_events + upstream.sequenced - upstream.originated).toBe(upstream.heard);
  expect(agent.stderr).not.toContain('do not balance');
});

/** All paths of this process in all hierarchies: which of them is published is for another test to say. */
async function cgroupPaths(): Promise<string[]> {
  const text = await readFile('/proc/self/cgroup', 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(':').slice(2).join(':'));
}
