import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { exitCodeOf } from '../../../src/core/errors.ts';
import { configFile, issuesIn, refusal, summaryOf } from './refusal.ts';

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

it('the bounds of retries are the right way round', () => {
  expect(() => loadConfig({ file: configFile('sinks: {a: {type: stdout, retry: {initial: 1s, max: 1s}}}') })).not.toThrow();
  expect(summaryOf(issuesIn('sinks:\n  a: {type: stdout, retry: {initial: 1m}}\n'))).toEqual([
    '2:38 sinks.a.retry.initial | must not be longer than max (30s) | write at most 30s, or raise max',
  ]);
});

describe('without a working directory', () => {
  const gone = Object.assign(new Error('uv_cwd'), { code: 'ENOENT' });
  const withoutCwd = (): void => {
    const cwd = vi.spyOn(process, 'cwd').mockImplementation(() => {
      throw gone;
    });
    onTestFinished(() => cwd.mockRestore());
  };

  it('relative paths are refused, with what to do', () => {
    const file = configFile('agent: {data_dir: /x}\nsinks: {a: {type: file, path: y}}\n');
    const replay = configFile('agent: {data_dir: /x}\nsource: {type: replay, replay: {path: r}}\nsinks: {a: {type: stdout}}\n');
    withoutCwd();
    const error = refusal(() => loadConfig());
    expect(error).toMatchObject({ code: 'FILE_IO', fix: expect.stringContaining('cd /') as unknown });
    expect(error.message).toMatch(/^the working directory has been deleted, and agent\.data_dir \(.+\) is relative to it$/);
    expect(exitCodeOf(error)).toBe(74);
    expect(refusal(() => loadConfig({ file })).message).toContain('sinks.a.path (y)');
    expect(refusal(() => loadConfig({ file: replay })).message).toContain('source.replay.path (r)');
  });

  it('absolute paths do', () => {
    const file = configFile('agent: {data_dir: /x}\nsinks: {a: {type: file, path: /y}, b: {type: stdout}}\n');
    withoutCwd();
    expect(() => loadConfig({ file })).not.toThrow();
  });
});
