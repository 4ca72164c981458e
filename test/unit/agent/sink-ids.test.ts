import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { derivedSinkIds, keptSinkIds, sinkIdOf } from '../../../src/agent/sink-ids.ts';
import { uuidText } from '../../../src/core/uuid.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

async function dataDir(): Promise<string> {
  const dir = await tempDir();
  mkdirSync(join(dir, 'state'), { mode: 0o700 });
  return dir;
}
const fail = (reason: string): never => {
  throw new Error(reason);
};

it('gives a sink an id and keeps it, also while the sink is away', async () => {
  const dir = await dataDir();
  const first = keptSinkIds(dir, ['a', 'b'], fail);
  expect(sinkIdOf(first, 'a')).not.toEqual(sinkIdOf(first, 'b'));
  keptSinkIds(dir, ['c'], fail);
  expect(sinkIdOf(keptSinkIds(dir, ['b', 'd'], fail), 'b')).toEqual(sinkIdOf(first, 'b'));
  expect(Object.keys((JSON.parse(readFileSync(join(dir, 'state/sinks.json'), 'utf8')) as { sinks: object }).sinks)).toEqual([
    'a',
    'b',
    'c',
    'd',
  ]);
});

it.each(['', '[]', '{"version":2,"sinks":{}}', '{"version":1,"sinks":{"a":"nonsense"}}'])(
  'says what is wrong with the file and gives new ids: %s',
  async (text) => {
    const dir = await dataDir();
    writeFileSync(join(dir, 'state/sinks.json'), text);
    const told: string[] = [];
    const ids = keptSinkIds(dir, ['a'], (reason) => told.push(reason));
    expect(told).toHaveLength(1);
    expect(keptSinkIds(dir, ['a'], fail)).toEqual(ids);
  },
);

it('takes the id from the spool of a sink where its own file is lost', async () => {
  const dir = await dataDir();
  const id = '5b1c2d3e-aaaa-4bbb-8ccc-ddddeeeeffff';
  mkdirSync(join(dir, 'state/spool/a'), { recursive: true });
  writeFileSync(join(dir, 'state/spool/a/sink-id'), `${id}\n`);
  writeFileSync(join(dir, 'state/sinks.json'), '');
  const told: string[] = [];
  const ids = keptSinkIds(dir, ['a', 'b'], (reason) => told.push(reason));
  expect([uuidText(sinkIdOf(ids, 'a')), told.length]).toEqual([id, 1]);
  expect(uuidText(sinkIdOf(ids, 'b'))).not.toBe(id);
  expect(keptSinkIds(dir, ['a', 'b'], fail)).toEqual(ids);
});

it('does without a file where none can be written', async () => {
  const dir = join(await tempDir(), 'gone');
  const told: string[] = [];
  expect(keptSinkIds(dir, ['a'], (reason) => told.push(reason)).size).toBe(1);
  expect(told).toEqual([expect.stringContaining('ENOENT')]);
});

it('derives the same ids from the same host and name', () => {
  const host = Buffer.alloc(16, 7);
  const ids = derivedSinkIds(host, ['a', 'b']);
  expect(ids).toEqual(derivedSinkIds(host, ['a', 'b']));
  expect(uuidText(sinkIdOf(ids, 'a'))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab]/);
  expect(() => sinkIdOf(ids, 'c')).toThrow('the sink c has no id');
});
