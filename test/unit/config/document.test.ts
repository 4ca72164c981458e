import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../src/config/document.ts';
import { issuesOf, originText } from '../../../src/config/issue.ts';
import { refusal, summaryOf } from './refusal.ts';

const parse = (text: string) => parseConfig(text, 'forkcast.yaml');
const troubles = (text: string): string[] => summaryOf(issuesOf(refusal(() => parse(text))));

it('reads YAML and JSON alike', () => {
  expect(parse('agent: {data_dir: x}\n').value).toEqual({ agent: { data_dir: 'x' } });
  expect(parse('{\n\t"agent": {"data_dir": "x"}\n}').value).toEqual({ agent: { data_dir: 'x' } });
  expect(parse('\ufeffagent: {}').value).toEqual({ agent: {} });
  expect(parse('agent: {}\r\nsource: {}\r\n').value).toEqual({ agent: {}, source: {} });
});

it('follows anchors, aliases and merge keys', () => {
  const { value } = parse('sinks:\n  a: &a {type: stdout, format: json}\n  b: *a\n  c: {<<: *a, format: line}\n');
  expect(value).toEqual({
    sinks: { a: { type: 'stdout', format: 'json' }, b: { type: 'stdout', format: 'json' }, c: { type: 'stdout', format: 'line' } },
  });
});

it('takes a file of comments for a file that sets nothing', () => {
  expect(parse('# agent: {}\n')).toMatchObject({ value: {}, setsNothing: true });
  expect(parse('{}')).toMatchObject({ value: {}, setsNothing: true });
  expect(parse('agent: {}')).toMatchObject({ setsNothing: false });
});

describe('syntax errors say where, what and what to do', () => {
  it.each([
    ['', '1:1  | the file is empty | write {} for all defaults, or'],
    ['\ufeff \n', '1:1  | the file is empty'],
    ['a: 1\nb: 2\na: 3\n', '3:1  | the key a is written twice, first on line 1 | keep one'],
    ['{"agent": {}, "agent": {}}', '1:15  | the key agent is written twice, first on line 1'],
    ['agent:\n\tdata_dir: x\n', '2:1  | the line is indented with a tab | indent with spaces'],
    ['a: {}\n---\nb: {}\n', '2:1  | a second YAML document begins here'],
    ['agent: !secret x\n', '1:8  | tags are not used here'],
    ['agent: *common\n', '1:8  | there is no anchor &common before this alias'],
    ['agent: &a {labels: *a}\n', '1:20  | an alias stands within the value that it repeats'],
    ['agent: {data_dir: x\n', '2:1  | not valid YAML: flow map in block collection must'],
    ['agent:\n  data_dir: a: b\n', '2:13  | a key cannot stand within a plain value'],
    ['agent:\n  data_dir: @x\n', '2:13  | a plain value cannot begin with this character | put the value in quotes'],
    ['? [a, b]\n: 1\n', '1:3  | a key must be text'],
    ['text\n', '1:1  | the file must be a map of sections'],
    ['- agent\n', '1:1  | the file must be a map of sections'],
    ['# x\n42\n', '2:1  | the file must be a map of sections'],
  ])('%j', (text, start) => {
    const [first = ''] = troubles(text);
    expect(first.startsWith(start), first).toBe(true);
  });

  it('all at once, one a line', () => {
    expect(troubles('a: 1\na: 2\nb: @x\nc: [1\nd: !x y\n').length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    ['agent: ' + '['.repeat(5000) + ']'.repeat(5000), '1:71  | the file is nested 5001 levels deep'],
    ['['.repeat(5000), '1:65  | the file is nested 5000 levels deep'],
    ['a: 1\nb:\n  ' + '- '.repeat(65) + 'x\n', '3:129  | the file is nested 66 levels deep'],
    [
      Array.from({ length: 65 }, (_, i) => `${' '.repeat(i)}a:\n`).join('') + ' '.repeat(65) + 'b: 1\n',
      '65:65  | the file is nested 66 levels deep',
    ],
    ['? '.repeat(3000) + 'x', '1:129  | the file is nested 3000 levels deep'],
  ])('refuses what is nested too deep and says how deep: %#', (text, start) => {
    expect(troubles(text)).toEqual([`${start}, more than the 64 that are read | remove the brackets, dashes or indentation`]);
  });

  it('takes 64 levels', () => {
    expect(parse(`a: ${'['.repeat(63)}1${']'.repeat(63)}`).value).toHaveProperty('a');
  });

  it('refuses aliases that multiply', () => {
    const rows = [
      'a: &a [1,1,1,1,1,1,1,1,1]',
      'b: &b [*a,*a,*a,*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c,*c,*c,*c,*c]',
    ];
    expect(troubles(rows.join('\n'))[0]).toContain('multiply beyond bounds');
  });
});

describe('places', () => {
  const document = parse('source:\n  threads: yes\n  events:\n    - fork\n    - exce\nsinks:\n  a: &a\n    type: x\n  b: *a\n');
  it.each([
    [['source', 'threads'], false, '2:12'],
    [['source', 'threads'], true, '2:3'],
    [['source', 'events', 1], false, '5:7'],
    [['source', 'snapshot'], false, '2:3'],
    [['sinks', 'a', 'type'], false, '8:11'],
    [['sinks', 'b'], false, '9:6'],
    [['sinks', 'b', 'type'], false, '8:11'],
    [['enrich', 'ancestors'], false, '1:1'],
    [[], false, '1:1'],
  ])('%j (key: %s) is at %s', (path, ofKey, place) => {
    expect(originText(document.locate(path, ofKey))).toBe(`forkcast.yaml:${place}`);
  });
});
