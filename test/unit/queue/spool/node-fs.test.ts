import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFs } from '../../../../src/queue/spool/node-fs.ts';

describe('the sync of a folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'forkcast-node-fs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is done where the file system can', async () => {
    await expect(nodeFs.syncFolder(folder)).resolves.toBeUndefined();
  });

  it('is no failure where the file system cannot', async () => {
    // procfs answers EINVAL, as some network and user-space file systems do.
    await expect(nodeFs.syncFolder('/proc')).resolves.toBeUndefined();
  });

  it('rejects with the reason where something else is wrong', async () => {
    await expect(nodeFs.syncFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
