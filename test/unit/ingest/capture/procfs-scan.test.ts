import { Dir } from 'node:fs';
import type { Dirent } from 'node:fs';
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { ProcfsScan } from '../../../../src/ingest/capture/procfs-scan.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

async function procWith(...names: string[]): Promise<string> {
  const root = await tempDir();
  for (const name of names) await mkdir(join(root, name));
  return root;
}

function pidsOf(root: string): number[] {
  const scan = ProcfsScan.open(root) as ProcfsScan;
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

test('without a descriptor to spare there is no listing now, and a host network namespace that cannot be looked at is trouble that passes', async () => {
  const from = (module: string): string => JSON.stringify(new URL(`../../../../src/ingest/${module}.ts`, import.meta.url).href);
  const script = `
    const { openSync, closeSync } = await import('node:fs');
    const { ProcfsScan } = await import(${from('capture/procfs-scan')});
    const { inHostNetwork } = await import(${from('proc-connector/host-network')});
    const held = [];
    try { for (;;) held.push(openSync('/dev/null')); } catch (error) { if (error.code !== 'EMFILE') throw error; }
    const scan = ProcfsScan.open();
    let caught;
    try { inHostNetwork({}, () => undefined); } catch (error) { caught = error.code; }
    for (const fd of held) closeSync(fd);
    console.log(JSON.stringify([scan === undefined, caught, ProcfsScan.open().next() > 0]));`;
  const limited = ['-c', 'ulimit -n 100; exec "$0" --input-type=module -e "$1"', process.execPath, script];
  const { stdout } = await promisify(execFile)('/bin/sh', limited);
  expect(JSON.parse(stdout)).toEqual([true, 'NETLINK_SOCKET', true]);
});
