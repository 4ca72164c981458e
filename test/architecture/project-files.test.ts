import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

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

  it('starts the agent when every other service is healthy, or has done its work', async () => {
    const { forkcast, ...others } = await services();
    const wanted = Object.entries(others).map(([name, { healthcheck }]) => [
      name,
      { condition: healthcheck === undefined ? 'service_completed_successfully' : 'service_healthy' },
    ]);
    expect(forkcast?.depends_on).toEqual(Object.fromEntries(wanted));
    expect(Object.values(others).filter(({ healthcheck, ports }) => ports !== undefined && healthcheck === undefined)).toEqual([]);
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
