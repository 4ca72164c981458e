import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';
import { DEFAULT_PORT } from '../../src/sink/nats/servers-setting.ts';
import { configFile } from '../unit/config/refusal.ts';

const root = resolve(import.meta.dirname, '../..');
const text = (path: string) => readFile(join(root, path), 'utf8');

interface Lock {
  readonly packages: Readonly<
    Record<string, { version?: string; resolved?: string; integrity?: string; hasInstallScript?: boolean; link?: boolean }>
  >;
}

describe('package-lock.json', () => {
  it('names no download addresses, so that it works behind any registry, and a digest for every package', async () => {
    const { packages } = JSON.parse(await text('package-lock.json')) as Lock;
    const entries = Object.entries(packages).filter(([path]) => path !== '');
    expect(entries.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([]);
    expect(entries.filter(([, entry]) => entry.integrity?.startsWith('sha512-') !== true).map(([path]) => path)).toEqual([]);
  });

  it.each(['x64', 'arm64'])('brings what is compiled for %s, whatever machine it was written on', async (arch) => {
    const { packages } = JSON.parse(await text('package-lock.json')) as Lock;
    const names = Object.keys(packages);
    for (const name of [
      `node-linux-${arch}`,
      `@yuuang/ffi-rs-linux-${arch}-gnu`,
      `@oxlint/binding-linux-${arch}-gnu`,
      `@oxlint-tsgolint/linux-${arch}`,
    ]) {
      expect(names).toContain(`node_modules/${name}`);
    }
  });

  it('has no package that wants to run something when it is installed', async () => {
    const { packages } = JSON.parse(await text('package-lock.json')) as Lock;
    expect(Object.entries(packages).filter(([, entry]) => entry.hasInstallScript === true)).toEqual([]);
  });
});

describe('docker-compose.yml', () => {
  interface Service {
    readonly image?: string;
    readonly build?: { readonly context: string; readonly dockerfile: string };
    readonly ports?: readonly string[];
    readonly environment?: Readonly<Record<string, string | number>>;
    readonly command?: readonly string[];
    readonly volumes?: readonly string[];
    readonly profiles?: readonly string[];
    readonly network_mode?: string;
    readonly pid?: string;
    readonly healthcheck?: { readonly test: readonly string[] };
    readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
    readonly privileged?: boolean;
    readonly cap_add?: readonly string[];
    readonly cap_drop?: readonly string[];
  }
  const services = async () => (parse(await text('docker-compose.yml')) as { services: Record<string, Service> }).services;

  it('publishes ports on loopback only', async () => {
    const published = Object.values(await services()).flatMap((service) => service.ports ?? []);
    expect(published.length).toBeGreaterThan(0);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('pins every image to a version', async () => {
    const images = Object.values(await services()).flatMap(({ image, build }) => (build === undefined ? (image ?? []) : []));
    expect(images.filter((image) => !/:\d+\.\d+/.test(image))).toEqual([]);
  });

  it('starts the agent when every service that it is for is healthy, or has done its work', async () => {
    const { forkcast, ...all } = await services();
    const others = Object.fromEntries(Object.entries(all).filter(([, { profiles }]) => profiles === undefined));
    expect(Object.keys(others)).toEqual(['kafka', 'topics', 'registry', 'schemas']);
    const wanted = Object.entries(others).map(([name, { healthcheck }]) => [
      name,
      { condition: healthcheck === undefined ? 'service_completed_successfully' : 'service_healthy' },
    ]);
    expect(forkcast?.depends_on).toEqual(Object.fromEntries(wanted));
    expect(Object.values(others).filter(({ healthcheck, ports }) => ports !== undefined && healthcheck === undefined)).toEqual([]);
  });

  it('lets the agent hear the host', async () => {
    expect((await services())['forkcast']).toMatchObject({ network_mode: 'host', pid: 'host' });
  });

  /** The file on this side of the volume that a service reads its configuration from. */
  async function configOf(service: string): Promise<string> {
    const { command = [], volumes = [] } = (await services())[service] ?? {};
    const inside = command[command.indexOf('-c') + 1];
    const mount = volumes.map((volume) => volume.split(':')).find(([, target]) => target === inside);
    expect(mount?.[2]).toBe('ro');
    return join(root, mount?.[0] ?? '');
  }

  it('has the agent deliver to the ports that are published here, to topics that are made, by schemas that are registered', async () => {
    const { kafka, registry, topics } = await services();
    const file = await configOf('forkcast');
    expect(await configOf('schemas')).toBe(file);
    const { config } = loadConfig({ file });
    const [sink, ...more] = config.sinks;
    if (sink?.type !== 'kafka' || more.length > 0) throw new Error('it has other sinks than one of type kafka');
    const portOf = (published = ''): number => Number(published.split(':')[1]);
    const { settings } = sink;
    expect(settings.brokers).toEqual([{ host: 'localhost', port: portOf(kafka?.ports?.[0]) }]);
    expect(settings.registry).toMatchObject({
      urls: [`http://localhost:${portOf(registry?.ports?.[0])}/apis/ccompat/v7`],
      autoRegister: false,
    });
    expect(topics?.command?.join()).toContain(`for topic in ${settings.topic} ${settings.agentTopic};`);
    expect(sink.queue.type).toBe('disk');
    expect((await services())['forkcast']?.volumes).toContain(`forkcast:${config.agent.dataDir}`);
  });

  it('has a server of NATS with JetStream, whose streams outlive it, at the port that sinks take by default', async () => {
    const { command = [], ports = [], volumes = [], profiles } = (await services())['nats'] ?? {};
    expect(command).toContain('--jetstream');
    expect(volumes).toEqual([`nats:${command[command.indexOf('--store_dir') + 1]}`]);
    expect(ports[0]).toBe(`127.0.0.1:${DEFAULT_PORT}:${DEFAULT_PORT}`);
    expect(profiles).toEqual(['nats']);
  });

  it('tells clients of the host the port that is published, and the image nothing but properties of Kafka', async () => {
    const { environment = {}, ports = [] } = (await services())['kafka'] ?? {};
    const [host = '', port] = /HOST:\/\/([^:]+):(\d+)/.exec(String(environment['KAFKA_ADVERTISED_LISTENERS']))?.slice(1) ?? [];
    expect([host, ports]).toEqual(['localhost', [`127.0.0.1:${port}:${port}`]]);
    expect(environment['KAFKA_AUTO_CREATE_TOPICS_ENABLE']).toBe('false');
    expect(Object.keys(environment).filter((name) => !/^KAFKA_[A-Z]+(_[A-Z]+)*$/.test(name))).toEqual([]);
  });

  it('gives the agent single capabilities, never all', async () => {
    const agent = (await services())['forkcast'];
    expect(agent?.privileged).toBeUndefined();
    expect(agent?.cap_drop).toEqual(['ALL']);
    expect(agent?.cap_add).toEqual(['NET_ADMIN', 'SYS_PTRACE', 'SETUID', 'SETGID']);
  });

  it('builds from a Dockerfile that exists and copies only what exists', async () => {
    const build = (await services())['forkcast']?.build;
    const dockerfile = await text(build?.dockerfile ?? '');
    const sources = [...dockerfile.matchAll(/^COPY (?:--chmod=\d+ )?(?!--from)([^-].*) \S+$/gm)].flatMap(([, paths = '']) =>
      paths.split(' '),
    );
    expect(sources).toEqual(expect.arrayContaining(['package.json', 'src', 'bin', 'deploy/entry.sh']));
    for (const path of sources) await expect(stat(join(root, path))).resolves.toBeDefined();
  });
});

describe.each(['README.md', 'docs/kafka.md', 'docs/nats.md'])('%s', (page) => {
  /** As pages of code hosts make them of headings. */
  const anchorsOf = (markdown: string): string[] =>
    [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );

  it('links only to files and headings that exist', async () => {
    const links = [...(await text(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)];
    expect(links.length).toBeGreaterThan(2);
    for (const [, path = '', anchor] of links) {
      const target = path === '' ? page : join(dirname(page), path);
      await expect(stat(join(root, target)), target).resolves.toBeDefined();
      if (anchor !== undefined) expect(anchorsOf(await text(target)), `${target}#${anchor}`).toContain(anchor);
    }
  });

  it('shows configurations that are valid', async () => {
    const markdown = await text(page);
    const whole = [...markdown.matchAll(/<<'END'\n(sinks:\n.*?)^END$|^```yaml\n(sinks:\n.*?)^```$/gms)];
    expect(whole.length).toBeGreaterThan(0);
    for (const [, here, block] of whole) expect(() => loadConfig({ file: configFile(here ?? block ?? '') })).not.toThrow();
  });
});

describe('CONTRIBUTING.md', () => {
  /** What its examples would create. */
  const invented = /syslog|src\/ingest\/audit/;

  it('names only files and folders that exist', async () => {
    const named = [
      ...(await text('CONTRIBUTING.md')).matchAll(/`((?:src|test|schemas|config|scripts|\.ci)\/[\w./-]*|[\w.-]+\.(?:json|ts|cjs|md))`/g),
    ];
    const paths = named.map(([, path = '']) => path).filter((path) => !invented.test(path));
    expect(paths.length).toBeGreaterThan(20);
    const found = await Promise.all(
      paths.map((path) =>
        stat(join(root, path)).then(
          () => undefined,
          () => path,
        ),
      ),
    );
    expect(found.filter((path) => path !== undefined)).toEqual([]);
  });

  it('names only scripts that exist', async () => {
    const { scripts } = JSON.parse(await text('package.json')) as { scripts: Record<string, string> };
    const named = [...(await text('CONTRIBUTING.md')).matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('test/allowed-skips.json', () => {
  it('names tests that exist, each with a reason', async () => {
    const allowed = Object.entries(JSON.parse(await text('test/allowed-skips.json')) as Record<string, string>);
    expect(allowed.filter(([, reason]) => reason.length < 10)).toEqual([]);
    for (const [name] of allowed) {
      const [file = '', ...titles] = name.split(' > ');
      const source = await text(file);
      expect(
        titles.filter((title) => !source.includes(title)),
        name,
      ).toEqual([]);
    }
  });
});
