import { describe, expect, it } from 'vitest';
import { Patterns, compilePattern } from '../../../../src/enrich/redact/patterns.ts';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';
import { AgentError } from '../../../../src/core/errors.ts';

const X = '[redacted]';
const FACTS = { exe: null, truncated: false };

function masked(patterns: readonly string[], args: readonly string[]): readonly string[] {
  return createRedactor({ defaults: false, patterns }, null).argv(args, null, FACTS)?.args ?? args;
}

describe('a pattern', () => {
  it('masks what its group `secret` matches, and without one all that it matches', () => {
    expect(masked(['license[:=](?P<secret>\\w+)'], ['x', 'license=abc def'])).toEqual(['x', `license=${X} def`]);
    expect(masked(['license[:=](?<secret>\\w+)'], ['license:abc'])).toEqual([`license:${X}`]);
    expect(masked(['acme-\\d+'], ['acme-12 acme-3'])).toEqual([`${X} ${X}`]);
    expect(masked(['a(?P<secret>b)?c'], ['abc ac'])).toEqual([`a${X}c ${X}`]);
  });

  it('sees each argument by itself', () => {
    expect(masked(['^\\d{4}$'], ['x', '1234', '12345', '1234 5'])).toEqual(['x', X, '12345', '1234 5']);
  });

  it('sees the whole command line with one space between arguments', () => {
    expect(masked(['--license (?P<secret>\\S+)'], ['app', '--license', 'abc', 'x'])).toEqual(['app', '--license', X, 'x']);
    expect(masked(['b c'], ['ab', 'cd', 'e'])).toEqual([`a${X}`, `${X}d`, 'e']);
    expect(masked(['b.*e'], ['ab', 'cd', '', 'ef'])).toEqual([`a${X}`, X, '', `${X}f`]);
  });

  it('counts each part that was masked', () => {
    const redactor = createRedactor({ defaults: false, patterns: ['\\d+', 'b.c'] }, null);
    expect(redactor.argv(['1 2', 'b', 'c3'], null, FACTS)?.count).toBe(4);
  });

  it('sees bytes that are no text as text with marks in their place, and masks bytes', () => {
    const redactor = createRedactor({ defaults: false, patterns: ['k=(?P<secret>\\S+)'] }, null);
    const raw = Buffer.from([...Buffer.from('\u00e9 '), 0xff, ...Buffer.from(' k='), 0xfe, ...Buffer.from('abc z\0b\0')]);
    const args = raw.toString('utf8', 0, raw.length - 1).split('\0');
    expect(redactor.argv(args, raw, FACTS)).toMatchObject({
      args: [`\u00e9 \ufffd k=${X} z`, 'b'],
      raw: Buffer.concat([Buffer.from('\u00e9 '), Buffer.from([0xff]), Buffer.from(` k=${X} z\0b\0`)]),
      count: 1,
    });
  });

  it('works beside the default rules, which can be switched off', () => {
    const args = ['app', '--password=a', 'acme-1'];
    expect(createRedactor({ defaults: true, patterns: ['acme-\\d'] }, null).argv(args, null, FACTS)?.args).toEqual([
      'app',
      `--password=${X}`,
      X,
    ]);
    expect(masked(['acme-\\d'], args)).toEqual(['app', '--password=a', X]);
    expect(createRedactor({ defaults: false, patterns: [] }, null).argv(args, null, FACTS)).toBeNull();
  });

  it('searches texts that are no command line', () => {
    const redactor = createRedactor({ defaults: false, patterns: ['acme-\\d'] }, null);
    expect(redactor.text('/srv/acme-1/acme-2')).toBe(`/srv/${X}/${X}`);
    expect(redactor.masked).toBe(2);
  });
});

describe('a pattern that takes long', () => {
  it('is given up, and what it did not see is masked', () => {
    const length = 1 << 18;
    const ranges: [number, number][] = [];
    // Before each match the whole rest must be read for a b.
    new Patterns(['a[^b]*b|a']).find('a'.repeat(length), (from, to) => ranges.push([from, to]));
    expect(ranges.length).toBeLessThan(10);
    expect(ranges.at(-1)).toEqual([ranges.length - 1, length]);
  });

  it('does not keep short texts from being searched to the end', () => {
    const text = 'a-'.repeat(200);
    let count = 0;
    new Patterns(['a[^b]*b|a']).find(text, () => (count += 1));
    expect(count).toBe(200);
  });
});

describe('what is refused', () => {
  it.each([
    ['(', 'is not a regular expression of RE2 syntax: missing closing ): `(`'],
    ['(?=x)', 'is not a regular expression of RE2 syntax: invalid or unsupported Perl syntax: `(?=`'],
    ['(a)\\1', 'is not a regular expression of RE2 syntax: invalid escape sequence: `\\1`'],
    ['(a{500}){500}', 'is not a regular expression of RE2 syntax: invalid repeat count: `{500}`'],
    ['(?P<secret>a)(?P<secret>b)', 'is not a regular expression of RE2 syntax: duplicate capture group name: `secret`'],
    ['[a-z]{999}x{500}', 'is too large once its repetitions are written out'],
    ['x*', 'matches the empty text, and so everything'],
    ['', 'matches the empty text, and so everything'],
    ['a'.repeat(1025), 'is longer than 1024 characters'],
  ])('%.40s', (pattern, reason) => {
    const refused = (): unknown => compilePattern(pattern);
    expect(refused).toThrow(AgentError);
    expect(refused).toThrow(reason);
  });
});
