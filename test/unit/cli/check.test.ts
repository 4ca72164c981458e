import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../../src/cli/advice.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { configFile } from '../config/refusal.ts';
import { forkcast } from './fake-io.ts';

describe('check', () => {
  it('says what a valid configuration would do', async () => {
    const { code, out, err } = await forkcast(
      'check',
      '-c',
      configFile('agent: {data_dir: /d}\nsource: {receive_buffer: 4KiB}\nsinks: {keep: {type: file}}\n'),
    );
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^valid: .*forkcast\.yaml\n/);
    expect(out).toMatch(/^ {2}data +\/d$/m);
    expect(out).toMatch(/^ {2}source +proc_connector: fork exec exit .*; with a snapshot at the start$/m);
    expect(out).toMatch(/^ {2}buffer +4KiB in the kernel, room for 9 events$/m);
    expect(out).toMatch(
      /^ {2}sink keep +files in \/d\/events, zstd, up to 10GiB; waiting: 16 MiB or 50,000 events in memory, then drop_newest$/m,
    );
  });

  it('says how much waits on the disk, and does not count it as memory', async () => {
    const { out } = await forkcast('check', '--set', 'sinks.disk.queue={type: disk, max_size: 2GiB}');
    expect(out).toMatch(/^ {2}sink disk .*; waiting: 2 GiB on disk, then drop_newest$/m);
    expect(out).not.toContain('of memory');
    const bounded = await forkcast('check', '--set', 'sinks.disk.queue={type: disk, max_events: 5000}');
    expect(bounded.out).toMatch(/; waiting: 1 GiB or 5,000 events on disk, then drop_newest$/m);
    expect((await forkcast('check', '--set', 'sinks.disk.queue.max_size=200MiB')).out).toContain('204MiB of memory');
  });

  it('says what a replay would do: the queues wait, and nothing is said of the kernel', async () => {
    const replay = ['check', '--set', 'source.type=replay', '--set', 'source.replay.path=/tmp/x.fcrec'];
    const { out } = await forkcast(...replay, '--set', 'source.replay.speed=20');
    expect(out).toMatch(/^ {2}source +replay of \/tmp\/x\.fcrec, at 20 times the recorded speed: fork exec .*snapshot at the start$/m);
    expect(out).toMatch(/^ {2}sink disk .*, then block$/m);
    expect(out).not.toMatch(/^ {2}(buffer|losses) /m);
    expect((await forkcast(...replay)).out).toContain('at the recorded speed: fork');
    expect((await forkcast(...replay, '--set', 'source.replay.speed=0')).out).toContain('as fast as it goes: fork');
  });

  it('says what a synthetic source would do', async () => {
    const { out } = await forkcast('check', '--set', 'source.type=synthetic', '--set', 'source.synthetic={rate: 0, events: 5000}');
    expect(out).toMatch(/^ {2}source +synthetic, seed 1, as fast as they are taken, 5,000 of them: fork /m);
    expect(out).toMatch(/^ {2}sink disk .*, then drop_newest$/m);
  });

  it('without a file checks the built-in configuration', async () => {
    expect((await forkcast('check')).out).toMatch(/^valid: the built-in configuration\n/);
  });

  it('reports every error with place, value and fix, and ends with 78', async () => {
    const { code, out, err } = await forkcast(
      'check',
      '-c',
      configFile('source: {threads: yes, evnets: []}\n'),
      '--set',
      'enrich.ancestors=100',
      '--set',
      'agent.x.y=1',
    );
    expect([code, out]).toEqual([78, '']);
    expect(err.replaceAll(/\/\S*\//g, '')).toBe(`error: the configuration forkcast.yaml has 4 errors

forkcast.yaml:1:19  source.threads must be true or false (found "yes")
    write true, without quotes
forkcast.yaml:1:24  source.evnets is an unknown key
    did you mean events?
--set agent.x.y  agent.x is an unknown key
    remove it; known here: data_dir, labels, shutdown_timeout, checkpoint_interval
--set enrich.ancestors must be a whole number from 0 to 64 (found 100)
    write one within these bounds

correct what is listed, then run forkcast check again
`);
  });

  it('shows hostile values instead of printing them', async () => {
    const { err } = await forkcast('check', '-c', configFile('source: {threads: "\\e[2J\\u202e"}\n"k\\e[2J": 1\n'));
    // oxlint-disable-next-line no-control-regex
    expect(err).not.toMatch(/[\u001b\u202e]/);
  });

  it('--json prints a result either way', async () => {
    const good = await forkcast('check', '--json');
    expect(JSON.parse(good.out)).toMatchObject({
      ok: true,
      file: null,
      config_hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      effective: { agent: { data_dir: './data' } },
    });
    const file = configFile('source: {threads: yes}\n');
    const bad = await forkcast('check', '-c', file, '--json');
    expect([bad.code, bad.err]).toEqual([78, '']);
    expect(JSON.parse(bad.out)).toEqual({
      ok: false,
      file,
      code: 'CONFIG_INVALID',
      issues: [
        {
          path: 'source.threads',
          value: 'yes',
          reason: 'must be true or false',
          fix: 'write true, without quotes',
          at: { file, line: 1, column: 19 },
        },
      ],
    });
    const missing = await forkcast('check', '-c', '/nonexistent', '--json');
    expect(missing.code).toBe(78);
    expect(JSON.parse(missing.out)).toMatchObject({
      ok: false,
      code: 'CONFIG_UNREADABLE',
      issues: [{ reason: '/nonexistent does not exist' }],
    });
  });

  it('warns of a file that sets nothing', async () => {
    expect((await forkcast('check', '-c', configFile('# agent: {}\n'))).out).toContain('warning: the file sets nothing: all is default');
  });
});

describe('advice', () => {
  const advice = (text: string, capEff = '0000000000000000'): string[] => {
    const files = {
      text: (path: string) =>
        ({ '/proc/self/status': `Name:\tnode\nCapEff:\t${capEff}\n`, '/proc/sys/net/core/rmem_max': '4194304\n' })[path],
      link: () => undefined,
    };
    return adviceFor(loadConfig({ file: configFile(text) }).config, files).map(({ path, warning }) => `${path}: ${warning}`);
  };
  const QUIET = 'source: {receive_buffer: 4MiB}\n';

  it('is silent about the ordinary', () => expect(advice(QUIET)).toEqual([]));

  it('says that the kernel will clamp the receive buffer, unless CAP_NET_ADMIN forces it', () => {
    expect(advice('source: {receive_buffer: 64MiB}')).toEqual([
      expect.stringMatching(/^source\.receive_buffer: 64MiB is more than net\.core\.rmem_max \(4MiB\) .* room for 10,082 events$/),
    ]);
    expect(advice('source: {receive_buffer: 64MiB}', '0000000000001000')).toEqual([]);
  });

  it.each([
    ['sinks: {a: {type: file, queue: {when_full: block}}}', 'sinks.a.queue.when_full: block holds the agent back'],
    ['sinks: {a: {type: file, filter: {kinds: [snapshot]}}}', 'sinks.a.filter.kinds: the sink gets nothing once'],
    ['sinks: {a: {type: file}, b: {type: stdout}, c: {type: stdout}}', 'sinks: b and c write to the same output'],
    ['sinks: {a: {type: stdout}}', 'sinks: events are printed and kept nowhere'],
    ['sinks: {a: {type: stdout}, b: {type: blackhole}}', 'sinks: events are printed and kept nowhere'],
    ['sinks: {a: {type: blackhole}}', 'sinks: events are kept nowhere'],
    ['sinks: {a: {type: kafka, format: ecs}}', 'sinks.a.format: completeness of ecs cannot be proven'],
    ['sinks: {a: {type: nats, format: ocsf}, b: {type: stdout}}', 'sinks.a.format: completeness of ocsf/1.8.0 cannot be proven'],
    ['sinks: {a: {type: file, queue: {max_size: 256MiB}}}', 'sinks: the queues together may take 256MiB of memory'],
  ])('%s', (text, warning) => expect(advice(`${QUIET}${text}\n`)).toEqual([expect.stringContaining(warning)]));

  it('is silent about JSON for a SIEM where there is Avro beside it', () =>
    expect(advice(`${QUIET}sinks: {a: {type: kafka, format: ecs}, b: {type: file}}`)).toEqual([]));

  it('says what stands against the exec cache, in the words of START, where it is asked for', () => {
    const files = { text: () => undefined, link: () => undefined };
    const said = (mode: string, reason?: string) => {
      const against = () => (reason === undefined ? undefined : { reason, fix: 'mend it' });
      const { config } = loadConfig({ overrides: [`enrich.exec_cache=${mode}`] });
      return adviceFor(config, files, against).flatMap(({ path, warning }) => (path === 'enrich.exec_cache' ? [warning] : []));
    };
    expect(said('auto', 'CAP_BPF is not held')).toEqual(['CAP_BPF is not held; /proc is read instead']);
    expect(said('on', 'CAP_BPF is not held')).toEqual(['CAP_BPF is not held: the agent will not start']);
    expect(said('off', 'CAP_BPF is not held')).toEqual([]);
    expect(said('auto')).toEqual([]);
    const { config } = loadConfig({ overrides: ['enrich.exec_cache=auto', 'source.kernel_filter=true', 'source.events=[comm]'] });
    expect(adviceFor(config, files, () => undefined)).toContainEqual({
      path: 'enrich.exec_cache',
      warning: expect.stringMatching(/^source\.kernel_filter leaves out .*; \/proc is read instead$/) as string,
    });
  });

  it('says when no process would be seen', () => {
    expect(advice('source: {receive_buffer: 4MiB, events: [uid]}')).toEqual([
      expect.stringContaining('source.events: no fork, exec or exit is reported'),
    ]);
  });
});
