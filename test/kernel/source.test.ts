import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import { ProcConnectorSource } from '../../src/ingest/proc-connector/source.ts';

const CONFIG = { receiveBufferBytes: 1 << 20, maxArgsBytes: 4096 };
const never = new AbortController().signal;

async function drain(source: ProcConnectorSource): Promise<number> {
  let items = 0;
  for (let batch = await source.read(never); batch !== undefined; batch = await source.read(never)) items += batch.items.length;
  return items;
}

/** Kinds of what is heard of a process until its exit. After that nothing more is asked for: on a quiet host it might not come for minutes. */
async function lifeOf(pid: number, source: ProcConnectorSource): Promise<string[]> {
  const kinds: string[] = [];
  while (!kinds.includes('EXIT')) {
    const batch = await source.read(never);
    if (batch === undefined) break;
    for (const heard of batch.items) if ('tgid' in heard && heard.tgid === pid && heard.kind !== 'SNAPSHOT') kinds.push(heard.kind);
  }
  return kinds;
}

test('what starts in the very turn in which open resolves is heard from its fork on, twenty times of twenty', async () => {
  for (let time = 1; time <= 20; time += 1) {
    const source = new ProcConnectorSource(CONFIG);
    const child = await source.open(never).then(() => spawn('/bin/true', { stdio: 'ignore' }));
    const [kinds] = await Promise.all([lifeOf(child.pid as number, source), once(child, 'exit')]);
    expect(kinds, `time ${time}`).toEqual(['FORK', 'EXEC', 'EXIT']);
    await source.close();
  }
});

test('closing before opening is allowed, and so is closing twice', async () => {
  const source = new ProcConnectorSource(CONFIG);
  await source.close();
  await source.close();
  source.closeNow();
});

test('close ends reading after everything heard was handed out, and a second close waits for the same end', async () => {
  const source = new ProcConnectorSource(CONFIG);
  await source.open(never);
  const reading = drain(source);
  expect(await source.selfTest()).toBe('passed');
  await Promise.all([source.close(), source.close()]);
  expect(await reading).toBeGreaterThan(2);
  expect(source.counts.heard).toBeGreaterThanOrEqual(3);
});

test('opening gives up when told to, and leaves nothing that keeps the process alive', async () => {
  const source = new ProcConnectorSource(CONFIG);
  const boot = AbortSignal.abort(new Error('changed my mind'));
  await expect(source.open(boot)).rejects.toThrow('changed my mind');
  await source.close();
});

test('closing at once, as an exit must, undoes the subscription without the event loop', async () => {
  const source = new ProcConnectorSource(CONFIG);
  await source.open(never);
  const before = performance.now();
  source.closeNow();
  expect(performance.now() - before).toBeLessThan(1000);
  await source.close();
  expect(await drain(source)).toBeGreaterThanOrEqual(0);
});

test('a hurry that comes after the end starts nothing any more', async () => {
  const source = new ProcConnectorSource(CONFIG);
  await source.open(never);
  await source.close();
  const timers = vi.spyOn(globalThis, 'setTimeout');
  source.hurry();
  expect(timers).not.toHaveBeenCalled();
  timers.mockRestore();
  await drain(source);
});
