import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { nativeTool } from '../../bench/storm/build.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { ProcessEvent } from '../../src/core/event.ts';
import type { KernelKind } from '../../src/core/kernel-event.ts';
import { createEnricher } from '../../src/enrich/enricher.ts';
import { loadRunIdentity } from '../../src/enrich/identity.ts';
import { systemUserNames } from '../../src/enrich/users.ts';
import { ProcConnectorSource } from '../../src/ingest/proc-connector/source.ts';
import { isRoot, NOBODY } from '../helpers/ordinary-user.ts';
import { waitFor } from '../helpers/wait-for.ts';

const KINDS: ReadonlySet<KernelKind> = new Set<KernelKind>(['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'COMM', 'COREDUMP']);
const N = 5;
const never = new AbortController().signal;

/** Published events of the live kernel, as they come, through source and enrichment alone. */
async function listen(threads: boolean): Promise<ProcessEvent[]> {
  const source = new ProcConnectorSource({ receiveBufferBytes: 8 << 20, maxArgsBytes: 4096, threads });
  const enricher = createEnricher(
    { maxProcesses: 32_768, exitTtlMs: 10_000, maxArgsBytes: 4096, ancestors: 4, threads, kinds: KINDS },
    { identity: loadRunIdentity({}), clock: systemClock, users: systemUserNames(), bootOffsetNs: (ns) => source.bootOffsetNs(ns) },
  );
  const events: ProcessEvent[] = [];
  await source.open(never);
  const reading = (async () => {
    for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never)) {
      for (const heard of batch.items) enricher.enrich(heard, (made) => void (made.stream === 'process' && events.push(made.event)));
    }
  })();
  onTestFinished(async () => {
    await source.close();
    await reading;
    const { heard, deselected, threadEvents, emitted } = enricher.counters;
    expect(deselected + threadEvents + emitted).toBe(heard);
  });
  return events;
}

async function start(mode: string, stdio: 'ignore' | 'inherit' = 'ignore'): Promise<ChildProcess & { readonly pid: number }> {
  const child = spawn(await nativeTool('threads'), [mode, String(N)], { stdio });
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  return child as ChildProcess & { readonly pid: number };
}

const isEnd = ({ kind, process }: ProcessEvent): boolean => kind === 'EXIT' && process.tid === null;

/** Everything of the process, until its end and that of one that ended after it were heard. */
async function eventsOf(child: ChildProcess & { readonly pid: number }, events: readonly ProcessEvent[]): Promise<ProcessEvent[]> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const later = spawn('true');
  await once(later, 'exit');
  await waitFor(() => events.some((event) => isEnd(event) && event.process.pid === later.pid), { what: 'the end of a later process' });
  return events.filter(({ process }) => process.pid === child.pid);
}

const kindsOf = (events: readonly ProcessEvent[]): string[] => events.map(({ kind }) => kind);
const ofThreads = (events: readonly ProcessEvent[], kind: string): number[] =>
  events.filter((event) => event.kind === kind && event.process.tid !== null).map(({ process }) => process.tid as number);

describe.each([false, true])('a process with threads, published: %s', (threads) => {
  it('is told of with each of its threads, or without all of them', async () => {
    const events = await listen(threads);
    const made = await eventsOf(await start('fork'), events);
    const forked = ofThreads(made, 'FORK');
    expect(new Set(forked).size).toBe(threads ? N : 0);
    expect(ofThreads(made, 'EXIT').toSorted((a, b) => a - b)).toEqual(forked.toSorted((a, b) => a - b));
    const ofThread = made.filter(({ kind, process: { tid } }) => kind === 'FORK' && tid !== null);
    expect(ofThread.every(({ fork, parent }) => fork?.is_thread === true && parent?.pid === process.pid)).toBe(true);
    expect(kindsOf(made.filter((event) => event.process.tid === null))).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(made.at(-1)).toMatchObject({ exit: { code: 0 } });
  });

  it('goes on when a thread other than the first exec’s', async () => {
    const events = await listen(threads);
    const child = await start('exec');
    const made = await eventsOf(child, events);
    const whole = made.filter((event) => event.process.tid === null);
    expect(kindsOf(whole)).toEqual(['FORK', 'EXEC', 'EXEC', 'EXIT']);
    expect(whole[2]?.process).toMatchObject({ pid: child.pid, exe: child.spawnfile });
    expect(whole[3]).toMatchObject({ exit: { code: 7, signal: null }, process: { exec_id: whole[2]?.process.exec_id } });
    const [forked, exited] = [ofThreads(made, 'FORK'), ofThreads(made, 'EXIT')];
    expect([forked.length, new Set(exited).size]).toEqual(threads ? [N, N] : [0, 0]);
    // All but the one that exec'd, which took the first one's id; that of the first is reported with either.
    expect(exited.every((tid) => tid === child.pid || forked.includes(tid))).toBe(true);
    expect(made.at(-1)).toBe(whole[3]);
  });

  it('ends with its last thread, when the first has gone before', async () => {
    const events = await listen(threads);
    const child = await start('leader-first');
    const made = await eventsOf(child, events);
    const whole = made.filter((event) => event.process.tid === null);
    expect(kindsOf(whole)).toEqual(['FORK', 'EXEC', 'EXIT']);
    expect(made.at(-1)).toBe(whole[2]);
    expect(whole[2]).toMatchObject({ exit: { code: 3 } });
    const exited = ofThreads(made, 'EXIT');
    expect(exited).toHaveLength(threads ? N : 0);
    if (threads) expect(exited[0]).toBe(child.pid);
  });

  it.runIf(isRoot)('changes its ids once, though each of its threads must', async () => {
    const events = await listen(threads);
    const made = await eventsOf(await start('set-id'), events);
    const changes = made.filter(({ kind }) => kind === 'UID');
    expect(changes).toHaveLength(threads ? N + 1 : 1);
    expect(changes[0]).toMatchObject({ ids: { old_real: 0, old_effective: 0, new_real: NOBODY, new_effective: NOBODY } });
    expect(kindsOf(made).filter((kind) => kind === 'GID')).toEqual([]);
    expect(kindsOf(made.filter((event) => isEnd(event)))).toEqual(['EXIT']);
  });

  it('is listed with its threads when it was there before, and ends once', async () => {
    const child = await start('park');
    await waitFor(async () => (await threadCount(child.pid)) === N + 1, { what: 'all threads of a process' });
    const events = await listen(threads);
    await waitFor(() => events.some(({ kind, process }) => kind === 'SNAPSHOT' && process.pid === child.pid), { what: 'its snapshot' });
    child.kill('SIGKILL');
    const made = await eventsOf(child, events);
    expect(new Set(ofThreads(made, 'SNAPSHOT')).size).toBe(threads ? N : 0);
    expect(kindsOf(made.filter((event) => event.process.tid === null))).toEqual(['SNAPSHOT', 'EXIT']);
    expect(made.at(-1)).toMatchObject({ process: { tid: null }, exit: { signal_name: 'SIGKILL' } });
  });
});

async function threadCount(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/task`)).length;
}
