import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';

const SPAN = 10_000;

/**
 * Ports of 127.0.0.1 that nobody listens on. They lie below those that the kernel gives to outgoing connections: a client that tries again and
 * again to reach a broker that is down would sooner or later be given the broker's own port, be connected to itself, and keep it.
 */
export async function freePorts(count: number): Promise<number[]> {
  const below = await firstOutgoingPort();
  const ports = new Set<number>();
  for (let attempts = 0; ports.size < count; attempts++) {
    if (attempts > 50 * count) throw new Error(`${count} free ports below ${below} are not to be found on 127.0.0.1`);
    const port = randomInt(Math.max(1024, below - SPAN), below);
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}

async function firstOutgoingPort(): Promise<number> {
  const first = Number((await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split(/\s+/)[0]);
  // Where all ports are for outgoing connections there is no better place.
  return first > 2048 ? first : 65_536;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
