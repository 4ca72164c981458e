import { chown, mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SinkFolder } from '../../../contract/file-sink-fixture.ts';
import { compareAge, parseName } from '../../../../src/sink/file/name.ts';
import { batch } from '../../../contract/records.ts';
import { until } from '../../../contract/waiting.ts';

const never = new AbortController().signal;

describe('FileSink keeping within its allowance', () => {
  let folder: SinkFolder;
  const put = (name: string, bytes = 1000): Promise<void> => writeFile(join(folder.path, name), Buffer.alloc(bytes));

  beforeEach(async () => {
    folder = await SinkFolder.make();
  });
  afterEach(() => folder.remove());

  it('removes the oldest finished files of both families at the start, whatever run they are of', async () => {
    await put('process-20260101T000000Z-ffffffff-000009.plain');
    await put('agent-20260101T000001Z-00000000-000001.plain');
    await put('process-20260101T000002Z-aaaaaaaa-000010.plain');
    await put('process-20260101T000002Z-aaaaaaaa-000009.plain');
    await put('agent-20260101T000003Z-00000000-000001.plain');
    const sink = folder.sink({ config: { keepBytes: 2500 } });
    await sink.open(never);
    expect(await folder.names()).toEqual([
      'agent-20260101T000003Z-00000000-000001.plain',
      'process-20260101T000002Z-aaaaaaaa-000010.plain',
    ]);
    expect(sink.counters).toMatchObject({ removed: 3, removedBytes: 3000 });
    expect(folder.log).toHaveLength(3);
    expect(folder.log[0]).toMatchObject({
      level: 'info',
      fields: { path: join(folder.path, 'process-20260101T000000Z-ffffffff-000009.plain'), bytes: 1000 },
    });
    await sink.close();
  });

  it('takes what the agent said for older than the events of the same second that it said it of', () => {
    const names = ['process-20260101T000001Z-ffffffff-000001.avro', 'agent-20260101T000001Z-ffffffff-000001.avro'].map((name) =>
      parseName(name)!,
    );
    expect(names.toSorted(compareAge).map(({ stream }) => stream)).toEqual(['agent', 'process']);
    expect(
      names
        .toReversed()
        .toSorted(compareAge)
        .map(({ stream }) => stream),
    ).toEqual(['agent', 'process']);
  });

  it('removes nothing while all fits', async () => {
    await put('process-20260101T000000Z-ffffffff-000001.plain', 2500);
    const sink = folder.sink({ config: { keepBytes: 2500 } });
    await sink.open(never);
    await sink.close();
    expect(await folder.names()).toHaveLength(1);
  });

  it('counts and removes neither what is named otherwise nor what is no file', async () => {
    await put('process-20260101T000000Z-ffffffff-000001.plain.gz', 5000);
    await put('process-20260101T000000Z-fffffff-000001.plain', 5000);
    await put('important.txt', 5000);
    await mkdir(join(folder.path, 'process-20260101T000000Z-ffffffff-000002.plain'));
    await put('process-20260101T000000Z-ffffffff-000003.plain', 1000);
    const sink = folder.sink({ config: { keepBytes: 1000 } });
    await sink.open(never);
    await sink.close();
    expect(await folder.names()).toHaveLength(5);
    expect(sink.counters.removed).toBe(0);
  });

  it('is not moved by a sparse file, which takes no room', async () => {
    await put('process-20260101T000000Z-ffffffff-000001.plain', 1000);
    await put('process-20260101T000001Z-ffffffff-000001.plain', 0);
    await truncate(join(folder.path, 'process-20260101T000001Z-ffffffff-000001.plain'), 2 ** 40);
    const sink = folder.sink({ config: { keepBytes: 1000 } });
    await sink.open(never);
    await sink.close();
    expect(await folder.names()).toHaveLength(2);
  });

  it.runIf(process.geteuid?.() === 0)('neither counts nor removes files of other users', async () => {
    await put('process-20260101T000000Z-ffffffff-000001.plain', 5000);
    await chown(join(folder.path, 'process-20260101T000000Z-ffffffff-000001.plain'), 65_534, 65_534);
    await put('process-20260101T000001Z-ffffffff-000001.plain', 1000);
    const sink = folder.sink({ config: { keepBytes: 1000 } });
    await sink.open(never);
    await sink.close();
    expect(await folder.names()).toHaveLength(2);
  });

  it('makes room at every rotation and never touches the file being written', async () => {
    const sink = folder.sink({ config: { keepBytes: 20_000, rotateMaxBytes: 5000, lingerMs: 0 } });
    await sink.open(never);
    for (let from = 1; from <= 2000; from += 20) await sink.write(batch(from, from + 19, 100), never);
    const [open = ''] = sink.files;
    await until(() => sink.counters.removed > 0);
    expect((await folder.names()).map((name) => join(folder.path, name))).toContain(open);
    await sink.close();
    const kept = await folder.sequences();
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 2001 - kept.length + index));
    const bytes = sink.counters.removedBytes + (await folder.names()).length * 5000;
    expect(bytes).toBeGreaterThan(200_000);
    expect((await folder.names()).length).toBeLessThanOrEqual(6);
  });
});
