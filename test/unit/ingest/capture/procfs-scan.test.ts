import { Dir } from 'node:fs';
import type { Dirent } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { ProcfsScan } from '../../../../src/ingest/capture/procfs-scan.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

async function procWith(...names: string[]): Promise<string> {
  const root = await tempDir();
  for (const name of names) await mkdir(join(root, name));
  return root;
}

function pidsOf(root: string): number[] {
  const scan = new ProcfsScan(root);
  const pids: number[] = [];
  for (let pid = scan.next(); pid !== undefined; pid = scan.next()) pids.push(pid);
  return pids.toSorted((a, b) => a - b);
}

test('the pids are listed, and nothing else of /proc', async () => {
  expect(pidsOf(await procWith('1', '20', 'self', 'sys', '300'))).toEqual([1, 20, 300]);
});

test('a process that ends while it is being listed costs its own entry only', async () => {
  const root = await procWith('1', '20', '300');
  const read = vi.spyOn(Dir.prototype, 'readSync');
  // As Node does with an entry of no known type: it has been read when looking for its type fails.
  read.mockImplementationOnce(function (this: Dir): Dirent | null {
    read.mockRestore();
    this.readSync();
    throw Object.assign(new Error('ENOENT: no such file or directory, lstat'), { code: 'ENOENT' });
  });
  expect(pidsOf(root)).toHaveLength(2);
});

test('what else fails is told', async () => {
  const root = await procWith('1');
  vi.spyOn(Dir.prototype, 'readSync').mockImplementation(() => {
    throw Object.assign(new Error('EIO'), { code: 'EIO' });
  });
  expect(() => pidsOf(root)).toThrow('EIO');
});
