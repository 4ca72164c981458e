import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificates } from '../certificates.ts';
import { freePorts } from '../free-ports.ts';
import { binaryOf, chooseBinary } from './server-binary.ts';
import type { NatsOptions, NatsPlace } from './server-config.ts';
import { NatsServer } from './server.ts';

/** Ports that were free may be taken when servers come to listen on them. */
const ATTEMPTS = 3;
const PORTS_EACH = 3;

/** A server on 127.0.0.1, on free ports, with which clients may talk. */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const [server] = await startServers(1, options);
  return server as NatsServer;
}

/** Several know each other by routes. */
export async function startServers(count: number, options: NatsOptions): Promise<readonly NatsServer[]> {
  const binary = await binaryOf(await chooseBinary());
  for (let attempt = 1; ; attempt++) {
    const servers = (await placesOf(count, options)).map((place) => new NatsServer(binary, place, options));
    const started = await Promise.allSettled(servers.map((server) => server.restart()));
    const failed = started.find((one) => one.status === 'rejected');
    if (failed === undefined) return servers;
    await Promise.all(servers.map((server) => server.close()));
    if (attempt === ATTEMPTS || !String(failed.reason).includes('address already in use')) throw failed.reason;
  }
}

async function placesOf(count: number, options: NatsOptions): Promise<NatsPlace[]> {
  const ports = await freePorts(PORTS_EACH * count);
  const portOf = (index: number, which: number): number => ports[PORTS_EACH * index + which] as number;
  const folders = await Promise.all(Array.from({ length: count }, () => mkdtemp(join(tmpdir(), 'forkcast-test-nats-'))));
  const tls = options.tls === undefined ? undefined : await makeCertificates(folders[0] as string);
  const routes = folders.map((_, index) => `nats://127.0.0.1:${portOf(index, 2)}`);
  return folders.map((folder, index) => ({
    name: `n${index + 1}`,
    port: portOf(index, 0),
    monitoringPort: portOf(index, 1),
    folder,
    tls,
    ...(count === 1 ? {} : { cluster: { port: portOf(index, 2), routes } }),
  }));
}
