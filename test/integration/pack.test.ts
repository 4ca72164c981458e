import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';

/** What users get: the package as npm would publish it, installed into an empty folder and run from there. */
const root = resolve(import.meta.dirname, '../..');

/** A program of a user. */
const CONSUMER = `import { AgentError, ProcessMonitor } from 'forkcast';
import type { ExitRecord, GapRecord, RecordOf } from 'forkcast';

const monitor = new ProcessMonitor({ receiveBufferBytes: 1 << 20 });
const codes: (number | null)[] = [];
const unsubscribe = monitor.on('exit', ({ exit }: ExitRecord) => codes.push(exit.code), { name: /^node/ });
const events: AsyncIterable<RecordOf<'exec' | 'exit'> | GapRecord> = monitor.events({ kinds: ['exec', 'exit'] });
monitor.on('error', (error: AgentError) => console.error(error.fix));
await monitor.start();
const { state } = monitor;
await monitor.stop();
for await (const event of events) if (event.kind === 'EXIT') codes.push(event.exit.signal);
unsubscribe();
console.log(state, monitor.state);
`;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** npm as an own process, free of what an npm above us has set for itself. */
async function npm(args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'NODE_ENV'));
  const { code, stdout, stderr } = await runCommand('npm', args, { cwd, env });
  if (code !== 0) throw new Error(`npm ${args.join(' ')} ended with ${code}:\n${stderr}`);
  return stdout;
}

describe('the package', () => {
  let folder = '';
  let remove = () => Promise.resolve();
  let packed: Packed;
  const installed = (path: string) => join(folder, 'node_modules', path);
  const forkcast = (...args: string[]) => runCommand(installed('.bin/forkcast'), args, { cwd: folder, env: { PATH: '/usr/bin:/bin' } });

  beforeAll(async () => {
    const made = await makeTempDir();
    remove = () => made.remove();
    folder = made.path;
    // What `prepack` does, without its building anew: the package is read from dist by others at the same time.
    const built = await runCommand(process.execPath, [join(root, 'scripts/ready.mjs')]);
    expect(built).toMatchObject({ code: 0 });
    const [first] = JSON.parse(await npm(['pack', '--json', '--ignore-scripts', '--pack-destination', folder], root)) as [Packed];
    packed = first;
    await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    await npm(['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', `./${packed.filename}`], folder);
  }, 180_000);

  afterAll(() => remove());

  it('holds what it needs to run, and no sources, tests or source maps', async () => {
    const paths = packed.files.map(({ path }) => path);
    const wanted = [
      'LICENSE',
      'README.md',
      'CHANGELOG.md',
      'package.json',
      'bin/forkcast',
      'dist/main.js',
      'dist/ingest/worker.js',
      'config/forkcast.yaml',
    ];
    expect(paths).toEqual(expect.arrayContaining(wanted));
    expect(paths.filter((path) => path.startsWith('schemas/') && path.endsWith('.avsc')).length).toBeGreaterThan(0);
    expect(paths.filter((path) => !/^(bin|dist|schemas|config)\/|^[A-Za-z]+(\.md|\.json)?$/.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.map$|(?<!\.d)\.ts$|\.test\.|\.[ch]$|(^|\/)(test|bench|scripts)\//.test(path))).toEqual([]);
  });

  it('holds every file that the code reads at run time', async () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const assets = (await readdir(join(root, 'src'), { recursive: true })).filter((path) => /\.(html|css|svg|o|js|json)$/.test(path));
    expect(assets.filter((path) => !paths.has(`dist/${path}`))).toEqual([]);
  });

  it('has a launcher that can be executed', async () => {
    expect((await stat(installed('forkcast/bin/forkcast'))).mode & 0o111).toBe(0o111);
  });

  it('builds before it is packed', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    expect(manifest.scripts['prepack']).toContain('ready.mjs --build');
  });

  it('tells its version, on the Node.js that came with it', async () => {
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    const { code, stdout, stderr } = await forkcast('--version');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(version);
    expect(await stat(installed(`node-linux-${process.arch}/bin/node`)).then((file) => file.isFile())).toBe(true);
  });

  it('prints its default configuration', async () => {
    const { code, stdout, stderr } = await forkcast('config', '--defaults');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^source:/m);
  });

  it('can be imported as a library', async () => {
    const script = "const names = Object.keys(await import('forkcast')); if (names.length === 0) process.exit(1);";
    const { code, stderr } = await runCommand(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  describe('for a program in TypeScript', () => {
    const compile = async (name: string, source: string) => {
      await writeFile(join(folder, name), source);
      const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
      const args = [
        join(root, 'node_modules/typescript/bin/tsc'),
        '--strict',
        '--module',
        'nodenext',
        '--target',
        'es2023',
        ...types,
        name,
      ];
      return runCommand(process.execPath, args, { cwd: folder });
    };

    it('has the types, and hears', async () => {
      expect(await compile('consumer.ts', CONSUMER)).toMatchObject({ code: 0, stdout: '' });
      const { code, stdout, stderr } = await runCommand(process.execPath, ['consumer.js'], { cwd: folder });
      expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'running stopped\n', stderr: '' });
    });

    it('refuses to take from an event what its kind does not carry', async () => {
      const { code, stdout } = await compile('wrong.ts', CONSUMER.replace('event.exit.signal', 'Number(event.fork.is_thread)'));
      expect(code).not.toBe(0);
      expect(stdout).toMatch(/^wrong\.ts\(\d+,\d+\): error TS18047: 'event\.fork' is possibly 'null'\.$/m);
    });
  });
});
