import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** Breaks each lint rule we rely on once, under the project's own configuration; above all the type-aware ones, which fail open when misconfigured. */
const root = resolve(import.meta.dirname, '../..');

const WORK = 'const work = (): Promise<boolean> => Promise.resolve(true);\n';

const BREACHES: readonly (readonly [rule: string, file: string, source: string])[] = [
  ['typescript(no-floating-promises)', 'src/queue/floating.ts', `${WORK}export function f(): void { work(); }`],
  ['typescript(no-floating-promises)', 'src/queue/voided.ts', `${WORK}export function f(): void { void work(); }`],
  ['typescript(no-misused-promises)', 'src/queue/condition.ts', `${WORK}export const f = (): number => (work() ? 1 : 2);`],
  [
    'typescript(no-misused-promises)',
    'src/queue/callback.ts',
    `${WORK}export const f = (xs: number[]): void => xs.forEach(async () => { await work(); });`,
  ],
  ['typescript(await-thenable)', 'src/queue/thenable.ts', 'export async function f(x: number): Promise<number> { return await x; }'],
  [
    'typescript(switch-exhaustiveness-check)',
    'src/queue/switch.ts',
    "export function f(k: 'a' | 'b'): number { switch (k) { case 'a': return 1; } return 2; }",
  ],
  [
    'typescript(no-unsafe-assignment)',
    'src/queue/unsafe.ts',
    'export function f(s: string): unknown { const x = JSON.parse(s); return x; }',
  ],
  ['typescript(no-explicit-any)', 'src/queue/any.ts', 'export const f = (x: any): unknown => [x];'],
  ['typescript(no-non-null-assertion)', 'src/queue/bang.ts', 'export const f = (x: string | undefined): string => x!;'],
  [
    'eslint(no-empty)',
    'src/queue/swallow.ts',
    "export function f(s: string): void { try { new URL(s).searchParams.delete('x'); } catch {} }",
  ],
  ['eslint(no-console)', 'src/queue/console.ts', "export const f = (): void => console.error('x');"],
  ['eslint(max-params)', 'src/queue/params.ts', 'export const f = (a: number, b: number, c: number, d: number): number => a + b + c + d;'],
  ['eslint(max-lines-per-function)', 'src/queue/long.ts', `export function f(a: number[]): void {\n${'  a.push(1);\n'.repeat(40)}}`],
  ['eslint(max-lines)', 'src/queue/endless.ts', Array.from({ length: 301 }, (_, i) => `export const a${i} = ${i};`).join('\n')],
  ['eslint(no-restricted-properties)', 'src/queue/exit.ts', 'export const f = (): void => process.exit(1);'],
  ['eslint(no-restricted-properties)', 'src/cli/listens.ts', "export const f = (g: () => void): unknown => process.on('SIGINT', g);"],
  ['eslint(no-restricted-properties)', 'src/cli/code.ts', 'export function f(): void { process.exitCode = 1; }'],
  ['eslint(no-restricted-imports)', 'src/cli/imported.ts', "import { exit } from 'node:process'; export const f = (): void => exit(1);"],
  [
    'vitest(no-focused-tests)',
    'test/unit/only.test.ts',
    "import { expect, it } from 'vitest'; it.only('x', () => { expect(1).toBe(1); });",
  ],
  [
    'vitest(no-disabled-tests)',
    'test/unit/skip.test.ts',
    "import { expect, it } from 'vitest'; it.skip('x', () => { expect(1).toBe(1); });",
  ],
];

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['src/main.ts', "import 'ffi-rs';\nprocess.on('SIGINT', () => process.exit(130));"],
  ['src/queue/loop.ts', `${WORK}export async function f(): Promise<void> { while (await work()) await work(); }`],
  ['src/queue/kinds.ts', "export function f(k: 'a' | 'b'): number { switch (k) { case 'a': return 1; case 'b': return 2; } }"],
];

interface Finding {
  readonly code: string;
  readonly filename: string;
}

async function lint(tree: string): Promise<string[]> {
  const { stdout } = await runCommand(join(root, 'node_modules/.bin/oxlint'), ['--format', 'json'], { cwd: tree });
  const report = JSON.parse(stdout) as { diagnostics: Finding[] };
  return report.diagnostics.map((finding) => `${finding.code} ${finding.filename}`);
}

describe('lint rules', () => {
  let remove = () => Promise.resolve();
  let found: string[] = [];

  beforeAll(async () => {
    const made = await makeTempDir();
    remove = () => made.remove();
    const tree = made.path;
    for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) await copyFile(join(root, name), join(tree, name));
    await symlink(join(root, 'node_modules'), join(tree, 'node_modules'));
    for (const [file, source] of [...BREACHES.map(([, file, source]) => [file, source] as const), ...ALLOWED]) {
      await mkdir(dirname(join(tree, file)), { recursive: true });
      await writeFile(join(tree, file), `${source}\n`);
    }
    found = await lint(tree);
  }, 30_000);

  afterAll(() => remove());

  it.each(BREACHES)('%s fires for %s', (rule, file) => {
    expect(found).toContain(`${rule} ${file}`);
  });

  it.each(ALLOWED)('finds nothing in %s', (file) => {
    expect(found.filter((line) => line.endsWith(` ${file}`))).toEqual([]);
  });
});
