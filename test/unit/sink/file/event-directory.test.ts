import { chmod, chown, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EventDirectory } from '../../../../src/sink/file/event-directory.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

const isRoot = process.geteuid?.() === 0;
const ELSEWHERE = "or write another folder as the sink's path";

describe('the folder of event files', () => {
  it.each([0o770, 0o702, 0o1777])('is refused with mode %o, with the command that mends it', async (mode) => {
    const path = await tempDir();
    await chmod(path, mode);
    await expect(EventDirectory.open(path)).rejects.toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      message: `the folder for event files ${path} may be written by others (mode ${mode.toString(8).padStart(4, '0')})`,
      fix: `chmod 700 ${path}, ${ELSEWHERE}`,
    });
  });

  it('is refused when it is of another user', async () => {
    const path = isRoot ? await tempDir() : '/usr';
    if (isRoot) await chown(path, 65_534, 65_534);
    await expect(EventDirectory.open(path)).rejects.toMatchObject({
      code: 'DATA_DIR_UNSAFE',
      fix: `chown -R ${process.geteuid?.()} ${path}, ${ELSEWHERE}`,
    });
  });

  it('is refused, and not tried for ever, below a link to nowhere and where no folders can be made', async () => {
    const path = await tempDir();
    await symlink(join(path, 'nowhere'), join(path, 'link'));
    await expect(EventDirectory.open(join(path, 'link', 'events'))).rejects.toMatchObject({ code: 'DATA_DIR_UNSAFE' });
    await expect(EventDirectory.open('/proc/forkcast/events')).rejects.toMatchObject({ code: 'FILE_IO' });
  });
});
