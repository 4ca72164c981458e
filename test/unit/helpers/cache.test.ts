import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { cachedFolder, cacheRoot } from '../../helpers/cache.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

describe('the cache of servers that tests start', () => {
  let root: string;

  beforeEach(async () => {
    root = await tempDir();
    vi.stubEnv('FORKCAST_TEST_CACHE', root);
  });

  it('lies where it is told, else among the caches of the user', () => {
    expect(cacheRoot({ FORKCAST_TEST_CACHE: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheRoot({ XDG_CACHE_HOME: '/b', HOME: '/c' })).toBe('/b/forkcast-test');
  });

  it('is filled once, however many ask at a time', async () => {
    const fill = vi.fn(async (folder: string) => writeFile(join(folder, 'jar'), 'x'));
    const places = await Promise.all([1, 2, 3].map(() => cachedFolder('kafka', fill)));
    expect(new Set(places)).toEqual(new Set([join(root, 'kafka')]));
    expect(fill).toHaveBeenCalledTimes(1);
    expect(await readdir(join(root, 'kafka'))).toEqual(['jar']);
  });

  it('does not keep what could not be filled, and tries again', async () => {
    await expect(cachedFolder('kafka', () => Promise.reject(new Error('offline')))).rejects.toThrow('offline');
    expect(await readdir(root)).not.toContain('kafka');
    expect(await readdir(await cachedFolder('kafka', async () => {}))).toEqual([]);
  });

  it('does not take over what a killed run has left', async () => {
    await mkdir(join(root, 'kafka.unfinished'));
    await writeFile(join(root, 'kafka.unfinished', 'half'), '');
    expect(await readdir(await cachedFolder('kafka', async () => {}))).toEqual([]);
  });
});
