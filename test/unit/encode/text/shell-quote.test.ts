import { execFileSync } from 'node:child_process';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { shellQuote } from '../../../../src/encode/text/shell-quote.ts';

it.each([
  ['ls', 'ls'],
  ['--color=auto', '--color=auto'],
  ['', "''"],
  ['a b', "'a b'"],
  ["it's", "'it'\\''s'"],
  ['$HOME `id` "x" \\ * ~', `'$HOME \`id\` "x" \\ * ~'`],
  ['a\nb', "$'a\\nb'"],
  ["\u001b[31m'\\", "$'\\x1b[31m\\'\\\\'"],
  ['grün', "'grün'"],
  ['\u202e', "$'\\u202e'"],
])('writes %j as %s', (arg, quoted) => {
  expect(shellQuote(arg)).toBe(quoted);
});

it('is understood by a shell', () => {
  // C1 controls are shown as \x85, which to a shell is a byte and not a character; NUL cannot be in an argument.
  const possible = (character: string): boolean => character !== '\u0000' && (character < '\u0080' || character > '\u009f');
  const arg = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).map((text) => Array.from(text.toWellFormed()).filter(possible).join(''));
  fc.assert(
    fc.property(fc.array(arg, { minLength: 1, maxLength: 50 }), (list) => {
      const script = `printf '%s\\0' ${list.map(shellQuote).join(' ')}`;
      const output = execFileSync('bash', ['--norc', '-c', script], {
        env: { LC_ALL: 'C.UTF-8', PATH: process.env['PATH'] },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      expect(output.toString().split('\0').slice(0, -1)).toEqual(list);
    }),
    { numRuns: 20 },
  );
});
