import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLaneQueue } from '../../../src/agent/lane-queue.ts';
import { tellLeftSpools } from '../../../src/agent/left-spools.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { batch } from '../../contract/records.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { recordedLog } from './log-lines.ts';

const never = new AbortController().signal;

/** A data folder in which a sink of that name left so many events in its spool, of which some were delivered. */
async function left(sink: string, events: number, delivered = 0): Promise<string> {
  const dataDir = await tempDir();
  await mkdir(join(dataDir, 'state'));
  const { config } = loadConfig({ overrides: [`sinks={${sink}: {type: blackhole, queue: {type: disk}}}`] });
  const [sinkConfig] = config.sinks;
  if (sinkConfig === undefined) throw new Error('no sink');
  const { queue, openQueue } = createLaneQueue(sinkConfig.queue, {
    sink,
    sinkId: Buffer.alloc(16, 1),
    agentId: Buffer.alloc(16, 2),
    format: 'avro',
    dataDir,
    log: recordedLog().log,
    onLost: () => undefined,
  });
  await openQueue?.(never);
  for (let n = 1; n <= events; n += 1) queue.offer(batch(n, n));
  for (let n = 1; n <= delivered; n += 1) (await queue.pull(never))?.done('delivered');
  await queue.close();
  return dataDir;
}

async function told(dataDir: string, sinks: string): Promise<Record<string, unknown>[]> {
  const { log, entries } = recordedLog();
  const { config } = loadConfig({ overrides: [`agent.data_dir=${dataDir}`, `sinks={${sinks}}`] });
  await tellLeftSpools(config, log);
  return entries;
}

test('a spool in which something waits for a sink that is not there is named, with how much and what to do', async () => {
  const dataDir = await left('gone', 5, 2);
  const folder = join(dataDir, 'state/spool/gone');
  const expected = { level: 'warn', sink: 'gone', events: 3, folder, fix: expect.stringContaining('queue.type disk') as string };
  expect(await told(dataDir, 'a: {type: blackhole}')).toMatchObject([expected]);
  expect(await told(dataDir, 'gone: {type: blackhole}')).toMatchObject([expected]);
  expect(await told(dataDir, 'gone: {type: blackhole, queue: {type: disk}}')).toEqual([]);
});

test('an empty spool is not worth a word, nor is a folder without any', async () => {
  expect(await told(await left('gone', 2, 2), 'a: {type: blackhole}')).toEqual([]);
  expect(await told(await tempDir(), 'a: {type: blackhole}')).toEqual([]);
});

test('one that cannot be read is said', async () => {
  const dataDir = await left('gone', 1);
  const root = join(dataDir, 'state/spool');
  await mkdir(join(root, 'odd', '00000000000000000001.seg', 'x'), { recursive: true });
  await writeFile(join(root, 'file'), '');
  await mkdir(join(root, 'worse', 'position'), { recursive: true });
  expect(await told(dataDir, 'gone: {type: blackhole, queue: {type: disk}}')).toMatchObject([
    { level: 'warn', sink: 'worse', reason: expect.stringContaining('EISDIR') as string },
  ]);
});
