import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { asksForReload } from '../../../src/cli/stop-requests.ts';

const pipe = (): PassThrough => new PassThrough();
const terminal = (): PassThrough => Object.assign(new PassThrough(), { isTTY: true });

test('SIGHUP asks an agent without a terminal to reload; with one on any stream it says that the terminal is gone', () => {
  expect(asksForReload('SIGHUP', { stdin: pipe(), stdout: pipe(), stderr: pipe() })).toBe(true);
  expect(asksForReload('SIGHUP', { stdin: terminal(), stdout: pipe(), stderr: pipe() })).toBe(false);
  expect(asksForReload('SIGHUP', { stdin: pipe(), stdout: terminal(), stderr: pipe() })).toBe(false);
  expect(asksForReload('SIGHUP', { stdin: pipe(), stdout: pipe(), stderr: terminal() })).toBe(false);
});

test('no other signal does', () => {
  expect(asksForReload('SIGTERM', { stdin: pipe(), stdout: pipe(), stderr: pipe() })).toBe(false);
});
