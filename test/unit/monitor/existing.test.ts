import { describe, expect, test } from 'vitest';
import type { MonitorKind, RecordOf } from '../../../src/monitor/records.ts';
import { capture, exec, exit, fork } from '../enrich/fixtures.ts';
import { found, listing, newMonitor, scan, startMonitor } from './scripted-source.ts';

const NGINX = { pid: 60, comm: 'nginx', exe: '/usr/sbin/nginx' };
const REDIS = { pid: 70, comm: 'redis-server', exe: '/usr/bin/redis-server' };

function collect() {
  const heard: string[] = [];
  const listener = ({ kind, process }: RecordOf<MonitorKind>): void => void heard.push(`${kind} ${process.pid}`);
  return { heard, listener };
}

describe('processes that ran before the start (DataDog: the start-up scan fires for existing processes)', () => {
  test('are told as SNAPSHOT to subscribers for exec who were there, chosen by name, and to nobody else', async () => {
    const made = newMonitor();
    const [all, named, exits, declined] = [collect(), collect(), collect(), collect()];
    made.monitor.on('exec', all.listener);
    made.monitor.on('exec', named.listener, { name: /^redis/ });
    made.monitor.on('exit', exits.listener);
    made.monitor.on('exec', declined.listener, { existing: false });
    await made.monitor.start();
    await made.source.say(...listing(NGINX, REDIS));
    expect(all.heard).toEqual(['SNAPSHOT 60', 'SNAPSHOT 70']);
    expect(named.heard).toEqual(['SNAPSHOT 70']);
    expect([...exits.heard, ...declined.heard]).toEqual([]);
    expect(await made.monitor.listed()).toBe(true);
    await made.monitor.stop();
    expect(await made.monitor.listed()).toBe(false);
    await made.monitor.start();
    const listed = made.monitor.listed();
    await made.monitor.stop();
    expect(await listed).toBe(false);
  });

  test('are told to a loop likewise', async () => {
    const made = newMonitor();
    const events = made.monitor.events();
    await made.monitor.start();
    await made.source.say(...listing(NGINX));
    expect(await events.next()).toMatchObject({ value: { kind: 'SNAPSHOT', process: { pid: 60, exe: '/usr/sbin/nginx' } } });
    await made.monitor.stop();
  });

  test('are told at each start anew', async () => {
    const made = newMonitor();
    const [early, late] = [collect(), collect()];
    made.monitor.on('exec', early.listener);
    for (let n = 0; n < 2; n++) {
      await made.monitor.start();
      if (n === 0) made.monitor.on('exec', late.listener);
      await made.source.say(...listing(NGINX));
      await made.monitor.stop();
    }
    expect(early.heard).toEqual(['SNAPSHOT 60', 'SNAPSHOT 60']);
    expect(late.heard).toEqual(['SNAPSHOT 60']);
  });

  test('are told to whoever comes later and asks, before anything else; only those that still run, as what they are by then', async () => {
    const { monitor, source } = await startMonitor();
    await source.say(
      ...listing(NGINX, REDIS),
      fork(1000, 60, 80),
      exec(1001, 80, capture({ pid: 80, comm: 'sh', startMs: 1000 })),
      exit(1002, 70),
    );
    const [asking, named, silent, exits] = [collect(), collect(), collect(), collect()];
    // Heard by then, but not yet told to anybody.
    const said = source.say(exec(1003, 80, capture({ pid: 80, comm: 'sh', startMs: 1000 })));
    monitor.on('exec', asking.listener, { existing: true });
    monitor.on('exec', named.listener, { existing: true, name: 'nginx' });
    monitor.on('exec', silent.listener);
    monitor.on('exit', exits.listener, { existing: true });
    expect(asking.heard).toEqual([]);
    await said;
    expect(asking.heard).toEqual(['SNAPSHOT 60', 'SNAPSHOT 80', 'EXEC 80']);
    expect(named.heard).toEqual(['SNAPSHOT 60']);
    expect(silent.heard).toEqual(['EXEC 80']);
    expect(exits.heard).toEqual([]);
  });

  test('are told once to whoever asks while the listing is under way, and not at all to whoever does not', async () => {
    const { monitor, source } = await startMonitor();
    // The parent of 90 is a mere pid until the listing comes to it.
    await source.say(scan('BEGIN'), found(NGINX), fork(1000, 60, 80), fork(1001, REDIS.pid, 90));
    const [asking, silent] = [collect(), collect()];
    monitor.on('exec', asking.listener, { existing: true });
    monitor.on('exec', silent.listener);
    const listed = monitor.listed();
    const turn = new Promise((resolve) => void setImmediate(resolve, 'not yet'));
    expect(await Promise.race([listed, turn])).toBe('not yet');
    await source.say(found(REDIS), scan('END'));
    expect(await listed).toBe(true);
    expect(asking.heard.toSorted()).toEqual(['SNAPSHOT 60', 'SNAPSHOT 70', 'SNAPSHOT 80', 'SNAPSHOT 90']);
    expect(silent.heard).toEqual([]);
  });

  test('do not count against the bound of whoever asks', async () => {
    const { monitor, source } = await startMonitor();
    await source.say(...listing(...Array.from({ length: 20 }, (_, n) => ({ pid: 100 + n }))));
    const events = monitor.events({ existing: true, highWaterMark: 5 });
    await source.say(exit(1, 1));
    expect(events.dropped).toBe(1);
    for (let n = 0; n < 20; n++) expect(await events.next()).toMatchObject({ value: { kind: 'SNAPSHOT', process: { pid: 100 + n } } });
    expect(await events.next()).toMatchObject({ value: { kind: 'GAP', gap: { count: 1, stage: 'subscriber' } } });
  });
});

describe('processes that are found later, because their own events were lost', () => {
  test('are told to all subscribers for exec: they missed them', async () => {
    const { monitor, source } = await startMonitor();
    await source.say(...listing(NGINX));
    const [late, declined] = [collect(), collect()];
    monitor.on('exec', late.listener);
    monitor.on('exec', declined.listener, { existing: false });
    await source.say(scan('BEGIN', 'loss', 2000), found(REDIS, 'loss'), scan('END', 'loss', 2000));
    expect(late.heard).toEqual(['SNAPSHOT 70']);
    expect(declined.heard).toEqual(['SNAPSHOT 70']);
  });
});

describe('asking for a pid', () => {
  test('gives what is known of the process that runs with it', async () => {
    const { monitor, source } = await startMonitor();
    await source.say(...listing(NGINX), fork(1000, 60, 80));
    const nginx = monitor.get(60);
    expect(nginx).toMatchObject({ kind: 'SNAPSHOT', sequence: 0, process: { pid: 60, name: 'nginx', exe: '/usr/sbin/nginx' } });
    expect(monitor.get(80)).toMatchObject({ process: { exec_id: null }, parent: { pid: 60, entity_id: nginx?.process.entity_id } });
    expect(monitor.get(1)).toBeUndefined();
    await source.say(exit(2000, 80));
    expect(monitor.get(80)).toBeUndefined();
    await monitor.stop();
    expect(monitor.get(60)).toBeUndefined();
  });
});
