import { spawnSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareDataDir, takeLock } from '../../../src/agent/data-dir.ts';
import type { PreparedDataDir } from '../../../src/agent/data-dir.ts';
import { exitCodeOf } from '../../../src/core/errors.ts';

const OTHER_UID = 65_534;
const isRoot = process.geteuid?.() === 0;

describe('prepareDataDir', () => {
  let root: string;
  let path: string;
  const logged: object[] = [];
  const log = { info: (fields: object) => logged.push(fields) };
  const prepare = (at = path): Promise<PreparedDataDir> => prepareDataDir(at, log);
  const refusal = (at = path): Promise<unknown> =>
    prepare(at).then(
      () => 'nothing was refused',
      (error: unknown) => error,
    );
  const modeOf = async (folder: string): Promise<number> => (await stat(folder)).mode & 0o7777;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'forkcast-data-'));
    path = join(root, 'data');
    logged.length = 0;
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it.each([0o000, 0o077, 0o277])('makes its folders 0700 under umask %o', async (umask) => {
    const before = process.umask(umask);
    try {
      const prepared = await prepare();
      expect(prepared).toMatchObject({ path, state: join(path, 'state'), events: join(path, 'events') });
      expect(await Promise.all([path, prepared.state, prepared.events].map(modeOf))).toEqual([0o700, 0o700, 0o700]);
      await prepared.release();
    } finally {
      process.umask(before);
    }
  });

  it('uses a folder that is there, and lets the user decide who may read it', async () => {
    await mkdir(path);
    await chmod(path, 0o755);
    const prepared = await prepare();
    expect(await modeOf(path)).toBe(0o755);
    await prepared.release();
  });

  it('follows a link to the folder itself, for disks with more room', async () => {
    await mkdir(join(root, 'large'), 0o700);
    await symlink(join(root, 'large'), path);
    await (await prepare()).release();
    expect((await readdir(join(root, 'large'))).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['events', 'state']);
  });

  it.each(['state', 'events'])('refuses a link in the place of %s', async (name) => {
    await mkdir(path, 0o700);
    await mkdir(join(root, 'trap'), 0o700);
    await symlink(join(root, 'trap'), join(path, name));
    expect(await refusal()).toMatchObject({ code: 'DATA_DIR_UNSAFE', message: expect.stringContaining(join(path, name)) as string });
  });

  it.each([
    [0o770, 'data'],
    [0o702, 'data'],
    [0o1777, 'data'],
    [0o720, 'data/state'],
    [0o777, 'data/events'],
  ])('refuses mode %o of %s and gives the command that mends it', async (mode, name) => {
    const folder = join(root, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, mode);
    const error = await refusal();
    expect(error).toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      message: `${folder} may be written by others (mode ${mode.toString(8).padStart(4, '0')})`,
      fix: `chmod 700 ${folder}, or use another folder: --set agent.data_dir=FOLDER`,
    });
    expect(exitCodeOf(error)).toBe(77);
    spawnSync('sh', ['-c', `chmod 700 ${folder}`]);
    await (await prepare()).release();
  });

  it('quotes the path in the command for a shell', async () => {
    path = join(root, "Ana's data");
    await mkdir(path);
    await chmod(path, 0o777);
    const { fix } = (await refusal()) as { fix: string };
    spawnSync('sh', ['-c', fix.slice(0, fix.indexOf(', or'))]);
    await (await prepare()).release();
  });

  it('refuses a folder of another user', async () => {
    // Only root can give a folder away; anybody else finds enough that are root's.
    const [foreign, owner] = isRoot ? [path, OTHER_UID] : ['/usr', 0];
    if (isRoot) {
      await mkdir(path, 0o700);
      await chown(path, OTHER_UID, OTHER_UID);
    }
    const own = process.geteuid?.();
    expect(await refusal(foreign)).toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      message: `${foreign} belongs to uid ${owner}, but the agent runs as uid ${own}`,
      fix: `chown -R ${own} ${foreign}, or use another folder: --set agent.data_dir=FOLDER`,
    });
  });

  it('says whose permission is missing, and what to do', async () => {
    await chmod(root, 0o500);
    if (isRoot) process.seteuid?.(OTHER_UID);
    const uid = process.geteuid?.();
    const error = await refusal();
    if (isRoot) process.seteuid?.(0);
    await chmod(root, 0o700);
    expect(error).toMatchObject({
      code: 'DATA_DIR_PERMISSION',
      message: `${path} cannot be used by uid ${uid}: EACCES`,
      fix: `as root: mkdir -p ${path} && chown -R ${uid} ${path}, or use another folder: --set agent.data_dir=FOLDER`,
    });
    expect(exitCodeOf(error)).toBe(77);
  });

  it('refuses a path that is a file', async () => {
    await writeFile(path, '');
    expect(await refusal()).toMatchObject({ code: 'DATA_DIR_UNSAFE', message: expect.stringContaining('is not a folder') as string });
  });

  it('says that a link points to nowhere, wherever it is', async () => {
    await symlink(join(root, 'nowhere'), path);
    const message = `${path} is a symbolic link to ${join(root, 'nowhere')}, which is not there`;
    expect(await refusal()).toMatchObject({ code: 'DATA_DIR_UNSAFE', message });
    expect(await refusal(join(path, 'a', 'b'))).toMatchObject({ code: 'DATA_DIR_UNSAFE', message });
  });

  it('names the file that the path lies below', async () => {
    await writeFile(path, '');
    expect(await refusal(join(path, 'a', 'b'))).toMatchObject({ code: 'DATA_DIR_UNSAFE', message: `${path} is not a folder` });
  });

  // Node's own recursive mkdir never comes back from there.
  it.each(['/proc/forkcast/data', ...(isRoot ? ['/proc'] : [])])('gives up where no folder can be made: %s', async (place) => {
    expect(await refusal(place)).toMatchObject({ code: 'FILE_IO', fix: expect.stringContaining('use another folder') as string });
  });

  it('makes every folder that is missing, for its user only', async () => {
    const before = process.umask(0o277);
    try {
      await (await prepare(join(path, 'a', 'b'))).release();
    } finally {
      process.umask(before);
    }
    expect(await Promise.all([path, join(path, 'a'), join(path, 'a', 'b')].map(modeOf))).toEqual([0o700, 0o700, 0o700]);
  });

  it('locks the folder and names the holder to whoever comes second', async () => {
    const prepared = await prepare();
    const error = await refusal();
    expect(error).toMatchObject({
      code: 'DATA_DIR_LOCKED',
      message: `${join(path, 'state')} is in use by this same process`,
      context: { pid: process.pid },
    });
    expect(exitCodeOf(error)).toBe(69);
    expect(await readFile(join(path, 'state', 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+ [0-9a-f-]{36}\\n$`));
    expect(await modeOf(join(path, 'state', 'lock'))).toBe(0o600);
    await prepared.release();
    await prepared.release();
    expect(await readdir(join(path, 'state'))).toEqual([]);
    await (await prepare()).release();
  });

  it('replaces the lock of an agent that is gone, and says so', async () => {
    await (await prepare()).release();
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const { pid } = spawnSync('true');
    await writeFile(join(path, 'state', 'lock'), `${pid} 12345 ${boot}\n`);
    await (await prepare()).release();
    expect(logged).toEqual([{ path, pid }]);
    expect(await readdir(join(path, 'state'))).toEqual([]);
  });
});

describe('takeLock', () => {
  it('tells a sink that its folder has an owner already', async () => {
    const root = await mkdtemp(join(tmpdir(), 'forkcast-lock-'));
    const unlock = await takeLock(join(root, '.lock'));
    await expect(takeLock(join(root, '.lock'))).rejects.toMatchObject({
      code: 'DATA_DIR_LOCKED',
      fix: expect.stringContaining('folder of its own') as string,
    });
    await unlock();
    await rm(root, { recursive: true });
  });
});
