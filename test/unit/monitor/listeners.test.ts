import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../src/core/errors.ts';
import type { ExecRecord, ExitRecord, ForkRecord } from '../../../src/monitor/records.ts';
import { ProcessMonitor } from '../../../src/monitor/process-monitor.ts';
import { capture, comm, exec, exit, fork, uid } from '../enrich/fixtures.ts';
import { startMonitor } from './scripted-source.ts';
import type { SubscribeOptions } from '../../../src/monitor/subscribing.ts';

const image = (pid: number, comm: string, exe = `/usr/bin/${comm}`) => capture({ pid, comm, exe, startMs: 1000, argv: [comm, '-v'] });
/** A process from its fork to its end. */
const life = (pid: number, name: string) => [fork(1000, 50, pid), exec(1001, pid, image(pid, name)), exit(1002, pid, { code: 256 })];

describe('listeners', () => {
  test('get typed events: the group that a kind carries is there, ids are text', async () => {
    const { monitor, source } = await startMonitor();
    const got: [ForkRecord?, ExecRecord?, ExitRecord?] = [];
    monitor.on('fork', (event) => (got[0] = event));
    monitor.on('exec', (event) => {
      if (event.kind === 'EXEC') got[1] = event;
    });
    monitor.on('exit', (event) => (got[2] = event));
    await source.say(...life(60, 'tool'));
    const [forked, execed, exited] = got;
    expect(forked?.fork.is_thread).toBe(false);
    expect(forked?.parent?.pid).toBe(50);
    expect(execed?.exec.from_thread).toBeNull();
    expect(execed?.process.args).toEqual(['tool', '-v']);
    expect(exited?.exit.code).toBe(1);
    const id = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/;
    expect(forked?.process.entity_id).toMatch(id);
    expect([execed?.process.entity_id, exited?.process.entity_id]).toEqual([forked?.process.entity_id, forked?.process.entity_id]);
    expect(exited?.process.exec_id).toBe(execed?.process.exec_id);
    expect([forked?.sequence, execed?.sequence, exited?.sequence]).toEqual([1, 2, 3]);
  });

  test('are as many as there are: ten for exec and ten for exit all hear (DataDog: RegisterMultipleCallbacks)', async () => {
    const { monitor, source } = await startMonitor();
    const heard: string[] = [];
    for (let n = 0; n < 10; n++) {
      monitor.on('exec', ({ process }) => heard.push(`exec ${n} ${process.pid}`));
      monitor.on('exit', ({ process }) => heard.push(`exit ${n} ${process.pid}`));
    }
    await source.say(...life(60, 'tool'));
    const ten = Array.from({ length: 10 }, (_, n) => n);
    expect(heard).toEqual([...ten.map((n) => `exec ${n} 60`), ...ten.map((n) => `exit ${n} 60`)]);
    expect(monitor.counters).toMatchObject({ calls: 20, subscribers: 20, dropped: 0, events: { fork: 1, exec: 1, exit: 1 } });
  });

  test('all get the same record of an event', async () => {
    const { monitor, source } = await startMonitor();
    const records: unknown[] = [];
    for (const name of [/./, 'tool']) monitor.on('exec', (event) => records.push(event), { name });
    await source.say(...life(60, 'tool'));
    expect(records).toHaveLength(2);
    expect(records[0]).toBe(records[1]);
  });

  test('hear every kind there is', async () => {
    const { monitor, source } = await startMonitor();
    const heard: unknown[] = [];
    monitor.on('uid', ({ kind, ids }) => heard.push(kind, ids.new_real));
    monitor.on('comm', ({ kind, comm: { old } }) => heard.push(kind, old));
    await source.say(...life(60, 'tool').slice(0, 2), uid(1002, 60, [5, 5]), comm(1003, 60, 'new'));
    expect(heard).toEqual(['UID', 5, 'COMM', 'tool']);
  });

  test('subscribed in the middle of a run hear from then on, with what is known since earlier', async () => {
    const { monitor, source } = await startMonitor();
    const [forked, execed, exited] = life(60, 'tool');
    await source.say(forked!, execed!);
    const heard: unknown[] = [];
    monitor.on('exit', ({ process }) => heard.push(process.exe));
    await source.say(exited!);
    expect(heard).toEqual(['/usr/bin/tool']);
  });

  test('are subscribed once for the same: again is an error, another kind or filter is not (DataDog: Basics)', async () => {
    const { monitor } = await startMonitor();
    const listener = (): void => undefined;
    monitor.on('exec', listener);
    monitor.on('exec', listener, { name: 'tool' });
    monitor.on('exec', listener, { name: 'other' });
    monitor.on('exec', listener, { name: /tool/ });
    monitor.on('exec', listener, { name: /tool/i });
    monitor.on('exit', listener);
    monitor.on('gap', listener);
    const again: (() => unknown)[] = [
      () => monitor.on('exec', listener),
      () => monitor.on('exec', listener, { name: 'tool', existing: true }),
      () => monitor.on('exec', listener, { name: new RegExp('tool') }),
      () => monitor.on('gap', listener),
    ];
    for (const subscribe of again) expect(subscribe).toThrow(expect.objectContaining({ code: 'SUBSCRIPTION_DUPLICATE' }));
    expect(monitor.counters.subscribers).toBe(6);
  });

  test('can be unsubscribed twice, which ends one subscription and no other (DataDog: double unsubscribe)', async () => {
    const { monitor, source } = await startMonitor();
    const heard: string[] = [];
    const listener = (): void => void heard.push('it');
    const gapListener = (): void => undefined;
    const unsubscribe = monitor.on('exec', listener);
    const unsubscribeGap = monitor.on('gap', gapListener);
    monitor.on('exec', () => void heard.push('other'));
    unsubscribe();
    unsubscribeGap();
    monitor.on('exec', listener);
    monitor.on('gap', gapListener);
    unsubscribe();
    unsubscribeGap();
    await source.say(...life(60, 'tool'));
    expect(heard).toEqual(['other', 'it']);
    expect(() => monitor.on('gap', gapListener)).toThrow(AgentError);
  });

  test('hear nothing more once unsubscribed, not even the event at hand (DataDog: counts stop)', async () => {
    const { monitor, source } = await startMonitor();
    const heard: number[] = [];
    monitor.on('exit', () => second());
    const second = monitor.on('exit', ({ process }) => heard.push(process.pid));
    await source.say(exit(1, 60), exit(2, 70));
    expect(heard).toEqual([]);
    expect(monitor.counters).toMatchObject({ calls: 2, subscribers: 1 });
  });

  test('are unsubscribed by using', async () => {
    const { monitor } = await startMonitor();
    {
      using subscription = monitor.on('exec', () => undefined);
      expect(subscription.dropped).toBe(0);
      expect(monitor.counters.subscribers).toBe(1);
    }
    expect(monitor.counters.subscribers).toBe(0);
  });

  test.each([false, true])(
    'hear of processes, not of their threads, unless told (DataDog: exits of threads fire); threads: %s',
    async (threads) => {
      const { monitor, source } = await startMonitor({ threads });
      const heard: string[] = [];
      for (const kind of ['fork', 'exit'] as const) monitor.on(kind, ({ process }) => heard.push(`${kind} ${process.pid} ${process.tid}`));
      await source.say(fork(1, 50, 60), fork(2, 50, { pid: 60, tid: 61 }), exit(3, { pid: 60, tid: 61 }), exit(4, 60));
      const ofThread = ['fork 60 61', 'exit 60 61'];
      expect(heard).toEqual(['fork 60 null', ...(threads ? ofThread : []), 'exit 60 null']);
    },
  );

  test('cost nothing while nobody wants a kind: no event is made of it', async () => {
    const { monitor, source } = await startMonitor();
    await source.say(...life(60, 'tool'));
    const sequences: number[] = [];
    monitor.on('exit', ({ sequence }) => sequences.push(sequence));
    await source.say(...life(70, 'tool'));
    expect(sequences).toEqual([1]);
    expect(monitor.counters.events).toMatchObject({ fork: 2, exec: 2, exit: 2 });
  });

  test('of what does not exist are refused', () => {
    const monitor = new ProcessMonitor();
    const on = (kind: string) => () => monitor.on(kind as 'exec', () => undefined);
    expect(on('forks')).toThrow(/"forks"/);
    expect(on('FORK')).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(() => monitor.on('exec', undefined as unknown as () => void)).toThrow(/no function/);
    expect(() => monitor.events({ kinds: ['execs' as 'exec'] })).toThrow(/"execs"/);
    expect(() => monitor.on('exec', () => undefined, { highWaterMark: 0 })).toThrow(/highWaterMark 0/);
    expect(() => monitor.events({ highWaterMark: 1.5 })).toThrow(/highWaterMark 1.5/);
    const refused = (options: unknown): unknown => {
      try {
        monitor.on('exec', () => undefined, options as SubscribeOptions);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(refused({ nmae: 'sh' })).toMatchObject({ code: 'USAGE', message: 'nmae is no option' });
    expect(refused({ name: 5 })).toMatchObject({ code: 'USAGE', message: 'name 5 is no filter' });
    expect(refused({ existing: 'yes' })).toMatchObject({ code: 'USAGE', message: 'existing "yes" is no choice' });
    expect(refused(5)).toMatchObject({ code: 'USAGE', message: 'what follows the listener are no options' });
    expect(() => monitor.events({ kinds: [] })).toThrow('kinds is no list with a kind in it');
    expect(monitor.counters.subscribers).toBe(0);
  });
});
