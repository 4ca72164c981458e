import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineLimit } from '../../../../src/enrich/containers/engine-limit.ts';
import { isRoot } from '../../../helpers/ordinary-user.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';

describe('what keeps an engine from being asked', () => {
  it('is nothing where nobody is to be asked, or there is something to ask', async () => {
    const path = join(await tempDir(), 'sock');
    await writeFile(path, '');
    expect([engineLimit('off'), engineLimit(path)]).toEqual([undefined, undefined]);
  });

  it('is a socket that was named and is not there', async () => {
    const path = join(await tempDir(), 'none.sock');
    expect(engineLimit(path)).toMatchObject({
      code: 'CONTAINER_ENGINE',
      message: expect.stringContaining(path) as string,
      context: { reason: 'absent' },
    });
  });

  it.skipIf(isRoot)('is a socket that may not be used', async () => {
    const path = join(await tempDir(), 'sock');
    await writeFile(path, '');
    await chmod(path, 0);
    expect(engineLimit(path)).toMatchObject({ context: { reason: 'permission' } });
  });
});
