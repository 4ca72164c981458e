import { expect, test, vi } from 'vitest';
import { sinksWithLetters } from '../../../../src/cli/dlq/letters.ts';
import { exitCodeOf } from '../../../../src/core/errors.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

vi.mock('node:fs/promises', async (original) => ({
  ...(await original<object>()),
  readdir: () => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' })),
}));

test('who must not read the dead letters is told who may', async () => {
  const error: unknown = await sinksWithLetters(await tempDir(), {}).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'DATA_DIR_PERMISSION', fix: 'Run this as the user of the agent, or as root.' });
  expect(exitCodeOf(error)).toBe(77);
});
