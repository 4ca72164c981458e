import { expect, test } from 'vitest';
import { Reloader } from '../../../src/agent/reloader.ts';
import type { Reloadable } from '../../../src/agent/reloader.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { configFile } from '../config/refusal.ts';
import { recordedLog } from './log-lines.ts';

const load = (text: string) => loadConfig({ file: configFile(text) });

class FakeAgent implements Reloadable {
  readonly delivering = new Set<string>();
  readonly configs: Config[] = [];
  readonly refusals: string[] = [];
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async change(config: Config): Promise<void> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    this.configs.push(config);
  }

  async tellRefused(reason: string): Promise<void> {
    this.refusals.push(reason);
  }
}

function reloading(first = 'sinks: {a: {type: blackhole}}') {
  const agent = new FakeAgent();
  const file = { text: first, loads: 0 };
  const { log, entries } = recordedLog();
  const reloader = new Reloader(load(first), {
    agent,
    load: () => {
      file.loads += 1;
      return load(file.text);
    },
    log,
  });
  return { agent, file, log, entries, reloader };
}

test('a reload takes the new configuration over, with its log level, and says what is different', async () => {
  const { agent, file, log, entries, reloader } = reloading();
  reloader.begin();
  file.text = 'sinks: {b: {type: blackhole}, a: {type: file}}\ntelemetry: {log_level: debug}\nenrich: {filter: [{exclude: {kind: fork}}]}';
  reloader.request();
  await reloader.end();
  expect(agent.configs).toMatchObject([{ sinks: [{ name: 'a', type: 'file' }, { name: 'b' }] }]);
  expect(entries).toEqual([{ level: 'info', added: ['b'], changed: ['a'], enrich: ['filter'], msg: 'the configuration was reloaded' }]);
  expect(log.level).toBe('debug');
});

test('the next reload is compared with what was taken over last', async () => {
  const { agent, file, entries, reloader } = reloading();
  reloader.begin();
  file.text = 'sinks: {b: {type: blackhole}}';
  reloader.request();
  await reloader.end();
  agent.failure = new AgentError('DATA_DIR_LOCKED', 'the folder is locked', { fix: 'use another' });
  file.text = 'sinks: {c: {type: blackhole}}';
  reloader.begin();
  reloader.request();
  await reloader.end();
  agent.failure = undefined;
  reloader.begin();
  reloader.request();
  await reloader.end();
  expect(entries).toMatchObject([
    { added: ['b'], removed: ['a'] },
    {
      level: 'warn',
      code: 'DATA_DIR_LOCKED',
      fix: 'use another',
      msg: 'the configuration is not reloaded, the old one goes on: the folder is locked',
    },
    { added: ['c'], removed: ['b'] },
  ]);
  expect(agent.refusals).toEqual(['the folder is locked']);
});

test('of a broken configuration each error is logged with its place, and the stream is told without values', async () => {
  const { agent, file, entries, reloader } = reloading();
  reloader.begin();
  file.text = 'sinks: {a: {type: blackhol}}\nsource: {threads: s3cret}';
  reloader.request();
  await reloader.end();
  expect(agent.configs).toEqual([]);
  expect(entries.map(({ msg }) => msg)).toEqual([
    expect.stringMatching(/^sinks\.a\.type must be one of/),
    'source.threads must be true or false',
    expect.stringMatching(/^the configuration is not reloaded, the old one goes on: the configuration .* has 2 errors$/),
  ]);
  expect(entries[0]).toMatchObject({
    level: 'warn',
    code: 'CONFIG_INVALID',
    at: expect.stringMatching(/forkcast\.yaml:1:\d+$/) as string,
    fix: 'did you mean blackhole?',
  });
  expect(agent.refusals).toEqual([expect.stringContaining('sinks.a.type must be one of')]);
  expect(agent.refusals[0]).not.toContain('s3cret');
});

test('however often it is asked while it reloads, one more reload follows', async () => {
  const { agent, file, reloader } = reloading();
  const { promise, resolve } = Promise.withResolvers<void>();
  agent.gate = promise;
  reloader.begin();
  reloader.request();
  for (let i = 0; i < 5; i += 1) reloader.request();
  resolve();
  while (agent.configs.length < 2) await promise.then(() => new Promise((turn) => void setImmediate(turn)));
  await reloader.end();
  expect(file.loads).toBe(2);
});

test('what is asked before the agent runs is done then, and nothing once it ends', async () => {
  const { agent, file, reloader } = reloading();
  reloader.request();
  expect(file.loads).toBe(0);
  reloader.begin();
  await reloader.end();
  reloader.request();
  expect([file.loads, agent.configs.length]).toEqual([1, 1]);
});

test('a stop on the way is no failure', async () => {
  const { agent, entries, reloader } = reloading();
  agent.failure = new AgentError('STOPPED_EARLY', 'stopped');
  reloader.begin();
  reloader.request();
  await reloader.end();
  expect([entries, agent.refusals]).toMatchObject([[{ level: 'info' }], []]);
});

test('a folder of a sink that was removed is not given away while that delivers', async () => {
  const { agent, file, entries, reloader } = reloading('sinks: {old: {type: file, path: /x}, b: {type: blackhole}}');
  const reload = async (text: string): Promise<void> => {
    file.text = text;
    reloader.begin();
    reloader.request();
    await reloader.end();
  };
  await reload('sinks: {b: {type: blackhole}}');
  agent.delivering.add('old');
  const renamed = 'sinks: {new: {type: file, path: /x}, b: {type: blackhole}}';
  await reload(renamed);
  expect(agent.refusals).toEqual([expect.stringContaining('sinks.new.path is the folder of the removed sink old')]);
  agent.delivering.delete('old');
  await reload(renamed);
  expect(entries.at(-1)).toMatchObject({ added: ['new'] });
});
