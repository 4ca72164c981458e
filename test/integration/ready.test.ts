import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, chown, cp, mkdir, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asOrdinaryUser, isRoot, NOBODY } from '../helpers/ordinary-user.ts';
import { placeNode } from '../helpers/place-node.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** The real script with the real compiler on a small project; npm is a stand-in that notes each call and behaves as FAKE_NPM says. */
const root = resolve(import.meta.dirname, '../..');
const LOCKFILE = {
  packages: {
    '': {},
    'node_modules/needed': { version: '1.0.0', integrity: 'sha512-x' },
    'node_modules/other-machine': { version: '1.0.0', integrity: 'sha512-y', optional: true, os: ['aix'], cpu: ['ppc64'] },
    'node_modules/this-machine': { version: '1.0.0', integrity: 'sha512-z', optional: true, os: [process.platform], cpu: [process.arch] },
  },
};
const INSTALLED = {
  packages: {
    'node_modules/needed': LOCKFILE.packages['node_modules/needed'],
    'node_modules/this-machine': LOCKFILE.packages['node_modules/this-machine'],
  },
};
const FAKE_NPM = `#!/bin/sh
echo "$*" >> npm-calls
case \${FAKE_NPM-} in
  slow) sleep 0.5 ;;
  endless) exec sleep 60 ;;
  ?*) echo "npm error code $FAKE_NPM" >&2; exit 1 ;;
esac
rm -rf node_modules
mkdir -p node_modules/needed node_modules/this-machine
ln -s '${root}/node_modules/typescript' '${root}/node_modules/@types' '${root}/node_modules/undici-types' node_modules/
echo '${JSON.stringify(INSTALLED)}' > node_modules/.package-lock.json
`;
const FILES = {
  'package.json': '{"type":"module"}',
  'package-lock.json': JSON.stringify(LOCKFILE),
  'tsconfig.json': '{"compilerOptions":{"module":"nodenext","types":[]}}',
  'tsconfig.build.json': '{"extends":"./tsconfig.json","compilerOptions":{"rootDir":"src","outDir":"dist"},"include":["src"]}',
  'src/main.ts': 'export const greeting: string = "hello";\n',
  'src/page/status.html': '<p>\n',
  'src/page/notes.md': 'not shipped\n',
};

async function project(): Promise<string> {
  const home = await tempDir({ readable: true });
  await cp(join(root, 'scripts'), join(home, 'scripts'), { recursive: true });
  for (const [file, content] of Object.entries({ ...FILES, 'fake/npm': FAKE_NPM })) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    await writeFile(join(home, file), content);
  }
  await chmod(join(home, 'fake/npm'), 0o755);
  return home;
}

const environment = (home: string, npm?: string) => ({
  PATH: `${join(home, 'fake')}:/usr/bin:/bin`,
  ...(npm === undefined ? {} : { FAKE_NPM: npm }),
});
const ready = (home: string, npm?: string) =>
  runCommand(process.execPath, [join(home, 'scripts/ready.mjs')], { env: environment(home, npm) });
const calls = async (home: string) => (await readFile(join(home, 'npm-calls'), 'utf8').catch(() => '')).split('\n').length - 1;
const builtAt = async (home: string) => (await stat(join(home, 'dist/main.js'))).mtimeMs;
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function readyProject(): Promise<string> {
  const home = await project();
  const { code, stderr } = await ready(home);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return home;
}

describe('scripts/ready.mjs', () => {
  it('installs and builds at first, and then has nothing to do or say', async () => {
    const home = await project();
    const first = await ready(home);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toMatch(/installing.*\n[^]*installed in[^]*building[^]*built in/);
    expect(await readFile(join(home, 'dist/main.js'), 'utf8')).toContain('hello');
    expect(await exists(join(home, 'dist/page/status.html'))).toBe(true);
    expect(await exists(join(home, 'dist/page/notes.md'))).toBe(false);

    const before = await builtAt(home);
    expect(await ready(home)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(await calls(home)).toBe(1);
    expect(await builtAt(home)).toBe(before);
  });

  it('keeps npm from running anything of a package, and has it install what the build needs whatever the settings', async () => {
    const home = await readyProject();
    expect(await readFile(join(home, 'npm-calls'), 'utf8')).toMatch(
      /^ci (?=.*--ignore-scripts)(?=.*--include=dev)(?=.*--include=optional)/,
    );
  });

  it('installs again when the lockfile has changed', async () => {
    const home = await readyProject();
    await writeFile(
      join(home, 'package-lock.json'),
      JSON.stringify({ ...LOCKFILE, packages: { ...LOCKFILE.packages, 'node_modules/new': { version: '1.0.0' } } }),
    );
    expect(await ready(home)).toMatchObject({ code: 0 });
    expect(await calls(home)).toBe(2);
  });

  it('installs again when node_modules has gone', async () => {
    const home = await readyProject();
    await rm(join(home, 'node_modules'), { recursive: true });
    expect(await ready(home)).toMatchObject({ code: 0 });
    expect(await calls(home)).toBe(2);
  });

  it('accepts what somebody installed by hand, where it is what the lockfile names', async () => {
    const home = await readyProject();
    await rm(join(home, 'node_modules/.ready'));
    await ready(home);
    expect(await calls(home)).toBe(1);

    await rm(join(home, 'node_modules/.ready'));
    await rm(join(home, 'node_modules/this-machine'), { recursive: true });
    await ready(home);
    expect(await calls(home)).toBe(2);
  });

  it('builds again when a source has changed, and not when it was only touched', async () => {
    const home = await readyProject();
    const before = await builtAt(home);
    const source = join(home, 'src/main.ts');
    await utimes(source, new Date(), new Date(Date.now() + 5000));
    expect((await ready(home)).stderr).toBe('');
    expect(await builtAt(home)).toBe(before);

    await appendFile(source, 'export const more = 1;\n');
    await utimes(source, new Date(), new Date(before - 60_000));
    expect((await ready(home)).stderr).toMatch(/^forkcast: building/);
    expect(await readFile(join(home, 'dist/main.js'), 'utf8')).toContain('more');
    expect(await calls(home)).toBe(1);
  });

  it('drops from dist what is no longer in src', async () => {
    const home = await readyProject();
    await writeFile(join(home, 'src/old.ts'), 'export const old = 1;\n');
    await ready(home);
    expect(await exists(join(home, 'dist/old.js'))).toBe(true);
    await rm(join(home, 'src/old.ts'));
    await ready(home);
    expect(await exists(join(home, 'dist/old.js'))).toBe(false);
  });

  it('leaves the last good build in place when a build fails', async () => {
    const home = await readyProject();
    await writeFile(join(home, 'src/main.ts'), 'export const = ;\n');
    const { code, stderr } = await ready(home);
    expect(code).toBe(1);
    expect(stderr).toMatch(/src\/main\.ts\(1,14\)[^]*the build failed[^]*Fix: /);
    expect(await readFile(join(home, 'dist/main.js'), 'utf8')).toContain('hello');
  });

  it('installs and builds once when several start at the same time', async () => {
    const home = await project();
    const all = await Promise.all([ready(home, 'slow'), ready(home, 'slow'), ready(home, 'slow')]);
    expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await calls(home)).toBe(1);
    expect(
      all
        .map(({ stderr }) => stderr)
        .join('')
        .match(/built in/g),
    ).toHaveLength(1);
    expect(await exists(join(home, '.cache/ready.lock'))).toBe(false);
  });

  describe('with a lock that is there already', () => {
    const world = async () =>
      `${(await readFile('/proc/sys/kernel/random/boot_id', 'latin1')).trim()} ${await readlink('/proc/self/ns/pid')}`;
    const lock = async (home: string, content: string) => {
      await mkdir(join(home, '.cache'), { recursive: true });
      await writeFile(join(home, '.cache/ready.lock'), content);
    };

    it('takes over from a holder that has died, also when its pid lives again as another process', async () => {
      const home = await project();
      await lock(home, JSON.stringify({ pid: 1, start: 'another time', world: await world() }));
      const all = await Promise.all([ready(home, 'slow'), ready(home, 'slow')]);
      expect(all.map(({ code }) => code)).toEqual([0, 0]);
      expect(await calls(home)).toBe(1);
    });

    it('takes over from a holder elsewhere that has been silent for long', async () => {
      const home = await project();
      await lock(home, JSON.stringify({ pid: 1, start: '1', world: 'another boot pid:[1]' }));
      await utimes(join(home, '.cache/ready.lock'), new Date(), new Date(Date.now() - 60_000));
      expect(await ready(home)).toMatchObject({ code: 0 });
    });

    it('waits for a living holder, and names it', async () => {
      const home = await project();
      const line = await readFile(`/proc/${process.pid}/stat`, 'latin1');
      const start = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
      await lock(home, JSON.stringify({ pid: process.pid, start, world: await world() }));
      const child = spawn(process.execPath, [join(home, 'scripts/ready.mjs')], {
        env: environment(home),
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      const [said] = (await once(child.stderr, 'data')) as [Buffer];
      expect(said.toString()).toContain(`waiting for process ${process.pid}`);
      expect(await calls(home)).toBe(0);
      await rm(join(home, '.cache/ready.lock'));
      child.stderr.resume();
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(await calls(home)).toBe(1);
    });
  });

  it('ends with its npm and without its lock when it is asked to stop', async () => {
    const home = await project();
    const child = spawn(process.execPath, [join(home, 'scripts/ready.mjs')], { env: environment(home, 'endless'), stdio: 'ignore' });
    await waitFor(async () => (await calls(home)) > 0, { what: 'npm to be called' });
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([143, null]);
    expect(await exists(join(home, '.cache/ready.lock'))).toBe(false);
  });

  it.each([
    ['ENOTFOUND', 69, /registry cannot be reached[^]*Fix: Connect/],
    ['ECONNREFUSED', 69, /registry cannot be reached/],
    ['ENOSPC', 74, /disk is full[^]*Fix: Free/],
    ['EACCES', 77, /not writable/],
    ['EINTEGRITY', 69, /not the one the lockfile names/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 69, /certificate is not trusted/],
    ['EUSAGE', 69, /do not match/],
    ['E418', 69, /npm ci failed, see its messages above/],
  ])('puts %s of npm in words', async (error, code, words) => {
    const result = await ready(await project(), error);
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(words);
  });

  it('says so where there is no npm', async () => {
    const home = await project();
    const { code, stderr } = await runCommand(process.execPath, [join(home, 'scripts/ready.mjs')], { env: { PATH: '/nowhere' } });
    expect(code).toBe(69);
    expect(stderr).toMatch(/npm was not found in PATH\n {2}Fix: Install npm/);
  });

  it('removes a bundled Node.js that does not run here, so that the system’s is used', async () => {
    const home = await project();
    await appendFile(
      join(home, 'fake/npm'),
      'mkdir node_modules/.bin; printf "#!/no/such/loader\\n" > node_modules/.bin/node; chmod +x node_modules/.bin/node\n',
    );
    expect(await ready(home)).toMatchObject({ code: 0 });
    expect(await exists(join(home, 'node_modules/.bin/node'))).toBe(false);
  });

  it.runIf(isRoot)('needs no right to write where nothing is to do, and says which folder it cannot write where something is', async () => {
    const home = await readyProject();
    const node = await placeNode(join(home, 'fake/node'));
    const start = () => asOrdinaryUser(node, [join(home, 'scripts/ready.mjs')], { env: environment(home) });
    expect(await start()).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });

    await appendFile(join(home, 'src/main.ts'), 'export const more = 1;\n');
    const { code, stderr } = await start();
    expect(code).toBe(77);
    expect(stderr).toMatch(/\.cache is not writable by this user\n {2}Fix: /);

    await chown(join(home, '.cache'), NOBODY, NOBODY);
    const second = await start();
    expect(second.code).toBe(77);
    expect(second.stderr).toContain(`${home} is not writable by this user`);
  });
});
