import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { errnoName, fileError, isNoSpace } from '../../../src/core/system-error.ts';

describe('errors of the system', () => {
  it('have a name', async () => {
    const error = await readFile('/nowhere/at/all').catch((reason: unknown) => reason);
    expect(errnoName(error)).toBe('ENOENT');
  });

  it.each([
    [new Error('plain')],
    [Object.assign(new Error('a number'), { code: 5 })],
    [Object.assign(new Error('ours'), { code: 'FILE_IO' })],
    ['text'],
    [undefined],
  ])('are told from others (%s)', (error) => {
    expect(errnoName(error)).toBeUndefined();
  });

  it('become FILE_IO with action, path, reason and fix', () => {
    const cause = Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    expect(fileError({ action: 'write', path: '/a/b\n' }, cause)).toMatchObject({
      code: 'FILE_IO',
      message: String.raw`cannot write /a/b\n: ENOSPC`,
      fix: 'free space on that file system',
      context: { path: '/a/b\n', errno: 'ENOSPC' },
      cause,
    });
  });

  it('keep their message where they have no name', () => {
    expect(fileError({ action: 'write', path: '/a' }, new Error('odd'))).toMatchObject({
      message: 'cannot write /a: odd',
      fix: undefined,
      context: { errno: null },
    });
  });

  it('say whether it is only room that is missing', () => {
    expect(['ENOSPC', 'EDQUOT', 'EIO', 'EFBIG', undefined].map(isNoSpace)).toEqual([true, true, false, false, false]);
  });
});
