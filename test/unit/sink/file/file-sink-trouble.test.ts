import { chmod, mkdir, readFile, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../../../../src/core/errors.ts';
import type { Fault } from '../../../contract/failing-disk.ts';
import { failingDisk } from '../../../contract/failing-disk.ts';
import { SinkFolder } from '../../../contract/file-sink-fixture.ts';
import { plainContainer, readPlain } from '../../../contract/plain-container.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';
import { until } from '../../../contract/waiting.ts';

const never = new AbortController().signal;

describe('FileSink in trouble', () => {
  let folder: SinkFolder;
  /** What the next operations meet, in order, by operation. */
  let faults: Record<string, Fault[]>;
  const openFile = failingDisk((operation) => faults[operation]?.shift());
  const levels = (): string[] => folder.log.filter((line) => line.level !== 'info').map((line) => `${line.level}: ${line.message}`);

  beforeEach(async () => {
    folder = await SinkFolder.make();
    faults = {};
  });
  afterEach(() => folder.remove());

  it('rejects on a full disk with path, reason and fix, leaves the file sound, and goes on when there is room', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    await sink.write(batch(1, 3), never);
    faults['write'] = [{ after: 20 }, 'ENOSPC'];
    const [file = ''] = sink.files;
    const error = await sink.write(batch(4, 6), never).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AgentError);
    expect(error).toMatchObject({
      code: 'FILE_IO',
      context: { path: file, errno: 'ENOSPC' },
      fix: expect.stringContaining('free space') as string,
    });
    expect((error as AgentError).message).toBe(`cannot write ${file}: ENOSPC`);
    expect(readPlain(await readFile(file))).toMatchObject({ blocks: [[1, 2, 3]], torn: 0 });
    await sink.write(batch(4, 6), never);
    expect(sink.files).toEqual([file]);
    await sink.close();
    expect((await folder.files()).map((found) => found.blocks)).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
  });

  it('writes a block whole although the system takes it in pieces', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    faults['write'] = [{ after: 3 }, { after: 5 }, { after: 1 }, { after: 4 }, undefined, { after: 30 }];
    await sink.write(batch(1, 5), never);
    await sink.close();
    expect(await folder.files()).toMatchObject([{ blocks: [[1, 2, 3, 4, 5]], torn: 0 }]);
  });

  it('leaves nothing behind when not even the header fits', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    faults['write'] = [{ after: 10 }, 'ENOSPC'];
    await expect(sink.write(batch(1, 1), never)).rejects.toMatchObject({ code: 'FILE_IO', context: { errno: 'ENOSPC' } });
    expect(await folder.names()).toEqual([]);
    await sink.write(batch(1, 1), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([1]);
  });

  it('removes a file whose only block failed', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    faults['write'] = [undefined, 'ENOSPC'];
    await expect(sink.write(batch(1, 1), never)).rejects.toMatchObject({ code: 'FILE_IO' });
    await sink.close();
    expect(await folder.names()).toEqual([]);
    expect(levels()).toEqual([]);
  });

  it('retries what has not landed, and only that, when one stream fails and the other does not', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    const both = batchOf(record(1), record(2, 16, 'agent'), record(3));
    faults['open'] = ['ENOSPC'];
    await expect(sink.write(both, never)).rejects.toMatchObject({ code: 'FILE_IO' });
    await sink.write(both, never);
    await sink.close();
    expect((await folder.sequences()).toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
  });

  it('retries only the blocks that did not get written', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    const large = batch(1, 4000, 200);
    faults['write'] = [undefined, undefined, 'ENOSPC'];
    await expect(sink.write(large, never)).rejects.toMatchObject({ code: 'FILE_IO' });
    await sink.write(large, never);
    await sink.close();
    expect(await folder.sequences()).toEqual(Array.from({ length: 4000 }, (_, index) => index + 1));
  });

  it('begins a new file when a torn end cannot be cut, and recovers the old one at the next start', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    await sink.write(batch(1, 2), never);
    faults = { write: [{ after: 7 }, 'EIO'], truncate: ['EIO'] };
    await expect(sink.write(batch(3, 4), never)).rejects.toMatchObject({ code: 'FILE_IO', context: { errno: 'EIO' } });
    await sink.write(batch(3, 4), never);
    await sink.close();
    expect(levels()).toEqual([
      'warn: gave up an event file whose end could not be mended; the next start recovers it, whole blocks are safe',
    ]);
    expect(await folder.files(/open$/)).toMatchObject([{ blocks: [[1, 2]], torn: 7 }]);
    expect(sink.counters.abandoned).toBe(1);
    const next = folder.sink();
    await next.open(never);
    await next.close();
    expect(await folder.files()).toMatchObject([
      { blocks: [[1, 2]], torn: 0 },
      { blocks: [[3, 4]], torn: 0 },
    ]);
    expect(await folder.names()).toHaveLength(2);
  });

  it('begins a new file when the old one cannot be written for another reason than room', async () => {
    const sink = folder.sink({ openFile });
    await sink.open(never);
    await sink.write(batch(1, 1), never);
    faults['write'] = ['EIO'];
    await expect(sink.write(batch(2, 2), never)).rejects.toMatchObject({ context: { errno: 'EIO' } });
    await sink.write(batch(2, 2), never);
    await sink.close();
    expect((await folder.files()).map((file) => file.blocks)).toEqual([[[1]], [[2]]]);
  });

  it('syncs while there is something new, and reports a disk that cannot', async () => {
    const syncs: number[] = [];
    const counting = failingDisk((operation) => {
      if (operation === 'datasync') syncs.push(syncs.length);
      return operation === 'datasync' ? faults['datasync']?.shift() : undefined;
    });
    const sink = folder.sink({ openFile: counting, config: { syncIntervalMs: 5 } });
    await sink.open(never);
    await sink.write(batch(1, 1), never);
    await until(() => syncs.length === 1);
    faults['datasync'] = ['EIO'];
    await sink.write(batch(2, 2), never);
    await until(() => sink.files.length === 0);
    await until(() => levels().length > 0);
    expect(levels()).toEqual([
      'error: an event file could not be forced to the disk; what it holds may be lost in a power failure, the next start recovers it',
    ]);
    await sink.write(batch(3, 3), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([3]);
    expect(await folder.sequences(/open$/)).toEqual([1, 2]);
  });

  it('says so when a file is removed while it is written, and begins a new one', async () => {
    const sink = folder.sink({ config: { syncIntervalMs: 5 } });
    await sink.open(never);
    await sink.write(batch(1, 4), never);
    await unlink(sink.files[0] ?? '');
    // Either still into the file without a name, or into the next one already.
    await sink.write(batch(5, 5), never);
    await until(() => levels().length > 0);
    const error = folder.log.find((line) => line.level === 'error');
    expect(error?.message).toBe('an event file was removed while it was written: its records are lost');
    await sink.write(batch(6, 6), never);
    await sink.close();
    const found = await folder.sequences();
    expect(found.at(-1)).toBe(6);
    expect(found.length + Number(error?.fields['records'])).toBe(6);
  });

  it('makes its folder anew when that was removed', async () => {
    const sink = folder.sink({ config: { rotateMaxAgeMs: 5 } });
    await sink.open(never);
    await sink.write(batch(1, 1), never);
    await until(() => sink.counters.finished === 1);
    await folder.remove();
    await sink.write(batch(2, 2), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([2]);
  });

  it('rejects what a broken container cannot frame, and goes on', async () => {
    let broken = true;
    const container = {
      ...plainContainer,
      block: (count: number, body: Uint8Array, sync: Uint8Array) =>
        broken ? Promise.reject(new Error('no codec')) : plainContainer.block(count, body, sync),
    };
    const sink = folder.sink({ container });
    await sink.open(never);
    await expect(sink.write(batch(1, 1), never)).rejects.toMatchObject({ code: 'BUG', message: 'no codec' });
    broken = false;
    await sink.write(batch(1, 1), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([1]);
  });

  it('locks its folder while it is open', async () => {
    const held: string[] = [];
    const lock = (path: string): Promise<() => Promise<void>> => {
      held.push(path);
      return Promise.resolve(() => {
        held.pop();
        return Promise.resolve();
      });
    };
    const sink = folder.sink({ lock });
    await sink.open(never);
    expect(held).toEqual([join(folder.path, '.lock')]);
    await sink.close();
    expect(held).toEqual([]);
  });

  it('touches nothing in a folder that another one has locked', async () => {
    const torn = join(folder.path, 'process-20260131T235959Z-0f1e2d3c-000001.plain.open');
    await mkdir(torn);
    const sink = folder.sink({ lock: () => Promise.reject(new AgentError('DATA_DIR_LOCKED', 'taken')) });
    await expect(sink.open(never)).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' });
    await sink.close();
    expect(folder.log).toEqual([]);
    await rm(torn, { recursive: true });
  });

  it('refuses a folder that is a symbolic link', async () => {
    const link = join(folder.path, 'link');
    await mkdir(join(folder.path, 'real'));
    await symlink(join(folder.path, 'real'), link);
    const sink = folder.sink({ config: { path: link } });
    await expect(sink.open(never)).rejects.toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      fix: expect.stringContaining(join(folder.path, 'real')) as string,
    });
    await sink.close();
  });

  it('says who may not use the folder, and what to do', async () => {
    const path = join(folder.path, 'events');
    await chmod(folder.path, 0o500);
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      const sink = folder.sink({ config: { path } });
      await expect(sink.open(never)).rejects.toMatchObject({
        code: 'DATA_DIR_PERMISSION',
        message: `the folder for event files ${path} cannot be used by uid ${process.geteuid?.()}: EACCES`,
        fix: expect.stringContaining('chown') as string,
      });
      await sink.close();
    } finally {
      if (root) process.seteuid?.(0);
      await chmod(folder.path, 0o700);
    }
  });

  it('refuses a path that is a file', async () => {
    const sink = folder.sink({ config: { path: '/etc/passwd' } });
    await expect(sink.open(never)).rejects.toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      message: expect.stringContaining('/etc/passwd') as string,
    });
    await sink.close();
  });
});
