import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asOrdinaryUser } from '../helpers/ordinary-user.ts';
import { placeNode } from '../helpers/place-node.ts';
import { runCommand } from '../helpers/run-command.ts';
import { tempDir } from '../helpers/temp-dir.ts';

/** The real launcher in trees laid out as it may find them; `dist/main.js` says who runs it and ends as it is told. */
const root = resolve(import.meta.dirname, '../..');
const bundled = `node_modules/node-linux-${process.arch}/bin/node`;
const MAIN = `
const [first, ...rest] = process.argv.slice(2);
if (first === '--exit') process.exit(Number(rest[0]));
if (first === '--wait') { process.on('SIGTERM', () => process.exit(42)); console.log(process.pid); setTimeout(() => {}, 30_000); }
else console.log(JSON.stringify({ node: process.execPath, args: process.argv.slice(2) }));
`;

/** A folder as it is after cloning and building, without any Node.js. */
async function checkout(home: string): Promise<string> {
  await mkdir(join(home, 'bin'), { recursive: true });
  await mkdir(join(home, 'dist'));
  await copyFile(join(root, 'bin/forkcast'), join(home, 'bin/forkcast'));
  await writeFile(join(home, 'dist/main.js'), MAIN);
  return home;
}

async function placeScript(path: string, lines: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${lines}\n`);
  await chmod(path, 0o755);
}

const withPath = (path: string) => ({ env: { PATH: path } });
const report = (stdout: string) => JSON.parse(stdout) as { node: string; args: string[] };

describe('bin/forkcast', () => {
  it('runs the bundled Node.js when PATH has none, and passes the arguments on as they are', async () => {
    const home = await checkout(join(await tempDir(), 'a folder with spaces'));
    const node = await placeNode(join(home, bundled));
    const { code, stdout, stderr } = await runCommand(join(home, 'bin/forkcast'), ['run', 'two words', '', '*'], withPath('/nowhere'));
    expect({ code, stderr, ...report(stdout) }).toEqual({ code: 0, stderr: '', node, args: ['run', 'two words', '', '*'] });
  });

  it('finds its folder through a chain of links', async () => {
    const folder = await tempDir();
    const home = await checkout(join(folder, 'opt/forkcast'));
    const node = await placeNode(join(home, bundled));
    await mkdir(join(folder, 'usr bin'));
    await symlink('../opt/forkcast/bin/forkcast', join(folder, 'usr bin/forkcast'));
    await symlink(join(folder, 'usr bin/forkcast'), join(folder, 'fc'));
    const { stdout } = await runCommand(join(folder, 'fc'), [], { cwd: '/', ...withPath('/nowhere') });
    expect(report(stdout).node).toBe(node);
  });

  it('finds the Node.js that was hoisted beside it where it is a dependency', async () => {
    const folder = await tempDir();
    await checkout(join(folder, 'node_modules/forkcast'));
    const node = await placeNode(join(folder, bundled));
    await mkdir(join(folder, 'node_modules/.bin'));
    await symlink('../forkcast/bin/forkcast', join(folder, 'node_modules/.bin/forkcast'));
    const { stdout } = await runCommand(join(folder, 'node_modules/.bin/forkcast'), [], withPath('/nowhere'));
    expect(report(stdout).node).toBe(node);
  });

  it('leaves alone a node_modules of the folder above that is not its own', async () => {
    const folder = await tempDir();
    const home = await checkout(join(folder, 'forkcast'));
    await placeScript(join(folder, bundled), 'echo planted');
    const { code, stdout } = await runCommand(join(home, 'bin/forkcast'), [], withPath('/nowhere'));
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
  });

  it("takes the system's Node.js where none is bundled", async () => {
    const folder = await tempDir();
    const home = await checkout(join(folder, 'forkcast'));
    const node = await placeNode(join(folder, 'system/node'));
    const { stdout } = await runCommand(join(home, 'bin/forkcast'), [], withPath(join(folder, 'system')));
    expect(report(stdout).node).toBe(node);
  });

  it('says what to do where there is no Node.js at all', async () => {
    const home = await checkout(join(await tempDir(), 'forkcast'));
    const { code, stderr } = await runCommand(join(home, 'bin/forkcast'), [], withPath('/nowhere'));
    expect(code).toBe(69);
    expect(stderr).toMatch(/no Node\.js/);
    expect(stderr).toMatch(/Fix: .*npm install.*22\.22/);
  });

  it("names the system's Node.js and its version where it is too old", async () => {
    const folder = await tempDir();
    const home = await checkout(join(folder, 'forkcast'));
    await placeScript(join(folder, 'system/node'), 'case $1 in --version) echo v20.20.2 ;; -e) exit 1 ;; *) echo ran ;; esac');
    const { code, stdout, stderr } = await runCommand(join(home, 'bin/forkcast'), [], withPath(join(folder, 'system')));
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' });
    expect(stderr).toContain(`${join(folder, 'system/node')} is v20.20.2, which is too old`);
  });

  it.each([
    ['22.21.9', 1],
    ['22.22.0', 0],
    ['24.0.0', 0],
    ['9.22.0', 1],
  ])('judges version %s of the system with %i', async (version, verdict) => {
    const script = await readFile(join(root, 'bin/forkcast'), 'utf8');
    const condition = /-e '(.*)'/.exec(script)?.[1] ?? '';
    const { code } = await runCommand(process.execPath, ['-e', condition.replace('process.versions.node', JSON.stringify(version))]);
    expect(code).toBe(verdict);
  });

  it('says how to build a checkout that is not built', async () => {
    const home = join(await tempDir(), 'forkcast');
    await mkdir(join(home, 'bin'), { recursive: true });
    await copyFile(join(root, 'bin/forkcast'), join(home, 'bin/forkcast'));
    const { code, stderr } = await runCommand(join(home, 'bin/forkcast'));
    expect(code).toBe(69);
    expect(stderr).toBe(`forkcast: ${home} is not built\n  Fix: in that folder run: npm install && npm run build\n`);
  });

  it('is replaced by the agent: its exit code and its signals are the agent’s', async () => {
    const home = await checkout(join(await tempDir(), 'forkcast'));
    await placeNode(join(home, bundled));
    expect((await runCommand(join(home, 'bin/forkcast'), ['--exit', '78'])).code).toBe(78);

    const child = spawn(join(home, 'bin/forkcast'), ['--wait'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    const [pid] = (await once(child.stdout, 'data')) as [Buffer];
    // Not replaced, it would get no signal of ours; so this ends it in any case.
    process.kill(Number(pid), 'SIGTERM');
    expect(Number(pid)).toBe(child.pid);
    expect(await ended).toEqual([42, null]);
  });

  it('works for a user who owns nothing of it', async () => {
    const home = await checkout(join(await tempDir({ readable: true }), 'forkcast'));
    const node = await placeNode(join(home, bundled));
    const { code, stdout, stderr } = await asOrdinaryUser(join(home, 'bin/forkcast'), ['check']);
    expect({ code, stderr, ...report(stdout) }).toEqual({ code: 0, stderr: '', node, args: ['check'] });
  });
});
