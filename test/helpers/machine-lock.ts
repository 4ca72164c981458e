import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * One run at a time on the machine for tests that measure the live kernel. The lock is a listening socket with an abstract name: the kernel
 * drops it with its holder, so nothing is ever left behind. Each project of a run sets up on its own, in an instance of this module of its
 * own, so the run's hold is kept on `globalThis` and counted.
 */
const NAME = '\0forkcast-kernel-tests';
const PATIENCE_MS = 15 * 60_000;

interface Hold {
  readonly lock: Promise<Server>;
  holders: number;
}

const HOLD = Symbol.for('forkcast.machine-lock');
const run = globalThis as { [HOLD]?: Hold };

function tryLock(): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(NAME, () => {
      server.unref();
      resolve(server);
    });
  });
}

async function waitForLock(): Promise<Server> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let told = false; ; told = true) {
    const lock = await tryLock();
    if (lock !== undefined) return lock;
    if (!told) process.stderr.write('Waiting for another run of the kernel tests on this machine …\n');
    if (Date.now() > deadline) throw new Error(`Another run of the kernel tests has not ended for ${PATIENCE_MS / 60_000} minutes`);
    await pause(250);
  }
}

export default async function lockMachine(): Promise<() => Promise<void>> {
  const hold = (run[HOLD] ??= { lock: waitForLock(), holders: 0 });
  hold.holders++;
  const lock = await hold.lock;
  return async () => {
    if (--hold.holders > 0) return;
    delete run[HOLD];
    await new Promise<void>((resolve) => {
      lock.close(() => resolve());
    });
  };
}
