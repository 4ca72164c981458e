/** What NeuVector's process probe masks, it says by these cases: command lines, and whether it hides them. It hides them whole, here only the secret goes. */
import { describe, expect, it } from 'vitest';
import { Patterns } from '../../../../src/enrich/redact/patterns.ts';
import { createRedactor } from '../../../../src/enrich/redact/redactor.ts';
import { redacted } from './redacted.ts';

const X = '[redacted]';

describe('TestRedactedCmds', () => {
  it.each<[args: string[], expected: string[]]>([
    [
      ['set', 'PASSWORD=', 'abcdefghijklmnop', 'more commands'],
      ['set', 'PASSWORD=', X, 'more commands'],
    ],
    [
      ['set', 'DBMPassWORD:abcdefghijklmnop', 'more commands'],
      ['set', `DBMPassWORD:${X}`, 'more commands'],
    ],
    [
      ['api_token:12345abcdefghijklmnop', 'set', 'apiToken'],
      [`api_token:${X}`, 'set', 'apiToken'],
    ],
    [
      ['-key=', 'AIDA11ABLZS4A3QDU576', 'set', 'AWSapi'],
      ['-key=', X, 'set', 'AWSapi'],
    ],
    [
      ['-key=', 'AIDA1111222233334444', 'set', 'AWSapi', 'Entropy too low'],
      ['-key=', X, 'set', 'AWSapi', 'Entropy too low'],
    ],
  ])('masks %j', (args, expected) => expect(redacted(args)).toEqual(expected));

  it.each([[['set', 'DBM', 'mysecretdb', 'more commands']], [['-pass=', 'AIDA1111222233334444', 'set', 'AWSapi', 'Entropy too low']]])(
    'leaves %j',
    (args) => expect(redacted(args)).toEqual(args),
  );
});

describe('TestSetCustomSecretPatterns', () => {
  const found = (patterns: readonly string[], text: string): string[] => {
    const parts: string[] = [];
    new Patterns(patterns).find(text, (from, to) => parts.push(text.slice(from, to)));
    return parts.toSorted();
  };

  it.each([
    [
      ['abc', 'def'],
      ['abc', 'def'],
    ],
    [
      ['123', 'abc', 'xyz'],
      ['123', 'abc', 'xyz'],
    ],
    [
      ['123', 'abc', 'xyz', '456', '456', '456', 'a-123', '123'],
      ['123', '123', '456', '456', '456', 'a-123', 'abc', 'xyz'],
    ],
  ])('each pattern of %j is in use, however often it is given', (patterns, expected) => {
    expect(found(patterns, '[abc|def|xyz|456|a-123]')).toEqual(expected.filter((one) => '[abc|def|xyz|456|a-123]'.includes(one)));
  });

  it('what is found twice is masked once', () => {
    const redactor = createRedactor({ defaults: false, patterns: ['123', 'a-123', '456', '456'] }, null);
    expect(redactor.argv(['x', 'a-123', '456'], null, { exe: null, truncated: false })).toMatchObject({ args: ['x', X, X], count: 2 });
  });
});
