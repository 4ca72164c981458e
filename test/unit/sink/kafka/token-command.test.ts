import { describe, expect, test } from 'vitest';
import { TokenCommand } from '../../../../src/sink/kafka/token-command.ts';

const source = (script: string, timeoutMs = 10_000): TokenCommand =>
  new TokenCommand({ command: [process.execPath, '-e', script], timeoutMs });

describe('a token command', () => {
  test('gives what the program prints, without the line end, and anew each time', async () => {
    const command = source('console.log("eyJ0.a-b_c~+/." + process.pid + "=")');
    const first = await command.token();
    expect(first).toMatch(/^eyJ0\.a-b_c~\+\/\.\d+=$/);
    expect(await command.token()).not.toBe(first);
  });

  test('runs the program once for those who ask at the same time', async () => {
    const command = source('console.log(process.pid)');
    expect(new Set(await Promise.all([command.token(), command.token(), command.token()])).size).toBe(1);
  });

  test('gives arguments as they are, to no shell', async () => {
    const command = ['/bin/echo', '-n', 'a~+b'];
    expect(await new TokenCommand({ command, timeoutMs: 10_000 }).token()).toBe('a~+b');
    await expect(new TokenCommand({ command: ['/bin/echo', '$(id)'], timeoutMs: 10_000 }).token()).rejects.toMatchObject({
      code: 'SINK_REFUSED',
    });
  });

  test.each([
    ['process.exit(3)', /ended with 3$/],
    [
      'console.error("first\\nno credentials in \\u001b[31m~/.aws"); process.exit(1)',
      /ended with 1: no credentials in .{1,8}\[31m~\/\.aws$/,
    ],
    ['console.error("bad key " + "Ab1".repeat(20)); process.exit(1)', /ended with 1: bad key \*\*\*$/],
    ['console.error("x y ".repeat(500)); process.exit(1)', /ended with 1: ….{199,200}$/],
    ['process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 1e5)', /ended with SIGTERM$/],
    ['', /prints nothing$/],
    ['console.log("secret one\\nsecret two")', /prints something that is no token: it must be one word$/],
    ['console.log("t".repeat(1e6) + " ")', /prints something that is no token/],
  ])('says what is wrong after %s', async (script, message) => {
    const failure = source(script).token();
    await expect(failure).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: expect.stringMatching(message) as string,
      fix: expect.stringContaining('by hand') as string,
    });
    await expect(failure).rejects.not.toMatchObject({ message: expect.stringContaining('secret') as string });
  });

  test('names a program that is not there', async () => {
    await expect(new TokenCommand({ command: ['no-such-signer'], timeoutMs: 1000 }).token()).rejects.toMatchObject({
      code: 'SINK_REFUSED',
      message: 'no token is to be had: no-such-signer (sasl.token_command) cannot be started (ENOENT)',
    });
  });

  test('ends a program that does not, with all that it started, and is tried again soon', async () => {
    const command = ['/bin/sh', '-c', 'echo $$ >&2; sleep 1000; echo never'];
    const failure: unknown = await new TokenCommand({ command, timeoutMs: 300 }).token().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'SINK_UNREACHABLE',
      message: expect.stringMatching(/has not ended after 0\.3 s: \d+$/) as string,
    });
    const group = Number(/\d+$/.exec((failure as Error).message)?.[0]);
    await expect.poll(() => isThere(group), { timeout: 10_000 }).toBe(false);
  });
});

/** Whether any process of the group is. */
function isThere(group: number): boolean {
  try {
    return process.kill(-group, 0);
  } catch {
    return false;
  }
}
