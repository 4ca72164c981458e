import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineLimit } from '../../../../src/enrich/containers/engine-limit.ts';
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

  it('is a socket that may not be used', () => {
    // Root may use any.
    const refuse = (path: string | Buffer | URL): never => {
      throw Object.assign(new Error(`EACCES: permission denied, access '${String(path)}'`), { code: 'EACCES', syscall: 'access' });
    };
    expect(engineLimit('/run/docker.sock', refuse)).toMatchObject({ context: { reason: 'permission' } });
  });
});
