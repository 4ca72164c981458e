import { chown, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SinkFolder } from '../../../contract/file-sink-fixture.ts';
import { plainContainer, readPlain } from '../../../contract/plain-container.ts';
import { batch, batchOf, record } from '../../../contract/records.ts';

const never = new AbortController().signal;
const NAME = 'process-20260131T235959Z-0f1e2d3c-000001.plain';

describe('FileSink recovering what an earlier run left', () => {
  let folder: SinkFolder;
  let whole: Buffer;
  let headerBytes: number;

  const start = async (): Promise<void> => {
    const sink = folder.sink();
    await sink.open(never);
    await sink.close();
  };
  const put = (name: string, content: Buffer | string): Promise<void> => writeFile(join(folder.path, name), content);
  const lines = (): string[] => folder.log.map((line) => `${line.level}: ${line.message}`);

  beforeEach(async () => {
    folder = await SinkFolder.make();
    const marker = Buffer.alloc(16, 0xa5);
    const header = plainContainer.header({ agent_id: 'a' }, marker);
    const blocks = [batch(1, 3), batch(4, 6), batchOf(record(7, 5000))].map((b) =>
      plainContainer.block(b.items.length, Buffer.concat(b.items.map((item) => item.bytes)), marker),
    );
    whole = Buffer.concat([header, ...(await Promise.all(blocks))]);
    headerBytes = header.length;
  });
  afterEach(() => folder.remove());

  it('gives a whole file its finished name', async () => {
    await put(`${NAME}.open`, whole);
    await start();
    expect(await folder.names()).toEqual([NAME]);
    expect(await readFile(join(folder.path, NAME))).toEqual(whole);
    expect(lines()).toEqual(['info: recovered an event file of an earlier run']);
    expect(folder.log[0]?.fields).toEqual({ path: join(folder.path, NAME), keptBytes: whole.length, cutBytes: 0 });
  });

  it('cuts a torn file to its last whole block, wherever it is torn', async () => {
    const ends = Array.from({ length: 60 }, (_, index) => headerBytes + 1 + Math.floor((index * (whole.length - headerBytes - 2)) / 59));
    for (const [index, end] of ends.entries())
      await put(`process-20260131T235959Z-0f1e2d3c-${String(index).padStart(6, '0')}.plain.open`, whole.subarray(0, end));
    await start();
    const files = await folder.files();
    expect(await folder.files(/open$/)).toEqual([]);
    const expected = ends.map((end) => readPlain(whole.subarray(0, end)).blocks).filter((blocks) => blocks.length > 0);
    expect(files.map((file) => file.blocks)).toEqual(expected);
    expect(files.every((file) => file.torn === 0)).toBe(true);
  });

  it.each([
    ['empty', () => Buffer.alloc(0)],
    ['torn within its header', () => whole.subarray(0, headerBytes - 1)],
    ['nothing but a header', () => whole.subarray(0, headerBytes)],
    ['torn within its first block', () => whole.subarray(0, headerBytes + 20)],
  ])('removes a file that is %s', async (_, content) => {
    await put(`${NAME}.open`, content());
    await start();
    expect(await folder.names()).toEqual([]);
    expect(lines()).toEqual(['info: removed an event file of an earlier run: no record in it was whole']);
  });

  it('touches nothing that is not named as its own files are', async () => {
    const others = [
      'process.plain.open',
      'process-20260131T235959Z-0f1e2d3c-000001.avro.open',
      'process-20260131T235959Z-0f1e2d3c-000001.plain.open.bak',
      'other-20260131T235959Z-0f1e2d3c-000001.plain.open',
      'process-20260131T235959Z-0F1E2D3C-000001.plain.open',
      ' process-20260131T235959Z-0f1e2d3c-000001.plain.open',
      'notes.open',
    ];
    for (const name of others) await put(name, 'mine');
    await start();
    expect(await folder.names()).toEqual(others.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(folder.log).toEqual([]);
  });

  it('does not follow a link, nor replace a finished file, nor stumble over either', async () => {
    const target = join(folder.path, 'target');
    await writeFile(target, whole.subarray(0, whole.length - 1));
    await symlink(target, join(folder.path, 'agent-20260131T235959Z-0f1e2d3c-000001.plain.open'));
    await mkdir(join(folder.path, 'agent-20260131T235959Z-0f1e2d3c-000002.plain.open'));
    await put(NAME, 'finished already');
    await put(`${NAME}.open`, whole);
    await put(`agent-20260131T235959Z-0f1e2d3c-000003.plain.open`, whole);
    await start();
    expect(lines().filter((line) => line.startsWith('error: could not recover'))).toHaveLength(3);
    expect(await readFile(target)).toHaveLength(whole.length - 1);
    expect(await readlink(join(folder.path, 'agent-20260131T235959Z-0f1e2d3c-000001.plain.open'))).toBe(target);
    expect(await readFile(join(folder.path, NAME), 'utf8')).toBe('finished already');
    expect(await folder.names()).toContain('agent-20260131T235959Z-0f1e2d3c-000003.plain');
  });

  it.runIf(process.geteuid?.() === 0)('leaves files of other users as they are', async () => {
    await put(`${NAME}.open`, whole.subarray(0, whole.length - 1));
    await chown(join(folder.path, `${NAME}.open`), 65_534, 65_534);
    await start();
    expect(await folder.names()).toEqual([`${NAME}.open`]);
    expect(await readFile(join(folder.path, `${NAME}.open`))).toHaveLength(whole.length - 1);
    expect(lines()).toHaveLength(1);
  });

  it('goes on beside the recovered files', async () => {
    await put(`${NAME}.open`, whole);
    const sink = folder.sink();
    await sink.open(never);
    await sink.write(batch(8, 9), never);
    await sink.close();
    expect(await folder.sequences()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sink.counters).toMatchObject({ recovered: 1, finished: 1 });
  });
});
