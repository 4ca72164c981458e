import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { NodeConnectionOptions } from '@nats-io/transport-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AgentProcess } from '../../helpers/agent-process.ts';
import { makeCertificates } from '../../helpers/certificates.ts';
import type { TlsFiles } from '../../helpers/certificates.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { MortalProcess } from '../../helpers/mortal-process.ts';
import { NatsAdmin } from '../../helpers/nats/admin.ts';
import { binaryOf, chooseBinary, missingNats } from '../../helpers/nats/server-binary.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { waitFor } from '../../helpers/wait-for.ts';

const RECIPES = resolve(import.meta.dirname, '../../../deploy/nats');
/** The first start builds the server. */
const TEST_MS = 10 * 60_000;
const PATIENCE_MS = 60_000;
const STREAM = 'FORKCAST';

interface Ports {
  readonly client: number;
  readonly monitoring: number;
  readonly cluster: number;
  readonly leaf: number;
}

interface Site {
  readonly binary: string;
  readonly dir: string;
  readonly tls: TlsFiles;
  /** Of the servers of the cluster, in the order of their numbers. */
  readonly hub: readonly Ports[];
}

/** A recipe as it is, but for ports, paths and names of hosts. */
async function recipe(file: string, name: string, { dir, tls, hub }: Site, own: Ports): Promise<string> {
  const replaced: [RegExp, string][] = [
    [/0\.0\.0\.0:4222/g, `127.0.0.1:${own.client}`],
    [/127\.0\.0\.1:8222/g, `127.0.0.1:${own.monitoring}`],
    [/0\.0\.0\.0:6222/g, `127.0.0.1:${own.cluster}`],
    [/0\.0\.0\.0:7422/g, `127.0.0.1:${own.leaf}`],
    [/\/var\/lib\/nats/g, join(dir, name)],
    [/\/etc\/nats\/server\.pem/g, tls.server.cert],
    [/\/etc\/nats\/server\.key/g, tls.server.key],
    [/\/etc\/nats\/ca\.pem/g, tls.ca],
  ];
  let text = await readFile(join(RECIPES, file), 'utf8');
  for (const [pattern, replacement] of replaced) text = text.replace(pattern, () => replacement);
  return text.replaceAll(/nats-(\d)\.example:(6222|7422)/g, (_, number: string, port: string) => {
    const ports = hub[Number(number) - 1] as Ports;
    return `127.0.0.1:${port === '6222' ? ports.cluster : ports.leaf}`;
  });
}

async function isUp({ monitoring }: Ports): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${monitoring}/healthz`, { headers: { connection: 'close' } });
  return answer.ok;
}

/** Runs when its JetStream takes requests. */
async function start(file: string, name: string, site: Site, own: Ports): Promise<void> {
  const config = join(site.dir, `${name}.conf`);
  await writeFile(config, await recipe(file, name, site, own));
  const env = [`NATS_NAME=${name}`, 'NATS_DOMAIN=site-a'];
  const server = new MortalProcess(['env', ...env, site.binary, '-c', config], join(site.dir, `${name}.log`));
  onTestFinished(() => server.end('SIGKILL'));
  await server.start(() => isUp(own), PATIENCE_MS, 20);
}

async function adminAt({ client }: Ports, { tls }: Site): Promise<NatsAdmin> {
  const adminOptions: NodeConnectionOptions = {
    servers: [`127.0.0.1:${client}`],
    user: 'admin',
    pass: 'change-me-admin',
    tls: { caFile: tls.ca },
  };
  const admin = await NatsAdmin.connect({ adminOptions });
  onTestFinished(() => admin.close());
  return admin;
}

async function portsFor(count: number): Promise<Ports[]> {
  const free = await freePorts(4 * count);
  return Array.from({ length: count }, (_, index) => {
    const [client = 0, monitoring = 0, cluster = 0, leaf = 0] = free.slice(4 * index);
    return { client, monitoring, cluster, leaf };
  });
}

/** Creates it from the very file, as `nats stream add --config` does. */
async function createHubStream({ connection }: NatsAdmin): Promise<void> {
  const config = await readFile(join(RECIPES, 'hub-stream.json'));
  const answer = await connection.request(`$JS.API.STREAM.CREATE.${STREAM}`, config, { timeout: PATIENCE_MS });
  expect(answer.json<{ error?: unknown }>().error).toBeUndefined();
}

async function identitiesIn(admin: NatsAdmin): Promise<string[]> {
  const messages = await admin.read(STREAM);
  return messages.map(({ headers }) => headers.get('Nats-Msg-Id')).toSorted();
}

describe.skipIf((await missingNats()) !== undefined)('the recipes in deploy/nats', () => {
  it(
    'bring what an agent delivers to the server of its site into the stream of the cluster, each event once',
    async () => {
      const dir = await tempDir();
      const [leaf, ...hub] = (await portsFor(4)) as [Ports, ...Ports[]];
      const site: Site = { binary: await binaryOf(await chooseBinary()), dir, tls: await makeCertificates(dir), hub };
      const starting = Promise.all(hub.map((ports, index) => start('cluster.conf', `nats-${index + 1}`, site, ports)));
      await start('leaf.conf', 'site-a', site, leaf);

      const password = join(dir, 'password');
      await writeFile(password, 'change-me-forkcast\n');
      const file = join(dir, 'forkcast.json');
      const sink = {
        type: 'nats',
        servers: [`tls://127.0.0.1:${leaf.client}`],
        tls: { ca: site.tls.ca },
        auth: { user: 'forkcast', password: `file:${password}` },
        ensure_stream: { max_size: '64MiB', discard: 'new' },
      };
      await writeFile(file, JSON.stringify({ source: { type: 'synthetic', synthetic: { rate: 500 } }, sinks: { siem: sink } }));
      const agent = new AgentProcess({ dir, eyes: true, args: ['-c', file] });

      const atSite = await adminAt(leaf, site);
      await waitFor(async () => (await atSite.count(STREAM)) > 500, {
        what: '500 events in the stream of the site',
        timeoutMs: PATIENCE_MS,
      });
      await starting;
      const atHub = await adminAt(hub[0] as Ports, site);
      await createHubStream(atHub);
      const { code, stderr } = await agent.stop();
      expect(code, stderr).toBe(0);

      const sent = await identitiesIn(atSite);
      expect(new Set(sent).size).toBe(sent.length);
      await waitFor(async () => (await atHub.count(STREAM)) >= sent.length, {
        what: 'all of it in the stream of the cluster',
        timeoutMs: PATIENCE_MS,
      });
      expect(await identitiesIn(atHub)).toEqual(sent);
      const { config, cluster } = await atHub.info(STREAM);
      expect([config.num_replicas, cluster?.replicas?.length]).toEqual([3, 2]);
    },
    TEST_MS,
  );
});
