import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { closeSync, fstatSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { NetworkPaths } from '../../../../src/ingest/proc-connector/host-network.ts';
import { inHostNetwork } from '../../../../src/ingest/proc-connector/host-network.ts';
import { FakeLibc } from '../../../helpers/fake-libc.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const EPERM = 1;
const CLONE_NEWNET = 0x40000000;
const KTHREADD = '2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0';
const SHELL = '2 (sh) ) S 1 1 1 0 -1 4194560 0 0 0 0';

/** Folders of /proc with namespaces that are files: `same` makes them one. */
async function folders(options: { same?: boolean; stat?: string } = {}): Promise<NetworkPaths & { ino: { own: number; host: number } }> {
  const dir = await tempDir();
  const paths = { own: join(dir, 'own'), kernel: join(dir, 'kernel') };
  for (const path of [paths.own, paths.kernel]) await mkdir(join(path, 'ns'), { recursive: true });
  await writeFile(join(paths.own, 'ns/net'), '');
  if (options.same === true) await symlink(join(paths.own, 'ns/net'), join(paths.kernel, 'ns/net'));
  else await writeFile(join(paths.kernel, 'ns/net'), '');
  await writeFile(join(paths.kernel, 'stat'), options.stat ?? KTHREADD);
  const [own, host] = [paths.own, paths.kernel].map((path) => statSync(join(path, 'ns/net')).ino) as [number, number];
  return { ...paths, ino: { own, host } };
}

/** A libc that notes which file the thread was moved into. */
class Moving extends FakeLibc {
  readonly inodes: number[] = [];

  override setns(fd: number, type: number): ReturnType<FakeLibc['setns']> {
    const result = super.setns(fd, type);
    if (result.value === 0) this.inodes.push(fstatSync(fd).ino);
    return result;
  }
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

describe('work in the host’s network', () => {
  test('in another namespace runs between going there and coming back, and its result comes back, too', async () => {
    const { ino, ...paths } = await folders();
    const libc = new Moving();
    const before = openFiles();
    const during = inHostNetwork(libc, () => [...libc.inodes], paths);
    expect(during).toEqual([ino.host]);
    expect(libc.inodes).toEqual([ino.host, ino.own]);
    expect(libc.entered.map(({ type }) => type)).toEqual([CLONE_NEWNET, CLONE_NEWNET]);
    expect(openFiles()).toBe(before);
  });

  test('comes back when the work fails, with its error', async () => {
    const { ino, ...paths } = await folders();
    const libc = new Moving();
    const fail = (): never => {
      throw new AgentError('NETLINK_UNSUPPORTED', 'no connector');
    };
    expect(() => inHostNetwork(libc, fail, paths)).toThrow('no connector');
    expect(libc.inodes.at(-1)).toBe(ino.own);
  });

  test('moves nothing where the namespace is the host’s already', async () => {
    const libc = new Moving();
    expect(inHostNetwork(libc, () => 'done', await folders({ same: true }))).toBe('done');
    expect(libc.inodes).toEqual([]);
  });

  test.each([
    ['process 2 is no kernel thread: another pid namespace', { stat: SHELL }],
    ['its flags cannot be read', { stat: '' }],
  ])('stays where it is where %s', async (_, options) => {
    const libc = new Moving();
    expect(inHostNetwork(libc, () => 'done', await folders(options))).toBe('done');
    expect(libc.inodes).toEqual([]);
  });

  test('stays where it is where the kernel’s threads cannot be seen', async () => {
    const libc = new Moving();
    const paths = { own: '/proc/thread-self', kernel: join(await tempDir(), 'nobody') };
    expect(inHostNetwork(libc, () => 'done', paths)).toBe('done');
  });

  test('that may not be entered does not begin, and the error says how it could', async () => {
    const libc = new Moving();
    libc.failing.setns = EPERM;
    let begun = false;
    const attempt = async (): Promise<unknown> => {
      const paths = await folders();
      return inHostNetwork(libc, () => (begun = true), paths);
    };
    const error = await attempt().catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'NETLINK_NAMESPACE',
      fix: expect.stringMatching(/CAP_SYS_ADMIN and CAP_SYS_PTRACE.*--network=host/) as string,
    });
    expect(begun).toBe(false);
  });

  test('from which the thread cannot return is a bug, whose cause is what went wrong before', async () => {
    const { ino: _, ...paths } = await folders();
    const libc = new Moving();
    const cause = new Error('first');
    const strand = (): never => {
      libc.failing.setns = EPERM;
      throw cause;
    };
    let caught: unknown;
    try {
      inHostNetwork(libc, strand, paths);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'BUG', cause });
  });

  test('knows this machine’s own folders', () => {
    const libc = new Moving();
    const fd = inHostNetwork(libc, () => openSync('/proc/thread-self/ns/net', 'r'));
    closeSync(fd);
    expect(libc.inodes.length % 2).toBe(0);
  });
});
