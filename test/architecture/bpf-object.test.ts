import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { runCommand } from '../helpers/run-command.ts';

const root = resolve(import.meta.dirname, '../..');
const script = (option: string) => runCommand(process.execPath, ['scripts/build-bpf.mjs', option], { cwd: root });

/** EX_UNAVAILABLE: no such compiler here. */
const NO_COMPILER = 69;

it('the compiled BPF programs are those of their sources', async () => {
  expect(await script('--check')).toMatchObject({ code: 0, stderr: '' });
});

it('compiling the BPF programs again gives the same object', async (context) => {
  const { code, stderr } = await script('--again');
  context.skip(code === NO_COMPILER, stderr.trim());
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

it('the compiled BPF programs name no folder of the machine that made them', async () => {
  const { stdout } = await runCommand('grep', ['-c', '-a', process.cwd(), 'src/ingest/capture/bpf/capture.bpf.o'], { cwd: root });
  expect(stdout.trim()).toBe('0');
});
