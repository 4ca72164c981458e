import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecCacheOptions } from '../../src/ingest/capture/bpf/exec-cache.ts';
import { tempDir } from './temp-dir.ts';

/** Options for an exec cache on a machine that has all it takes, whatever the one has on which the test runs. */
export async function cacheOptions(more: Partial<ExecCacheOptions> = {}): Promise<ExecCacheOptions> {
  const folder = await tempDir();
  for (const name of ['proc/self', 'proc/thread-self', 'sys/kernel/btf', 'cg']) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'sys/kernel/btf/vmlinux'), '');
  await writeFile(join(folder, 'proc/thread-self/status'), 'CapEff:\t000001ffffffffff\n');
  await writeFile(join(folder, 'proc/self/cgroup'), '0::/\n');
  await writeFile(join(folder, 'proc/self/mountinfo'), `1 0 0:1 / ${join(folder, 'cg')} rw - cgroup2 cgroup2 rw\n`);
  return { maxArgsBytes: 32 << 10, ringBytes: 1 << 16, root: join(folder, 'proc'), sys: join(folder, 'sys'), ...more };
}
