import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { freePorts } from '../../helpers/free-ports.ts';

it('finds different ports that one can listen on, none of them for outgoing connections', async () => {
  const ports = await freePorts(18);
  expect(new Set(ports).size).toBe(18);
  const [first] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).split(/\s+/).map(Number);
  expect(ports.every((port) => port < (first ?? 0))).toBe(true);
  for (const port of ports) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
  }
});
