import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveAll } from '../../../../src/ingest/native/resolve.ts';
import { runCommand } from '../../../helpers/run-command.ts';

const THREADS = join(import.meta.dirname, '../../../helpers/calls-of-two-threads.ts');

describe('resolving', () => {
  it('lets two threads make their first calls at the same moment, which without it hangs or ends the process', async () => {
    const run = await runCommand(process.execPath, [THREADS, 'resolved'], { timeout: 12_000, killSignal: 'SIGKILL' });
    expect(run).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  it('calls each with parameters that fit no function, and takes for resolved also what is not there', () => {
    const given: number[] = [];
    const refuse = (parameters: unknown[]): never => {
      given.push(parameters.length);
      throw new Error('not found, or too many');
    };
    resolveAll({ send: refuse, mmap: refuse });
    expect(given).toEqual([64, 64]);
  });

  it('looks up all that is called here without calling it', async () => {
    const native = join(import.meta.dirname, '../../../../src/ingest/native');
    const program = `import { resolveLibc } from '${native}/ffi.ts'; import { resolveLibbpf } from '${native}/libbpf.ts'; resolveLibc(); resolveLibbpf();`;
    const run = await runCommand(process.execPath, ['--input-type=module', '-e', program]);
    expect(run).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  it('is an error where a function was called after all', () => {
    expect(() => resolveAll({ send: () => 0 })).toThrow('send was called');
  });
});
