import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Glob } from '../../../../src/enrich/filter/glob.ts';

const matches = (pattern: string, text: string): boolean => new Glob(pattern).matches(text);

describe('a glob', () => {
  it.each([
    ['/usr/bin/cron', '/usr/bin/cron', true],
    ['/usr/bin/cron', '/usr/bin/crond', false],
    ['/usr/bin/cron*', '/usr/bin/crond', true],
    ['/usr/bin/cron*', '/usr/bin/cron', true],
    ['*/cron', '/usr/bin/cron', true],
    ['*/cron', 'cron', false],
    ['/usr/*/cron', '/usr/local/bin/cron', true],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?c*', 'a/cd', true],
    ['*a?c*e', 'xxabcdde', true],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'abab', true],
    ['a*a', 'a', false],
    ['a\\*', 'a*', true],
    ['a\\*', 'ab', false],
    ['\\?x', '?x', true],
    ['a\\', 'a\\', true],
    ['[ab]', 'a', false],
    ['.+', 'xx', false],
  ])('%s of %s', (pattern, text, expected) => expect(matches(pattern, text)).toBe(expected));

  it('can begin in the middle of the text', () => {
    expect(new Glob('sh').matches('/bin/sh', 5)).toBe(true);
    expect(new Glob('b*h').matches('/bin/bash', 5)).toBe(true);
    expect(new Glob('*bin*').matches('/bin/sh', 5)).toBe(false);
  });

  it('agrees with the regular expression that says the same', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '/'), { maxLength: 8 }).map((all) => all.join(''));
    const pattern = fc.array(fc.constantFrom('a', 'b', '/', '*', '?', '**'), { maxLength: 6 }).map((all) => all.join(''));
    fc.assert(
      fc.property(pattern, text, (glob, subject) => {
        const same = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`);
        expect(matches(glob, subject)).toBe(same.test(subject));
      }),
      { numRuns: 2000 },
    );
  });

  it('does not go back in a text that nearly matches many times', () => {
    const text = 'a'.repeat(4096);
    // With backtracking this would take longer than the universe.
    expect(matches(`${'*a'.repeat(100)}*b`, text)).toBe(false);
    expect(matches(`${'*?a'.repeat(100)}*b`, text)).toBe(false);
  });
});
