import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCgroupMounts, readHierarchies, wantedOf } from '../../../../../src/ingest/capture/bpf/hierarchies.ts';
import { NO_HIERARCHY } from '../../../../../src/ingest/capture/bpf/layout.ts';
import { tempDir } from '../../../../helpers/temp-dir.ts';

const UNIFIED = { cgroup: '0::/init.scope\n', mounts: '30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n' };
const HYBRID = {
  cgroup:
    '13:misc:/\n12:pids:/user.slice/u\n6:memory:/user.slice\n4:cpu,cpuacct:/\n1:name=systemd:/user.slice/u/s.scope\n0::/user.slice/u/s.scope\n',
  mounts: `31 30 0:27 / /sys/fs/cgroup/unified rw shared:5 - cgroup2 cgroup2 rw
32 30 0:28 / /sys/fs/cgroup/systemd rw shared:6 - cgroup cgroup rw,xattr,name=systemd
37 30 0:33 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 - cgroup cgroup rw,cpuacct,cpu
38 30 0:34 / /sys/fs/cgroup/memory rw shared:11 - cgroup cgroup rw,memory
39 30 0:35 / /sys/fs/cgroup/pids rw shared:12 - cgroup cgroup rw,pids
40 30 0:36 / /tmp/with\\040space rw - ext4 /dev/vda rw
`,
};
const COMOUNTED = { cgroup: '3:pids,memory:/\n2:cpu:/\n0::/\n', mounts: '' };
const IN_CONTAINER = {
  cgroup: '0::/\n',
  mounts: `50 40 0:26 /docker/abc /mnt/part ro - cgroup2 cgroup ro
51 40 0:26 / /sys/fs/cg\\040all ro - cgroup2 cgroup ro
`,
};

async function machine({ cgroup, mounts }: { cgroup: string; mounts: string }): Promise<string> {
  const root = await tempDir();
  await mkdir(join(root, 'self'));
  await writeFile(join(root, 'self/cgroup'), cgroup);
  await writeFile(join(root, 'self/mountinfo'), mounts);
  return root;
}

describe('the hierarchies of cgroups', () => {
  it.each([
    ['unified', UNIFIED, [0, NO_HIERARCHY, NO_HIERARCHY, NO_HIERARCHY, NO_HIERARCHY]],
    ['hybrid', HYBRID, [0, 1, 12, 6, 4]],
    ['with two controllers in one', COMOUNTED, [0, NO_HIERARCHY, 3, NO_HIERARCHY, 2]],
  ])('that matter: %s', async (_, files, wanted) => {
    expect(wantedOf(readHierarchies(await machine(files)))).toEqual(wanted);
  });

  it('are found where they are mounted', async () => {
    const root = await machine(HYBRID);
    expect(readCgroupMounts(readHierarchies(root), root)).toEqual([
      { hierarchy: 0, root: '', point: '/sys/fs/cgroup/unified' },
      { hierarchy: 1, root: '', point: '/sys/fs/cgroup/systemd' },
      { hierarchy: 4, root: '', point: '/sys/fs/cgroup/cpu,cpuacct' },
      { hierarchy: 6, root: '', point: '/sys/fs/cgroup/memory' },
      { hierarchy: 12, root: '', point: '/sys/fs/cgroup/pids' },
    ]);
  });

  it('are taken from where all of one is seen, before a part of it', async () => {
    const root = await machine(IN_CONTAINER);
    expect(readCgroupMounts(readHierarchies(root), root)).toEqual([
      { hierarchy: 0, root: '', point: '/sys/fs/cg all' },
      { hierarchy: 0, root: '/docker/abc', point: '/mnt/part' },
    ]);
  });
});
