import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../../src/cli/program.ts';
import { AgentError } from '../../../src/core/errors.ts';
import { fakeActions, fakeIo, forkcast } from './fake-io.ts';

const COMMANDS = ['run', 'check', 'config', 'doctor', 'decode', 'verify', 'dlq', 'spool', 'schema'];

it('alone prints help on stdout', async () => {
  const { code, out, err } = await forkcast();
  expect([code, err]).toEqual([0, '']);
  for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
  expect(out).toContain('Examples:');
});

it.each(COMMANDS)('%s --help has examples, and help %s is the same', async (command) => {
  const { code, out, err } = await forkcast(command, '--help');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(new RegExp(`^Usage: forkcast ${command}[^]*\nExamples:\n  .*forkcast ${command}`));
  expect(await forkcast('help', command)).toMatchObject({ code: 0, out });
});

it('--version prints the version of the package', async () => {
  expect(await forkcast('--version')).toMatchObject({ code: 0, out: expect.stringMatching(/^forkcast \d+\.\d+\.\d+\n$/) as string });
});

describe('what makes no sense ends with 64, a hint on stderr and nothing on stdout', () => {
  it.each([
    [['rnu'], "unknown command 'rnu'\n(Did you mean run?)"],
    [['help', 'chekc'], "unknown command 'chekc'\n(Did you mean check?)"],
    [['\u001b[31mx'], "unknown command '\\x1b[31mx'"],
    [['--bogus'], "unknown option '--bogus'"],
    [['check', '--jsno'], "unknown option '--jsno'\n(Did you mean --json?)"],
    [['run', 'extra'], 'too many arguments'],
    [['run', '-c'], "option '-c, --config <file>' argument missing"],
    [['run', '--set'], "option '--set <path=value>' argument missing"],
    [['run', '--set', 'agent.data_dir'], '--set agent.data_dir: there is no value'],
    [['run', '--set', 'a..b=1'], '--set a..b: this is not a path'],
    [['run', '--set', 'a=[1'], '--set a: the value is not valid YAML'],
    [['run', '--duration', '10'], "argument '10' is invalid. It needs a unit: write 10s"],
    [['run', '--duration', 'soon'], "argument 'soon' is invalid. It is not a duration: write numbers with units"],
    [['run', '--duration', '0s'], 'It must be longer than 0s.'],
    [['decode'], "missing required argument 'files'"],
    [['decode', '--format', 'xml', 'x'], 'Allowed choices are json, line, ecs, ocsf.'],
    [['config'], 'it is not said what to print\nadd --defaults, --schema or --effective'],
    [['config', '--defaults', '--schema'], "option '--defaults' cannot be used with option '--schema'"],
    [['config', '--schema', '--set', 'a=1'], '--set has a meaning with --effective only'],
    [['doctor', '--set', 'x'], '--set x: there is no value'],
    [['verify'], 'neither files nor --kafka nor --jetstream'],
    [['verify', '--topic', 'x', 'data/events'], '--topic is for --kafka only'],
    [['verify', '-c', 'x.yaml'], '-c is for --kafka or --jetstream only'],
    [['verify', 'data/events', '--kafka', 'localhost:9092'], 'files and --kafka do not go together: data/events'],
    [['dlq', 'shwo'], "unknown command 'shwo'\n(Did you mean show?)"],
    [['dlq', 'list', 'x'], 'too many arguments'],
    [['dlq', 'show', '--jsno'], "unknown option '--jsno'\n(Did you mean --json?)"],
  ])('%j', async (argv, message) => {
    const { code, out, err } = await forkcast(...argv);
    expect([code, out]).toEqual([64, '']);
    expect(err).toMatch(/^error: .+\n(.+\n)+$/);
    expect(err).toContain(message);
  });
});

it('run gets its options as typed, checked', async () => {
  const { code, called } = await forkcast('run', '-c', 'x.yaml', '--duration', '1h30m', '--set', 'a.b=1', '--set', 'c=[x]');
  expect(code).toBe(0);
  expect(called.run).toEqual([{ config: 'x.yaml', duration: '1h30m', set: ['a.b=1', 'c=[x]'] }]);
  expect((await forkcast('run')).called.run).toEqual([{ set: [] }]);
});

it('decode gets its files and options', async () => {
  expect((await forkcast('decode', 'a', 'b')).called.decode).toEqual([[['a', 'b'], { format: 'json' }]]);
  expect(
    (await forkcast('decode', '--format', 'line', '--kind', 'exec, exit', '--stream', 'process', '--nulls', '-')).called.decode,
  ).toEqual([[['-'], { format: 'line', kind: ['exec', 'exit'], stream: 'process', nulls: true }]]);
});

it('verify gets its files, or where the topics are', async () => {
  expect((await forkcast('verify', '--allow-blind', 'a', 'b')).called.verify).toEqual([[['a', 'b'], { allowBlind: true }]]);
  expect((await forkcast('verify', '--kafka', '-c', 'x.yaml', '--sink', 'siem', '--json')).called.verify).toEqual([
    [[], { kafka: true, config: 'x.yaml', sink: 'siem', json: true }],
  ]);
  expect((await forkcast('verify', '--kafka', 'a:1,b:2', '--topic', 'x', '--agent-topic', 'y')).called.verify).toEqual([
    [[], { kafka: 'a:1,b:2', topic: 'x', agentTopic: 'y' }],
  ]);
});

it('dlq gets what is to be done, to which', async () => {
  expect((await forkcast('dlq', 'list', '--json')).called.dlq).toEqual([{ action: 'list', set: [], json: true, ids: [] }]);
  expect((await forkcast('dlq', 'show', '--sink', 'siem', '--code', 'X', 'a:1', 'a:2')).called.dlq).toEqual([
    { action: 'show', set: [], sink: 'siem', code: 'X', ids: ['a:1', 'a:2'] },
  ]);
  expect((await forkcast('dlq', 'replay', '-c', 'x.yaml', '--set', 'a.b=1')).called.dlq).toEqual([
    { action: 'replay', config: 'x.yaml', set: ['a.b=1'], ids: [] },
  ]);
});

it('ends with the code of the action', async () => {
  expect(await runCli(['run'], fakeIo(), { ...fakeActions(), run: () => Promise.resolve(7) })).toBe(7);
});

it('says what an error of an action is and what to do, with the exit code of its category', async () => {
  const io = fakeIo();
  const run = () => Promise.reject(new AgentError('DATA_DIR_LOCKED', 'another agent (pid 7) uses ./data\u001b[2J', { fix: 'stop it' }));
  expect(await runCli(['run'], io, { ...fakeActions(), run })).toBe(69);
  expect(io.stderr.text).toBe('error: another agent (pid 7) uses ./data\\x1b[2J\nstop it\n');
});

it('asks for a report when the error is a bug', async () => {
  const io = fakeIo();
  expect(await runCli(['run'], io, { ...fakeActions(), run: () => Promise.reject(new TypeError('x is not a function')) })).toBe(70);
  expect(io.stderr.text).toMatch(/^error: x is not a function\nthis is a bug in forkcast[^]*TypeError: x is not a function\n +at /);
});

it.each([
  [['config', '--defaults'], 0],
  [['--help'], 0],
  [['check', '--json', '-c', '/nonexistent'], 78],
])('%j is silent when the reader of its output has gone, and ends as it would have', async (argv, code) => {
  const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const io = { ...fakeIo(), stdout: new Writable({ write: (_chunk, _encoding, done) => done(closed) }) };
  expect(await runCli(argv, io, fakeActions())).toBe(code);
  expect(io.stderr.text).toBe('');
});

describe('colour', () => {
  const error = async (env: Record<string, string>, isTTY: boolean): Promise<string> => {
    const io = fakeIo(env, isTTY);
    await runCli(['check', '-c', '/nonexistent'], io, fakeActions());
    return io.stderr.text;
  };
  it('is used on a terminal', async () => expect(await error({ TERM: 'xterm' }, true)).toContain('\u001b[31merror\u001b[39m'));
  it.each([
    [{}, false],
    [{ NO_COLOR: '1' }, true],
    [{ TERM: 'dumb' }, true],
  ])('is not used with %j, terminal: %s', async (env, isTTY) => {
    expect(await error(env, isTTY)).not.toContain('\u001b');
  });
});
