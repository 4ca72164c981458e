import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import { exec, exit, fork } from '../enrich/fixtures.ts';
import { newMonitor, startMonitor, uncaught } from './scripted-source.ts';

const REFUSED = new AgentError('NETLINK_PERMISSION', 'not permitted');

describe('starts and stops', () => {
  test('ten starts are one subscription, which the tenth stop undoes (DataDog: Refcount)', async () => {
    const { monitor, sources } = newMonitor();
    for (let n = 0; n < 10; n++) await monitor.start();
    for (let n = 0; n < 9; n++) await monitor.stop();
    expect(monitor.state).toBe('running');
    expect(sources.map(({ calls }) => calls)).toEqual([['open']]);
    await monitor.stop();
    expect(monitor.state).toBe('stopped');
    expect(sources.map(({ calls }) => calls)).toEqual([['open', 'close']]);
    await monitor.stop();
    expect(sources).toHaveLength(1);
  });

  test('starts at the same time share one subscription', async () => {
    const { monitor, sources } = newMonitor();
    await Promise.all([monitor.start(), monitor.start(), monitor.start()]);
    expect(sources).toHaveLength(1);
    await monitor.stop();
    await monitor.stop();
    expect(monitor.state).toBe('running');
    await monitor.stop();
    expect(monitor.state).toBe('stopped');
  });

  test('a stop that meets a start under way waits for it, and then undoes it', async () => {
    const { monitor, source } = await startMonitor();
    await monitor.stop();
    const [starting, stopping] = [monitor.start(), monitor.stop()];
    await Promise.all([starting, stopping]);
    expect(monitor.state).toBe('stopped');
    expect(source.calls).toEqual(['open', 'close']);
  });

  test('after the last stop a start begins anew, with the same subscribers', async () => {
    const monitored = newMonitor();
    const { monitor } = monitored;
    const pids: number[] = [];
    monitor.on('exit', ({ process }) => pids.push(process.pid));
    for (const pid of [60, 70]) {
      await monitor.start();
      await monitored.source.say(exit(1, pid));
      await monitor.stop();
    }
    expect(pids).toEqual([60, 70]);
    expect(monitor.counters).toMatchObject({ starts: 2, failures: 0, events: { exit: 2 } });
  });

  test('a start that fails says why, holds nothing, and the next one may succeed', async () => {
    let refuse = true;
    const { monitor, sources } = newMonitor({}, (source) => {
      if (refuse) source.opening = Promise.reject(REFUSED);
    });
    const failing = await Promise.allSettled([monitor.start(), monitor.start()]);
    expect(failing).toEqual([
      { status: 'rejected', reason: REFUSED },
      { status: 'rejected', reason: REFUSED },
    ]);
    expect(monitor.state).toBe('failed');
    expect(sources.map(({ calls }) => calls)).toEqual([['open', 'close']]);
    refuse = false;
    await monitor.start();
    expect(monitor.state).toBe('running');
    await monitor.stop();
    expect(monitor.state).toBe('stopped');
  });

  test('what is no AgentError becomes one, with its cause', async () => {
    const cause = new Error('out of luck');
    const monitor = new ProcessMonitor({ source: () => Promise.reject(cause) });
    await expect(monitor.start()).rejects.toMatchObject({ name: 'AgentError', message: 'out of luck', cause });
  });

  test('where the kernel cannot be heard at the start, the start is rejected with the reason', async () => {
    const { monitor, source } = failingToHear({});
    await expect(monitor.start()).rejects.toBe(REFUSED);
    expect(source().calls).toEqual(['open', 'close']);
  });

  test('… unless scanning was asked for: then a state tells', async () => {
    const { monitor } = failingToHear({ fallback: 'scan' });
    const states: unknown[] = [];
    monitor.on('state', (state) => states.push(state));
    await monitor.start();
    expect(states).toEqual([{ state: 'scanning', reason: REFUSED }]);
    await monitor.stop();
  });

  test('how the source hears is told as it changes', async () => {
    const { monitor, source } = await startMonitor();
    const states: unknown[] = [];
    monitor.on('state', ({ state }) => states.push(state));
    source.deps.onState({ state: 'listening' });
    source.deps.onState({ state: 'scanning', reason: REFUSED });
    expect(states).toEqual(['listening', 'scanning']);
  });
});

function failingToHear(options: { fallback?: 'scan' }) {
  const made = newMonitor(options, (source) => {
    source.opening = Promise.resolve().then(() => source.deps.onState({ state: 'scanning', reason: REFUSED }));
  });
  return { monitor: made.monitor, source: () => made.source };
}

describe('a lease', () => {
  test('gives back its own start only, however often it is asked', async () => {
    const { monitor } = newMonitor();
    const [one, other] = [await monitor.start(), await monitor.start()];
    await one.stop();
    await one.stop();
    await one[Symbol.asyncDispose]();
    expect(monitor.state).toBe('running');
    await other.stop();
    expect(monitor.state).toBe('stopped');
  });

  test('is void once the run has ended: it does not end a later one', async () => {
    const made = newMonitor();
    const lease = await made.monitor.start();
    await made.source.end();
    await expect.poll(() => made.monitor.state).toBe('stopped');
    await made.monitor.start();
    await lease.stop();
    expect(made.monitor.state).toBe('running');
    await made.monitor.stop();
    expect(made.monitor.state).toBe('stopped');
  });

  test('that nobody gave back is not counted in a later run', async () => {
    const made = newMonitor();
    await made.monitor.start();
    await made.source.end();
    await expect.poll(() => made.monitor.state).toBe('stopped');
    await made.monitor.start();
    await made.monitor.stop();
    expect(made.monitor.state).toBe('stopped');
  });

  test('and a monitor are given back by await using', async () => {
    const { monitor, sources } = newMonitor();
    {
      await using disposed = monitor;
      await disposed.start();
    }
    expect(monitor.state).toBe('stopped');
    {
      await using lease = await monitor.start();
      expect(lease).toBeDefined();
    }
    expect(sources.map(({ calls }) => calls)).toEqual([
      ['open', 'close'],
      ['open', 'close'],
    ]);
  });
});

describe('the shared monitor', () => {
  test('is one for all who ask (DataDog: Singleton)', () => {
    expect(ProcessMonitor.shared()).toBe(ProcessMonitor.shared());
    expect(new ProcessMonitor()).not.toBe(ProcessMonitor.shared());
  });
});

describe('a source that fails after the start (DataDog: a silent permanent stop)', () => {
  const DEAD = new AgentError('WORKER_DIED', 'the ingest thread died');

  test('is told to the listeners for errors and to every loop, after what was heard', async () => {
    const { monitor, source } = await startMonitor();
    const errors: unknown[] = [];
    monitor.on('error', (error) => errors.push(error));
    const [reading, waiting] = [monitor.events({ kinds: ['exit'] }), monitor.events({ kinds: ['exec'] })];
    const pending = waiting.next();
    const heard = source.say(exit(1, 60));
    source.fail(DEAD);
    await heard;
    await expect(pending).rejects.toBe(DEAD);
    expect(await reading.next()).toMatchObject({ value: { kind: 'EXIT' } });
    await expect(reading.next()).rejects.toBe(DEAD);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(errors).toEqual([DEAD]);
    expect(monitor.state).toBe('failed');
    expect(monitor.counters).toMatchObject({ failures: 1, subscribers: 0 });
  });

  test('leaves a monitor that can be started again, with its listeners', async () => {
    const made = newMonitor();
    const pids: number[] = [];
    made.monitor.on('error', () => undefined);
    made.monitor.on('fork', ({ process }) => pids.push(process.pid));
    await made.monitor.start();
    made.source.fail(DEAD);
    await expect.poll(() => made.monitor.state).toBe('failed');
    expect(made.source.calls).toEqual(['open', 'close']);
    await made.monitor.start();
    await made.source.say(fork(1, 50, 60));
    expect(pids).toEqual([60]);
    await made.monitor.stop();
    expect(made.monitor.counters).toMatchObject({ starts: 2, failures: 1 });
  });

  test('is never swallowed: where nobody listens it is thrown where only the process hears it', async () => {
    const thrown = uncaught();
    const made = newMonitor();
    await made.monitor.start();
    made.source.fail(DEAD);
    await expect.poll(() => thrown).toEqual([DEAD]);
  });

  test('is heard by a loop alone', async () => {
    const thrown = uncaught();
    const { monitor, source } = await startMonitor();
    const next = monitor.events().next();
    source.fail(DEAD);
    await expect(next).rejects.toBe(DEAD);
    await new Promise((resolve) => void setImmediate(resolve));
    expect(thrown).toEqual([]);
  });
});

describe('the process', () => {
  test('is kept alive, unless told', async () => {
    expect((await startMonitor()).source.calls).not.toContain('unref');
    expect((await startMonitor({ unref: true })).source.calls).toContain('unref');
  });

  test('undoes the subscription when it exits, while the monitor runs and no longer; signals are left to the user', async () => {
    const signals = process.eventNames().filter((name) => String(name).startsWith('SIG'));
    const before = process.listeners('exit');
    const { monitor, source } = await startMonitor();
    const [added, ...more] = process.listeners('exit').filter((listener) => !before.includes(listener));
    expect(more).toEqual([]);
    added?.(0);
    expect(source.calls).toEqual(['open', 'closeNow']);
    monitor.stopNow();
    expect(source.calls).toEqual(['open', 'closeNow', 'closeNow']);
    expect(process.eventNames().filter((name) => String(name).startsWith('SIG'))).toEqual(signals);
    await monitor.stop();
    expect(process.listeners('exit')).toEqual(before);
    monitor.stopNow();
    expect(source.calls.filter((call) => call === 'closeNow')).toHaveLength(2);
  });
});

test('what is heard between the start and the first turn of the subscribers is not missed', async () => {
  const pids: number[] = [];
  const made = newMonitor({}, (source) => void source.say(exec(1, 60), exit(2, 60)));
  made.monitor.on('exit', ({ process }) => pids.push(process.pid));
  await made.monitor.start();
  await made.monitor.stop();
  expect(pids).toEqual([60]);
});
