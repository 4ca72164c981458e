import { describe, expect, test } from 'vitest';
import type { AgentError } from '../../../src/core/errors.ts';
import { exec, exit } from '../enrich/fixtures.ts';
import { startMonitor, uncaught } from './scripted-source.ts';

const turn = () => new Promise((resolve) => void setImmediate(resolve));

describe('a listener that fails', () => {
  const boom = new Error('boom');

  test('stops neither the others nor the stream, and is told to the listeners for errors', async () => {
    const { monitor, source } = await startMonitor();
    const errors: AgentError[] = [];
    const pids: number[] = [];
    monitor.on('error', (error) => errors.push(error));
    monitor.on('exec', () => {
      throw boom;
    });
    monitor.on('exec', () => Promise.reject(boom));
    monitor.on('gap', () => Promise.reject(boom));
    monitor.on('exec', ({ process }) => pids.push(process.pid));
    await source.say(exec(1, 60), exec(2, 70));
    await turn();
    expect(pids).toEqual([60, 70]);
    expect(errors.map(({ code, cause, message }) => [code, cause, message])).toEqual(
      Array.from({ length: 4 }, () => ['LISTENER_FAILED', boom, 'a listener for exec failed: boom']),
    );
    expect(monitor.counters.failedCalls).toBe(4);
    expect(monitor.state).toBe('running');
  });

  test('is never swallowed: where nobody listens for errors, what it threw is thrown where only the process hears it', async () => {
    const thrown = uncaught();
    const { monitor, source } = await startMonitor();
    monitor.on('exec', () => {
      throw boom;
    });
    monitor.on('state', () => Promise.reject(boom));
    await source.say(exec(1, 60));
    source.deps.onState({ state: 'listening' });
    await turn();
    expect(thrown).toEqual([boom, boom]);
    expect(monitor.state).toBe('running');
  });

  test('for errors is not called about itself', async () => {
    const thrown = uncaught();
    const { monitor, source } = await startMonitor();
    let calls = 0;
    monitor.on('error', () => {
      calls += 1;
      throw new Error('worse');
    });
    monitor.on('exec', () => {
      throw boom;
    });
    await source.say(exec(1, 60));
    await turn();
    expect(calls).toBe(1);
    expect(thrown).toEqual([new Error('worse')]);
  });
});

describe('a listener that returns promises', () => {
  test('is called for one event at a time, in order; what does not fit meanwhile is dropped, counted and told (DataDog: callback queue full)', async () => {
    const { monitor, source } = await startMonitor();
    const calls: [pid: number, missed: number, finish: () => void][] = [];
    const slow = monitor.on(
      'exit',
      ({ process }, missed) => new Promise<void>((finish) => void calls.push([process.pid, missed, finish])),
      { highWaterMark: 3 },
    );
    const quick: number[] = [];
    monitor.on('exit', ({ process }) => quick.push(process.pid));
    await source.say(...[1, 2, 3, 4, 5, 6].map((pid) => exit(pid, pid)));
    expect(calls.map(([pid]) => pid)).toEqual([1]);
    expect(quick).toEqual([1, 2, 3, 4, 5, 6]);
    expect(slow.dropped).toBe(2);
    expect(monitor.counters).toMatchObject({ dropped: 2, calls: 7 });
    calls[0]?.[2]();
    await turn();
    await source.say(exit(7, 7));
    for (let n = 1; n < 5; n++) {
      calls[n]?.[2]();
      await turn();
    }
    expect(calls.map(([pid, missed]) => [pid, missed])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [7, 2],
    ]);
    await source.say(exit(8, 8));
    expect(calls.at(-1)?.slice(0, 2)).toEqual([8, 0]);
  });

  test('is told of what was dropped last even when its next event comes much later', async () => {
    const { monitor, source } = await startMonitor();
    let finish = (): void => undefined;
    const told: [number, number][] = [];
    monitor.on(
      'exit',
      ({ process }, missed) => {
        told.push([process.pid, missed]);
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { highWaterMark: 1 },
    );
    await source.say(exit(1, 1), exit(2, 2), exit(3, 3));
    for (let n = 0; n < 2; n++) {
      finish();
      await turn();
    }
    await source.say(exit(4, 4));
    expect(told).toEqual([
      [1, 0],
      [2, 0],
      [4, 1],
    ]);
  });

  test('gets nothing that waits once it is unsubscribed', async () => {
    const { monitor, source } = await startMonitor();
    const pids: number[] = [];
    const unsubscribe = monitor.on('exit', async ({ process }) => {
      pids.push(process.pid);
      await turn();
    });
    await source.say(exit(1, 1), exit(2, 2));
    unsubscribe();
    await turn();
    await turn();
    expect(pids).toEqual([1]);
  });

  test('may stop the monitor itself', async () => {
    const { monitor, source } = await startMonitor();
    monitor.on('exit', () => monitor.stop());
    await source.say(exit(1, 1));
    await expect.poll(() => monitor.state).toBe('stopped');
  });
});
