import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepLines } from '../../../../src/sink/dead-letter/rewrite.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const line = (text: string): Buffer => Buffer.from(`${text}\n`);

test('only the wanted lines stay, and no file where there are none', async () => {
  const folder = await tempDir();
  const path = join(folder, 'letters');
  await writeFile(path, 'a\nb\nc\n');
  await keepLines(path, [line('a'), line('c')]);
  expect(await readFile(path, 'utf8')).toBe('a\nc\n');
  await keepLines(path, []);
  expect(await readdir(folder)).toEqual([]);
});

test('what cannot be put in place takes no room, and the file is as before', async () => {
  const folder = await tempDir();
  const path = join(folder, 'letters');
  await mkdir(path);
  await expect(keepLines(path, [line('a')])).rejects.toMatchObject({ code: 'FILE_IO' });
  expect(await readdir(folder)).toEqual(['letters']);
});
