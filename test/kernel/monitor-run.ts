import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker, isMainThread } from 'node:worker_threads';
import type { AgentError } from '../../src/core/errors.ts';
import { ProcessMonitor } from '../../src/monitor/process-monitor.ts';

/** Run by `monitor.test.ts` as a process of its own, each time to another end. */
const [end = ''] = process.argv.slice(2);
const monitor = new ProcessMonitor({ receiveBufferBytes: 1 << 20, unref: end === 'nothing left to do' });

async function tenUpAndDown(): Promise<void> {
  for (let n = 0; n < 10; n += 1) await monitor.start();
  for (let n = 0; n < 10; n += 1) await monitor.stop();
}

async function untilAChildEnds(): Promise<void> {
  const events = monitor.events({ kinds: ['exec'], name: 'monitor-probe' });
  await monitor.start();
  // A listing that is under way may see a process before its messages are read.
  await monitor.listed();
  process.stdout.write('started\n');
  for await (const event of events) {
    if (event.kind === 'GAP') continue;
    process.stdout.write(`${event.kind} ${event.process.exe}\n`);
    break;
  }
  await monitor.stop();
}

async function inAWorker(): Promise<void> {
  if (isMainThread) return void (await once(new Worker(new URL(import.meta.url), { argv: [end] }), 'exit'));
  try {
    await monitor.start();
  } catch (error) {
    const { code, fix } = error as AgentError;
    process.stdout.write(`${code}: ${fix}\n`);
  }
}

const ENDS: Readonly<Record<string, () => Promise<unknown>>> = {
  'ten starts and ten stops': tenUpAndDown,
  'two starts at once and their leases': async () => {
    for (const lease of await Promise.all([monitor.start(), monitor.start()])) await lease.stop();
  },
  'a restart': async () => {
    for (let n = 0; n < 2; n += 1) {
      await monitor.start();
      await monitor.stop();
    }
  },
  'nothing left to do': () => monitor.start(),
  'process.exit': async () => {
    await monitor.start();
    process.exit(3);
  },
  'an error nobody caught': async () => {
    monitor.on('exec', () => {
      throw new Error('boom');
    });
    await monitor.start();
    await sleep(60_000);
  },
  'a handler of its own for SIGTERM': async () => {
    process.once('SIGTERM', () => {
      monitor.stop().then(
        () => process.stdout.write('stopped\n'),
        () => undefined,
      );
    });
    await monitor.start();
    process.kill(process.pid, 'SIGTERM');
  },
  'a worker thread': inAWorker,
  'a child': untilAChildEnds,
};

await ENDS[end]?.();
