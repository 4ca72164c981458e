import { lstat, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RecordingWriter } from '../../../../src/ingest/recording/writer.ts';
import { failingDisk } from '../../../contract/failing-disk.ts';
import type { Fault } from '../../../contract/failing-disk.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { END, HEADER, readBackFile, synthetic, writeRecording } from './fixtures.ts';

const { frames } = synthetic(3000);

describe('the file of a recording', () => {
  it('is for its owner alone', async () => {
    const path = await writeRecording([]);
    expect((await lstat(path)).mode & 0o777).toBe(0o600);
  });

  it.each(['a file', 'a link'])('is never %s that is there already', async (what) => {
    const path = join(await tempDir(), 'there');
    await (what === 'a file' ? writeFile(path, 'precious') : symlink('/dev/null', path));
    await expect(RecordingWriter.create(path, { redact: true })).rejects.toMatchObject({
      code: 'FILE_IO',
      message: `cannot create ${path}: it exists already`,
      fix: expect.stringContaining('name another file') as string,
    });
    if (what === 'a file') expect(await readFile(path, 'utf8')).toBe('precious');
  });

  it('says why it cannot be created', async () => {
    await expect(RecordingWriter.create(join(await tempDir(), 'x'.repeat(300)), { redact: true })).rejects.toMatchObject({
      code: 'FILE_IO',
      message: expect.stringMatching(/^cannot create .*: ENAMETOOLONG$/) as string,
    });
  });

  it('is gone when nothing was recorded', async () => {
    const path = join(await tempDir(), 'x.fcrec');
    const writer = await RecordingWriter.create(path, { redact: true });
    await writer.discard();
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is told to be full before its sections grow large', async () => {
    const writer = await RecordingWriter.create(join(await tempDir(), 'x.fcrec'), { redact: false });
    let bytes = 0;
    while (!writer.isFull) {
      const frame = frames[bytes % frames.length] as Buffer;
      writer.add(frame);
      bytes += frame.length;
    }
    expect(bytes).toBeLessThan(2 * (256 << 10));
    await writer.flush();
    expect(writer.isFull).toBe(false);
    await writer.close();
  });

  it('says which folder is missing, or that there is no name', async () => {
    const folder = join(await tempDir(), 'none');
    await expect(RecordingWriter.create(join(folder, 'x.fcrec'), { redact: true })).rejects.toMatchObject({
      message: `cannot create ${folder}/x.fcrec: there is no folder ${folder}`,
      fix: 'name a file in a folder that exists',
    });
    await expect(RecordingWriter.create('', { redact: true })).rejects.toMatchObject({
      message: 'cannot create the recording: it has no name',
    });
  });

  it('copies frames: what becomes of the ring later is nothing to it', async () => {
    const frame = Buffer.from(frames[240] as Buffer);
    const path = join(await tempDir(), 'x.fcrec');
    const writer = await RecordingWriter.create(path, { redact: false });
    await writer.begin(HEADER);
    writer.add(frame);
    frame.fill(0xff);
    await writer.finish(END);
    await writer.close();
    expect((await readBackFile(path)).frames).toEqual([frames[240]]);
  });
});

describe('a disk that is full', () => {
  async function writerOn(decide: (write: number) => Fault): Promise<{ writer: RecordingWriter; path: string }> {
    const path = join(await tempDir(), 'x.fcrec');
    let writes = 0;
    const openFile = failingDisk((operation) => (operation === 'write' ? decide((writes += 1)) : undefined));
    const writer = await RecordingWriter.create(path, { redact: false, openFile });
    await writer.begin(HEADER);
    return { writer, path };
  }

  it('ends the recording with what to do; what is in the file is sound, and its end says why there is no more', async () => {
    // Header, a section, then the disk is full in the middle of the next.
    const { writer, path } = await writerOn((write) => (write === 3 ? { after: 20 } : write === 4 ? 'ENOSPC' : undefined));
    for (const frame of frames.slice(0, 10)) writer.add(frame);
    await writer.flush();
    for (const frame of frames.slice(10, 20)) writer.add(frame);
    await expect(writer.flush()).rejects.toMatchObject({
      code: 'FILE_IO',
      fix: 'free space on that file system',
      context: { path, errno: 'ENOSPC' },
    });
    expect((await lstat(path)).size).toBe(writer.size);
    for (const frame of frames.slice(20, 25)) writer.add(frame);
    await writer.finish({ ...END, complete: false, reason: 'disk full' });
    await writer.close();
    // Cutting off what was half written made room for it.
    expect(await readBackFile(path)).toMatchObject({ frames: frames.slice(0, 25), end: { complete: false, reason: 'disk full' } });
  });

  it('leaves a torn recording where not even the end has room', async () => {
    const { writer, path } = await writerOn((write) => (write > 2 ? 'ENOSPC' : undefined));
    for (const frame of frames.slice(0, 10)) writer.add(frame);
    await writer.flush();
    await expect(writer.finish(END)).rejects.toMatchObject({ context: { errno: 'ENOSPC' } });
    await writer.close();
    expect(await readBackFile(path)).toMatchObject({ frames: frames.slice(0, 10), end: { bytes: 0 } });
  });
});
