import { expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile, issuesIn, summaryOf } from './refusal.ts';

it('block is for a single sink', () => {
  expect(() => loadConfig({ file: configFile('sinks: {a: {type: file, queue: {when_full: block}}}') })).not.toThrow();
  expect(summaryOf(issuesIn('sinks:\n  a: {type: file, queue: {when_full: block}}\n  b: {type: stdout}\n'))).toEqual([
    '2:38 sinks.a.queue.when_full | must not be block beside other sinks: it would hold them back | write drop_newest or drop_oldest, or remove the other sinks',
  ]);
});

it('two file sinks do not share a folder, however it is written', () => {
  expect(summaryOf(issuesIn('sinks:\n  a: {type: file, path: ./x}\n  b: {type: file, path: x/}\n  c: {type: file, path: y}\n'))).toEqual([
    '3:25 sinks.b.path | is the folder of the sink a already | give each file sink a folder of its own',
  ]);
});

it('a queue has room for the longest event', () => {
  expect(summaryOf(issuesIn('enrich: {max_args_bytes: 2MiB}\nsinks:\n  a: {type: stdout, queue: {max_size: 2MiB}}\n'))).toEqual([
    '3:39 sinks.a.queue.max_size | is too small for an event with 2MiB of arguments (enrich.max_args_bytes) | write at least 2080KiB, or lower enrich.max_args_bytes',
  ]);
});
