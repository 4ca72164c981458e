import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { walkCgroups } from '../../../../../src/ingest/capture/bpf/cgroup-walk.ts';
import { runCommand } from '../../../../helpers/run-command.ts';
import { tempDir } from '../../../../helpers/temp-dir.ts';

const NAME = 'x'.repeat(250);
const walk = (point: string) => [...walkCgroups({ hierarchy: 3, root: '/inner', point }, 100)];

it('finds all below the mount, by their place in the hierarchy and their inode', async () => {
  const point = await tempDir();
  await mkdir(join(point, 'a/b'), { recursive: true });
  const found = walk(point);
  expect(found.map(({ path }) => path)).toEqual(['/inner', '/inner/a', '/inner/a/b']);
  expect(found.at(-1)).toMatchObject({ hierarchy: 3, id: (await stat(join(point, 'a/b'))).ino });
});

it('leaves out what lies deeper than a path can say, and finds the rest', async () => {
  const point = await tempDir();
  // Before the folder itself is removed, by whole paths.
  onTestFinished(async () => void (await runCommand('/bin/rm', ['-rf', join(point, NAME)])));
  const { code } = await runCommand('/bin/sh', ['-c', 'for i in $(seq 20); do mkdir "$0" && cd -P "$0" || exit 1; done', NAME], {
    cwd: point,
  });
  expect(code).toBe(0);
  await mkdir(join(point, 'other'));
  const paths = walk(point).map(({ path }) => path);
  expect(paths).toContain('/inner/other');
  expect(paths.length).toBeGreaterThan(10);
  expect(paths.length).toBeLessThan(20);
});
