import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { waitFor } from './wait-for.ts';

const PATIENCE_MS = 10 * 60_000;

/** Where servers that tests start are kept between runs and shared by all checkouts. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  return env['FORKCAST_TEST_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'forkcast-test');
}

/**
 * The folder `name` of the cache. The first who asks fills it, others wait meanwhile, in this process or another; it gets its name when it is
 * whole, so a run that is killed leaves nothing that looks finished.
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const place = join(cacheRoot(), name);
  if (existsSync(place)) return place;
  await mkdir(dirname(place), { recursive: true });
  const lock = await lockOf(place);
  try {
    if (!existsSync(place)) await fillAndName(place, fill);
  } finally {
    await new Promise((released) => lock.close(released));
  }
  return place;
}

async function fillAndName(place: string, fill: (folder: string) => Promise<void>): Promise<void> {
  // One name for all is enough under the lock, and sweeps what a killed run has left.
  const unfinished = `${place}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished);
  await fill(unfinished);
  await rename(unfinished, place);
}

/** A listening socket with an abstract name: the kernel drops it with its holder. */
function lockOf(place: string): Promise<Server> {
  const name = `\0forkcast-cache-${createHash('sha256').update(place).digest('hex').slice(0, 32)}`;
  const attempt = (): Promise<Server | undefined> =>
    new Promise((resolve, reject) => {
      const server = createServer((socket) => socket.destroy());
      server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
      server.listen(name, () => resolve(server));
    });
  return waitFor(attempt, { what: `another run to fill ${place}`, timeoutMs: PATIENCE_MS, everyMs: 100 });
}
