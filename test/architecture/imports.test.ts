import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/**
 * A rule nobody saw fire is decoration: a small tree is written with one breach per rule (each in its own file), and the project's own
 * configuration must find exactly those. A second tree holds what must stay allowed.
 */
const root = resolve(import.meta.dirname, '../..');

const VALUE = (path: string) => `import { x } from '${path}'; export const y = x;`;
const TYPE = (path: string) => `import type { T } from '${path}'; export type U = T;`;
const INLINE = (path: string) => `export type U = import('${path}').T;`;
const LAZY = (path: string) => `export const y = async () => await import('${path}');`;
const BARE = (path: string) => `import '${path}'; export const y = 1;`;
const REEXPORT = (path: string) => `export { x } from '${path}';`;

const TARGETS = [
  'src/main.ts',
  'src/index.ts',
  'src/core/leaf.ts',
  'src/ingest/leaf.ts',
  'src/enrich/leaf.ts',
  'src/encode/leaf.ts',
  'src/queue/leaf.ts',
  'src/sink/leaf.ts',
  'src/sink/kafka/leaf.ts',
  'src/sink/nats/leaf.ts',
  'src/sink/policy/leaf.ts',
  'src/pipeline/leaf.ts',
  'src/agent/leaf.ts',
  'src/cli/leaf.ts',
  'src/config/leaf.ts',
  'src/telemetry/leaf.ts',
  'src/monitor/leaf.ts',
  'src/verify/leaf.ts',
  'src/ingest/native/leaf.ts',
  'src/encode/avro/leaf.ts',
  'test/leaf.ts',
  'bench/leaf.ts',
];
const PACKAGES = ['ffi-rs', 'avsc', 're2js', 'commander', '@platformatic/kafka', '@nats-io/jetstream', 'yaml'];

type Case = readonly [rule: string, file: string, source: string];

const BREACHES: readonly Case[] = [
  ['core-is-a-leaf', 'src/core/a.ts', VALUE('../queue/leaf.ts')],
  ['core-is-a-leaf', 'src/core/b.ts', TYPE('../telemetry/leaf.ts')],
  ['core-is-a-leaf', 'src/core/c.ts', TYPE('yaml')],
  ['core-is-a-leaf', 'src/core/d.ts', BARE('node:fs')],
  ['steps-are-strangers', 'src/ingest/a.ts', VALUE('../enrich/leaf.ts')],
  ['steps-are-strangers', 'src/enrich/a.ts', TYPE('../encode/leaf.ts')],
  ['steps-are-strangers', 'src/encode/a.ts', LAZY('../queue/leaf.ts')],
  ['steps-are-strangers', 'src/queue/a.ts', INLINE('../sink/leaf.ts')],
  ['steps-are-strangers', 'src/sink/a.ts', VALUE('../ingest/leaf.ts')],
  ['sinks-are-strangers', 'src/sink/kafka/a.ts', TYPE('../nats/leaf.ts')],
  ['sinks-are-strangers', 'src/sink/nats/a.ts', VALUE('../kafka/leaf.ts')],
  ['sinks-are-strangers', 'src/sink/policy/a.ts', TYPE('../kafka/leaf.ts')],
  ['components-know-no-assembly', 'src/ingest/b.ts', TYPE('../config/leaf.ts')],
  ['components-know-no-assembly', 'src/sink/kafka/b.ts', VALUE('../../pipeline/leaf.ts')],
  ['components-know-no-assembly', 'src/queue/b.ts', VALUE('../agent/leaf.ts')],
  ['components-know-no-assembly', 'src/encode/b.ts', VALUE('../cli/leaf.ts')],
  ['components-know-no-assembly', 'src/enrich/b.ts', VALUE('../index.ts')],
  ['monitor-composes-hearing-and-knowing', 'src/monitor/a.ts', VALUE('../encode/leaf.ts')],
  ['monitor-composes-hearing-and-knowing', 'src/monitor/b.ts', TYPE('../agent/leaf.ts')],
  ['monitor-is-for-library-users', 'src/enrich/c.ts', TYPE('../monitor/leaf.ts')],
  ['monitor-is-for-library-users', 'src/agent/e.ts', VALUE('../monitor/leaf.ts')],
  ['pipeline-knows-core-and-telemetry', 'src/pipeline/a.ts', TYPE('../sink/kafka/leaf.ts')],
  ['pipeline-knows-core-and-telemetry', 'src/pipeline/b.ts', TYPE('../config/leaf.ts')],
  ['components-know-no-assembly', 'src/queue/d.ts', TYPE('../verify/leaf.ts')],
  ['verify-is-pure', 'src/verify/a.ts', VALUE('../encode/leaf.ts')],
  ['verify-is-pure', 'src/verify/b.ts', BARE('node:fs')],
  ['telemetry-knows-no-component', 'src/telemetry/a.ts', TYPE('../queue/leaf.ts')],
  ['nothing-imports-the-entry', 'src/agent/a.ts', BARE('../main.ts')],
  ['ffi-in-native-only', 'src/ingest/c.ts', VALUE('ffi-rs')],
  ['ffi-in-native-only', 'src/cli/a.ts', LAZY('ffi-rs')],
  ['avsc-in-avro-only', 'src/encode/c.ts', TYPE('avsc')],
  ['avsc-in-avro-only', 'src/cli/b.ts', VALUE('avsc')],
  ['re2-in-redaction-only', 'src/enrich/d.ts', VALUE('re2js')],
  ['commander-in-cli-only', 'src/agent/b.ts', TYPE('commander')],
  ['kafka-client-in-its-sink-only', 'src/cli/c.ts', VALUE('@platformatic/kafka')],
  ['kafka-client-in-its-sink-only', 'src/sink/nats/b.ts', VALUE('@platformatic/kafka')],
  ['nats-client-in-its-sink-only', 'src/sink/policy/b.ts', TYPE('@nats-io/jetstream')],
  ['product-imports-no-test', 'src/cli/d.ts', VALUE('../../test/leaf.ts')],
  ['product-imports-no-test', 'src/cli/e.ts', TYPE('../../bench/leaf.ts')],
  ['product-imports-no-dev-dependency', 'src/cli/f.ts', VALUE('fast-check')],
  ['no-barrel', 'src/sink/b.ts', REEXPORT('./leaf.ts')],
  ['no-cycle', 'src/config/a.ts', TYPE('./b.ts')],
  ['no-cycle', 'src/config/c.ts', `${VALUE('./d.ts')} export type T = 1;`],
  ['no-orphan', 'src/agent/c.ts', 'export const forgotten = 1;'],
  ['no-unresolvable', 'src/agent/d.ts', VALUE('./nowhere.ts')],
];

/** The other halves of the cycles, which are reported once each. */
const PARTNERS = [
  ['src/config/b.ts', TYPE('./a.ts')],
  ['src/config/d.ts', `${TYPE('./c.ts')} export const x = 1;`],
] as const;

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['src/main.ts', `import 'ffi-rs'; ${VALUE('./cli/leaf.ts')}`],
  ['src/index.ts', REEXPORT('./monitor/a.ts')],
  [
    'src/monitor/a.ts',
    `${VALUE('../enrich/leaf.ts')} import { x as z } from '../ingest/leaf.ts'; import type { T } from '../core/leaf.ts'; export const x: T = z;`,
  ],
  ['src/agent/a.ts', `${VALUE('../config/a.ts')} import { x as z } from '../pipeline/a.ts'; export { z as x };`],
  ['src/config/a.ts', TYPE('../sink/kafka/a.ts')],
  ['src/sink/kafka/a.ts', `import { k } from '@platformatic/kafka'; ${VALUE('../policy/leaf.ts')} export type T = typeof k;`],
  ['src/sink/nats/a.ts', `import type { T } from '@nats-io/jetstream'; ${VALUE('../../telemetry/leaf.ts')} export type U = T;`],
  ['src/pipeline/a.ts', `import type { T } from '../core/leaf.ts'; ${VALUE('../telemetry/leaf.ts')} export const x: T = 1;`],
  ['src/telemetry/b.ts', VALUE('../core/leaf.ts')],
  ['src/ingest/native/a.ts', VALUE('ffi-rs')],
  ['src/encode/avro/a.ts', VALUE('avsc')],
  ['src/cli/a.ts', `import { x } from 'commander'; import { x as z } from '../encode/avro/leaf.ts'; export const y = [x, z];`],
  ['test/a.test.ts', VALUE('../src/sink/kafka/leaf.ts')],
  ['bench/a.ts', VALUE('../src/core/leaf.ts')],
];

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
    readonly totalCruised: number;
  };
}

const cleanups: (() => Promise<void>)[] = [];

async function put(tree: string, file: string, source: string): Promise<void> {
  await mkdir(dirname(join(tree, file)), { recursive: true });
  await writeFile(join(tree, file), source);
}

async function plant(files: readonly (readonly [string, string])[]): Promise<string> {
  const { path: tree, remove } = await makeTempDir();
  cleanups.push(() => remove());
  const dependencies = Object.fromEntries(PACKAGES.map((name) => [name, '1.0.0']));
  await put(tree, 'package.json', JSON.stringify({ type: 'module', dependencies, devDependencies: { 'fast-check': '1.0.0' } }));
  await put(tree, 'tsconfig.json', JSON.stringify({ compilerOptions: { module: 'nodenext', target: 'es2023' } }));
  for (const name of [...PACKAGES, 'fast-check']) {
    await put(tree, `node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', type: 'module', exports: './index.js' }));
    await put(tree, `node_modules/${name}/index.js`, 'export const x = 1, k = 1;');
  }
  for (const file of TARGETS) await put(tree, file, 'export const x = 1; export type T = 1;');
  for (const [file, source] of files) await put(tree, file, source);
  return tree;
}

/** Breaches as `rule file`, without those of the targets themselves (which nobody may need to import). */
async function cruise(tree: string): Promise<string[]> {
  const args = ['--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'src', 'test', 'bench'];
  const { stdout, stderr } = await runCommand(join(root, 'node_modules/.bin/depcruise'), args, { cwd: tree });
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  expect(report.summary.totalCruised).toBeGreaterThan(TARGETS.length);
  const found = report.summary.violations.map((violation) => `${violation.rule.name} ${violation.from}`);
  return [...new Set(found)].filter((line) => !TARGETS.some((target) => line === `no-orphan ${target}`));
}

describe('import rules', () => {
  let found: string[] = [];

  beforeAll(async () => {
    const tree = await plant([...BREACHES.map(([, file, source]) => [file, source] as const), ...PARTNERS]);
    found = await cruise(tree);
  }, 30_000);

  afterAll(() => Promise.all(cleanups.map((remove) => remove())));

  it.each(BREACHES)('%s fires for %s', (rule, file) => {
    expect(found).toContain(`${rule} ${file}`);
  });

  it('finds nothing but the planted breaches', () => {
    const planted = new Set(BREACHES.map(([rule, file]) => `${rule} ${file}`));
    expect(found.filter((line) => !planted.has(line))).toEqual([]);
  });

  it('has a planted breach for every rule of the configuration', async () => {
    const configuration = (await import(join(root, '.dependency-cruiser.cjs'))) as { default: { forbidden: { name: string }[] } };
    const proven = new Set(BREACHES.map(([rule]) => rule));
    expect(configuration.default.forbidden.map((rule) => rule.name).filter((name) => !proven.has(name))).toEqual([]);
  });

  it('leaves alone what the design allows', async () => {
    const tree = await plant(ALLOWED);
    expect(await cruise(tree)).toEqual([]);
  }, 30_000);
});
