import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { applyOverrides, parseOverride } from '../../../src/config/override.ts';
import { exitCodeOf } from '../../../src/core/errors.ts';
import { issuesIn, refusal, summaryOf } from './refusal.ts';

const apply = (tree: Record<string, unknown>, ...overrides: string[]) => applyOverrides(tree, overrides.map(parseOverride));

it('reads the value as YAML', () => {
  expect(apply({}, 'a=1', 'b=true', 'c=x y', 'd=[1, 2]', 'e={f: 1}', 'g=a=b', 'h="7"')).toEqual({
    a: 1,
    b: true,
    c: 'x y',
    d: [1, 2],
    e: { f: 1 },
    g: 'a=b',
    h: '7',
  });
});

it('sets within what is there, makes what is not, and leaves the original alone', () => {
  const tree = { a: { b: 1, c: 2 }, d: 3 };
  expect(apply(tree, 'a.b=9', 'a."x.y"=1', 'd.e.f=4')).toEqual({ a: { b: 9, c: 2, 'x.y': 1 }, d: { e: { f: 4 } } });
  expect(tree).toEqual({ a: { b: 1, c: 2 }, d: 3 });
});

it('cannot reach a prototype', () => {
  const result = apply({}, '__proto__.polluted=1', 'constructor.prototype.polluted=1');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
  expect(Object.keys(result)).toEqual(['__proto__', 'constructor']);
});

describe('what is no path=value is a usage error', () => {
  it.each(['agent.data_dir', '', '=x', 'a..b=1', '.a=1', 'a[0]=1', 'a=[1', 'a=*x', 'a=!x y', '"a=1'])('%j', (argument) => {
    const error = refusal(() => parseOverride(argument));
    expect([error.code, exitCodeOf(error)]).toEqual(['USAGE', 64]);
    expect(error.message).toMatch(/^--set /);
    expect(error.fix).toBeTruthy();
  });

  it('and the value, which may be a secret, is not repeated', () => {
    expect(refusal(() => parseOverride('a=[hunter2')).message).not.toContain('hunter2');
  });
});

it('adjusts the default sinks where the file names none', () => {
  const { effective } = loadConfig({ overrides: ['sinks.disk.codec=deflate'] });
  expect(effective.sinks['disk']).toMatchObject({ type: 'file', codec: 'deflate' });
  expect(Object.keys(effective.sinks)).toEqual(['disk', 'eyes']);
});

it('wins over the file, the last over the first', () => {
  expect(loadConfig({ overrides: ['enrich.ancestors=3', 'enrich.ancestors=5'] }).config.enrich.ancestors).toBe(5);
});

it('errors name the last override of what is wrong', () => {
  expect(summaryOf(issuesIn('{}', ['source={threads: false, snapshot: 1}', 'source.snapshot=2']))[0]).toMatch(/^--set source\.snapshot /);
});

it('errors name the override, or the file where the file is to blame', () => {
  expect(summaryOf(issuesIn('agent: {data_dir: 5}\n', ['source.threads=maybe', 'foo.bar=1', 'agent.labels.a.b=x']))).toEqual([
    '1:19 agent.data_dir | must be a path | write it as text, in quotes if it looks like a number',
    '--set foo.bar foo | is an unknown key | remove it; known here: agent, source, enrich, telemetry, sinks',
    '--set agent.labels.a.b agent.labels.a | must be text | write a text; a name with dots goes in quotes: agent.labels."app.name"',
    '--set source.threads source.threads | must be true or false | write true or false, without quotes',
  ]);
});
