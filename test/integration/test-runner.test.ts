import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** The real runner and the real vitest on a small project, one kind of trouble at a time. */
const root = resolve(import.meta.dirname, '../..');
const CONFIG = `
import { defineConfig } from 'vitest/config';
const projects = ['unit', 'contract', 'architecture', 'integration', 'kernel', 'e2e'];
export default defineConfig({ test: {
  projects: projects.map((name) => ({ extends: true, test: { name, include: ['test/' + name + '/**/*.test.ts'] } })),
  coverage: { provider: 'v8', include: ['src/**'], reporter: ['json-summary'], reportOnFailure: true, thresholds: { lines: 85 } },
} });`;
const CHECKS = { 'format:check': 'true', lint: 'true', typecheck: 'true', arch: 'true', knip: 'true' };
const PASSING = "import { expect, it } from 'vitest'; it('holds', () => { expect(1).toBe(1); });";

interface Project {
  readonly files?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly names: readonly string[];
}

/** Runs `scripts/test.mjs` there; `last` is the last line of its output. */
async function runTests({ files = {}, scripts = {}, env = {}, names }: Project) {
  const home = await tempDir();
  await cp(join(root, 'scripts'), join(home, 'scripts'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(home, 'node_modules'));
  const all = {
    'package.json': JSON.stringify({ type: 'module', scripts: { ...CHECKS, ...scripts } }),
    'vitest.config.ts': CONFIG,
    'test/allowed-skips.json': '{}',
    ...files,
  };
  for (const [file, content] of Object.entries(all)) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    await writeFile(join(home, file), content);
  }
  // Of this run's own vitest nothing may leak into the other.
  const { PATH, HOME } = process.env;
  const { code, stdout, stderr } = await runCommand(process.execPath, ['scripts/test.mjs', ...names], {
    cwd: home,
    env: { PATH, HOME, ...env },
  });
  return { code, stdout, stderr, last: stdout.trimEnd().split('\n').at(-1) };
}

const unit = (source: string, more: Partial<Project> = {}) =>
  runTests({ names: ['unit'], ...more, files: { 'test/unit/a.test.ts': source, ...more.files } });

describe('npm test', () => {
  it('counts checks and tests, and ends with the line for programs', async () => {
    const files = { 'test/unit/a.test.ts': PASSING, 'test/kernel/a.test.ts': PASSING };
    const { code, last } = await runTests({ files, names: ['lint', 'unit', 'kernel', 'knip'] });
    expect({ code, last }).toEqual({ code: 0, last: '4 passed, 0 failed, 0 skipped' });
  });

  it('goes on after a failed check and names it at the end', async () => {
    const { code, last, stdout } = await unit(PASSING, { scripts: { lint: 'exit 3' }, names: ['lint', 'unit'] });
    expect({ code, last }).toEqual({ code: 1, last: '1 passed, 1 failed, 0 skipped' });
    expect(stdout).toContain('FAILED   lint (exit code 3)');
  });

  it('counts failed tests by name', async () => {
    const { code, last, stdout } = await unit(
      "import { expect, it } from 'vitest'; it('breaks', () => { expect(1).toBe(2); }); it('holds', () => {});",
    );
    expect({ code, last }).toEqual({ code: 1, last: '1 passed, 1 failed, 0 skipped' });
    expect(stdout).toContain('FAILED   test/unit/a.test.ts > breaks');
  });

  it('counts a file that does not load as failed', async () => {
    const { code, last } = await unit("import './missing.ts';", { files: { 'test/unit/b.test.ts': PASSING } });
    expect({ code, last }).toEqual({ code: 1, last: '1 passed, 1 failed, 0 skipped' });
  });

  it('counts a group whose preparation failed as failed, and its tests as skipped', async () => {
    const source =
      "import { beforeAll, describe, it } from 'vitest'; describe('g', () => { beforeAll(() => { throw new Error('no'); }); it('x', () => {}); it('y', () => {}); });";
    const { code, last, stdout } = await unit(source, { env: { CI: 'true' } });
    expect({ code, last }).toEqual({ code: 1, last: '0 passed, 1 failed, 2 skipped' });
    expect(stdout).toContain('FAILED   test/unit/a.test.ts > g');
  });

  it('counts an error nobody handled as failed', async () => {
    const source =
      "import { it } from 'vitest'; it('holds', async () => { setTimeout(() => { throw new Error('late'); }, 1); await new Promise((r) => setTimeout(r, 50)); });";
    const { code, last, stdout } = await unit(source);
    expect({ code, last }).toEqual({ code: 1, last: '1 passed, 1 failed, 0 skipped' });
    expect(stdout).toContain('FAILED   unhandled error: late');
  });

  it('counts a crashed test process as failed', async () => {
    const { code, last } = await unit("import { it } from 'vitest'; it('crashes', () => { process.kill(process.pid, 'SIGKILL'); });");
    expect(code).toBe(1);
    expect(last).toMatch(/^0 passed, [1-9] failed, 0 skipped$/);
  });

  it('counts a project without tests as failed', async () => {
    const { code, last } = await runTests({ names: ['e2e'] });
    expect({ code, last }).toEqual({ code: 1, last: '0 passed, 1 failed, 0 skipped' });
  });

  it('accepts skipped tests, but in CI only those that are listed with a reason', async () => {
    const source = "import { it } from 'vitest'; it.skip('one', () => {}); it.todo('two'); it('holds', () => {});";
    const listed = JSON.stringify({ 'test/unit/a.test.ts > one': 'needs a second machine' });
    const [freely, strictly, partly] = await Promise.all([
      unit(source),
      unit(source, { env: { CI: 'true' } }),
      unit(source, { env: { CI: 'true' }, files: { 'test/allowed-skips.json': listed } }),
    ]);
    expect([freely.code, freely.last]).toEqual([0, '1 passed, 0 failed, 2 skipped']);
    expect([strictly.code, strictly.last]).toEqual([1, '1 passed, 2 failed, 0 skipped']);
    expect([partly.code, partly.last]).toEqual([1, '1 passed, 1 failed, 1 skipped']);
    expect(partly.stdout).toContain('SKIPPED  test/unit/a.test.ts > two   (a failure in CI');
  });

  it('counts coverage as one check of its own', async () => {
    const covered =
      "import { expect, it } from 'vitest'; import { f } from '../../src/f.ts'; it('holds', () => { expect(f(1)).toBe(1); });";
    const lines = 'export function f(x: number): number {\n  if (x === 1) return 1;\n  x += 1;\n  x += 2;\n  x += 3;\n  return x;\n}\n';
    const names = ['unit', 'contract'];
    const [enough, short] = await Promise.all([
      runTests({ names, files: { 'test/unit/a.test.ts': covered, 'src/f.ts': 'export const f = (x: number) => x;' } }),
      runTests({ names, files: { 'test/unit/a.test.ts': covered, 'src/f.ts': lines } }),
    ]);
    expect([enough.code, enough.last]).toEqual([0, '2 passed, 0 failed, 0 skipped']);
    expect([short.code, short.last]).toEqual([1, '1 passed, 1 failed, 0 skipped']);
    expect(short.stdout).toMatch(/FAILED {3}coverage: \d+(\.\d+)? % of lines, 85 % are wanted/);
  });

  it('refuses names it does not know', async () => {
    const { code, stderr } = await runTests({ names: ['units'] });
    expect(code).toBe(64);
    expect(stderr).toMatch(/no units to run.*unit, contract/);
  });
});
