import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSecret } from '../../../src/config/read-secret.ts';
import { exitCodeOf } from '../../../src/core/errors.ts';
import { refusal } from './refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'forkcast-secret-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string | Uint8Array, name = 'key'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const read = (reference: Parameters<typeof readSecret>[0], env: NodeJS.ProcessEnv = {}): string =>
  readSecret(reference, env).toString('latin1');

describe('a secret', () => {
  it('is read from a variable, a file or a credential of systemd', () => {
    expect(read({ from: 'env', name: 'KEY' }, { KEY: 'abc' })).toBe('abc');
    expect(read({ from: 'file', name: file('abc') })).toBe('abc');
    expect(read({ from: 'credential', name: 'key' }, { CREDENTIALS_DIRECTORY: folder })).toBe('abc');
  });

  it('may be any bytes; one line end behind it is taken off', () => {
    expect(read({ from: 'file', name: file(Buffer.of(0, 0xff, 0x0a)) })).toBe('\0\u00ff');
    expect(read({ from: 'file', name: file('abc\r\n') })).toBe('abc');
    expect(read({ from: 'file', name: file('abc\n\n') })).toBe('abc\n');
  });

  it('is read anew each time', () => {
    const path = file('old');
    expect(read({ from: 'file', name: path })).toBe('old');
    file('new');
    expect(read({ from: 'file', name: path })).toBe('new');
  });

  it.each([
    ['env', 'GONE', 'the variable GONE is not set'],
    ['env', 'EMPTY', 'env:EMPTY is empty'],
    ['file', '/nonexistent/key', '/nonexistent/key cannot be read: ENOENT'],
    ['file', '/', '/ is not a file'],
    ['file', '/dev/zero', '/dev/zero is not a file'],
    ['credential', 'key', 'the credential key was not handed over: systemd did not start the agent with any'],
  ] as const)('%s:%s that cannot be had is an error of the configuration', (from, name, message) => {
    const error = refusal(() => read({ from, name }, { EMPTY: '' }));
    expect([error.code, exitCodeOf(error), error.message]).toEqual(['SECRET_UNREADABLE', 78, message]);
    expect(error.fix).toBeTruthy();
  });

  it('is not a large file', () => {
    expect(refusal(() => read({ from: 'file', name: file('x'.repeat(65_537), 'large') })).message).toContain('larger than 64 KiB');
    expect(refusal(() => read({ from: 'file', name: file('\n', 'blank') })).message).toContain('is empty');
  });
});
