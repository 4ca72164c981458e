import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';

it('the generated encoder is what the published schemas make', async () => {
  const root = resolve(import.meta.dirname, '../..');
  expect(await runCommand(process.execPath, ['scripts/build-encoder.mjs', '--check'], { cwd: root })).toMatchObject({
    code: 0,
    stderr: '',
  });
});
