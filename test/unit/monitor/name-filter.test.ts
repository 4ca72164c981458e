import { describe, expect, test } from 'vitest';
import { capture, comm, exec, exit, fork, GONE } from '../enrich/fixtures.ts';
import { startMonitor } from './scripted-source.ts';

const image = (pid: number, name: string, exe = `/usr/bin/${name}`) => capture({ pid, comm: name, exe, startMs: 1000 });

describe('a filter by name (DataDog: Callbacks)', () => {
  test('is a text or a pattern, and chooses forks, execs and exits alike', async () => {
    const { monitor, source } = await startMonitor();
    const heard: string[] = [];
    for (const kind of ['fork', 'exec', 'exit'] as const) {
      monitor.on(kind, ({ process }) => heard.push(`${kind} ${process.pid} by text`), { name: 'redis-server' });
      monitor.on(kind, ({ process }) => heard.push(`${kind} ${process.pid} by pattern`), { name: /^redis-/ });
    }
    await source.say(fork(1000, 50, 60), exec(1001, 60, image(60, 'redis-server')), fork(1002, 60, 61));
    await source.say(fork(1003, 50, 70), exec(1004, 70, image(70, 'redis-cli')), exit(1005, 70), exit(1006, 61), exit(1007, 60));
    expect(heard).toEqual([
      'exec 60 by text',
      'exec 60 by pattern',
      'fork 61 by text',
      'fork 61 by pattern',
      'exec 70 by pattern',
      'exit 70 by pattern',
      'exit 61 by text',
      'exit 61 by pattern',
      'exit 60 by text',
      'exit 60 by pattern',
    ]);
  });

  test('goes by the executable too, whose name the kernel does not cut after 15 bytes', async () => {
    const { monitor, source } = await startMonitor();
    const heard: string[] = [];
    const name = 'containerd-shim-runc-v2';
    for (const kind of ['fork', 'exec', 'exit'] as const) monitor.on(kind, ({ process }) => heard.push(`${kind} ${process.pid}`), { name });
    const shim = image(60, name.slice(0, 15), `/usr/bin/${name}`);
    await source.say(fork(1000, 50, 60), exec(1001, 60, shim), fork(1002, 60, 61), exit(1003, 61), exit(1004, 60));
    expect(heard).toEqual(['exec 60', 'fork 61', 'exit 61', 'exit 60']);
  });

  test('takes an exit by the name of its last image, kept since the exec, in spite of a later name', async () => {
    const { monitor, source } = await startMonitor();
    const pids: number[] = [];
    monitor.on('exit', ({ process }) => pids.push(process.pid), { name: 'tool' });
    await source.say(fork(1000, 50, 60), exec(1001, 60, image(60, 'tool')), comm(1002, 60, 'worker-3'), exit(1003, 60));
    await source.say(fork(2000, 50, 70), exec(2001, 70, image(70, 'tool')), exec(2002, 70, image(70, 'other')), exit(2003, 70));
    expect(pids).toEqual([60]);
  });

  test('withholds what has no known name, and counts it', async () => {
    const { monitor, source } = await startMonitor();
    const heard: unknown[] = [];
    monitor.on('exec', (event) => heard.push(event), { name: /.*/ });
    await source.say(fork(1000, 50, 60), exec(1001, 60, GONE));
    expect(heard).toEqual([]);
    expect(monitor.counters.unnamed).toBe(1);
  });

  test('does not depend on where a pattern with g found its last match', async () => {
    const { monitor, source } = await startMonitor();
    const pids: number[] = [];
    monitor.on('exec', ({ process }) => pids.push(process.pid), { name: /tool/g });
    await source.say(...[60, 70, 80].map((pid) => exec(1000 + pid, pid, image(pid, 'tool', '/opt/it'))));
    expect(pids).toEqual([60, 70, 80]);
  });
});
