import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { issuesOf } from '../../../src/config/issue.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { AgentError, exitCodeOf } from '../../../src/core/errors.ts';
import { configFile, issuesIn, refusal, summaryOf } from './refusal.ts';

const load = (text: string) => loadConfig({ file: configFile(text) });
const summary = (text: string): string[] => summaryOf(issuesIn(text));

it('without a file everything is default, with event files and a live view', () => {
  const { effective, file } = loadConfig();
  expect(file).toBeNull();
  expect(effective.agent).toEqual({ data_dir: './data', labels: {}, shutdown_timeout: '10s', checkpoint_interval: '5s' });
  expect(Object.entries(effective.sinks).map(([name, { type }]) => [name, type])).toEqual([
    ['disk', 'file'],
    ['eyes', 'stdout'],
  ]);
});

it('by default the live view shows no snapshot and has a small queue; a sink that is written has the defaults of the keys', () => {
  const eyes = loadConfig().config.sinks.find(({ name }) => name === 'eyes');
  expect(eyes?.kinds).toEqual(['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP']);
  expect(eyes?.queue).toMatchObject({ maxBytes: 4 << 20, maxEvents: 10_000 });
  const [written] = load('sinks: {eyes: {type: stdout}}').config.sinks;
  expect(written?.kinds).toContain('SNAPSHOT');
  expect(written?.queue).toMatchObject({ maxBytes: 16 << 20, maxEvents: 50_000 });
});

it('puts event files below data_dir unless the sink says otherwise', () => {
  const paths = (text: string) => Object.values(load(text).effective.sinks).map((sink) => (sink.type === 'file' ? sink.path : null));
  expect(paths('agent: {data_dir: /var/lib/forkcast/}')).toEqual(['/var/lib/forkcast/events', null]);
  expect(paths('agent: {data_dir: /x}\nsinks: {a: {type: file}, b: {type: file, path: ./b}}')).toEqual(['/x/events', './b']);
});

it('takes an empty section for a section of defaults', () => {
  expect(load('agent:\nsource:\nenrich: {}\n').effective).toEqual(loadConfig().effective);
});

it('reports everything at once, from the top of the file down', () => {
  expect(
    summary(`agent: { data_dri: x, shutdown_timeout: 10 }
sorce: {}
source: { receive_buffer: 64M, threads: yes, events: [fork, exce, fork] }
enrich: { max_processes: "100", ancestors: 65, exit_ttl: 2h, redacted: [] }
sinks:
  disk: { type: file, codec: zip, queue: { when_full: wait, max_events: 0 } }
  siem: { type: mqtt }
telemetry: { log_level: INFO }
`),
  ).toEqual([
    '1:10 agent.data_dri | is an unknown key | did you mean data_dir?',
    '1:41 agent.shutdown_timeout | needs a unit | write 10s for seconds, or use ms, m, h, d',
    '2:1 sorce | is an unknown key | did you mean source?',
    '3:27 source.receive_buffer | is not a size | write 64MiB',
    '3:41 source.threads | must be true or false | write true, without quotes',
    '3:61 source.events[1] | must be one of fork, exec, exit, uid, gid, sid, ptrace, comm, coredump | did you mean exec?',
    '3:67 source.events[2] | is in the list twice | remove one of the two',
    '4:26 enrich.max_processes | must be a number, not text | write 100, without quotes',
    '4:44 enrich.ancestors | must be a whole number from 0 to 64 | write one within these bounds',
    '4:58 enrich.exit_ttl | must be from 100ms to 1h | write a duration within these bounds',
    '4:62 enrich.redacted | is an unknown key | did you mean redact?',
    expect.stringMatching(/^6:30 sinks.disk.codec \| must be one of .* \| /),
    '6:55 sinks.disk.queue.when_full | must be one of drop_newest, drop_oldest, block | write one of these words',
    '6:73 sinks.disk.queue.max_events | must be a whole number from 1 to 250000 | write one within these bounds',
    '7:17 sinks.siem.type | must be one of file, kafka, nats, stdout, blackhole, chaos | write one of these words',
    '8:25 telemetry.log_level | must be one of trace, debug, info, warn, error | did you mean info?',
  ]);
});

it('ends as CONFIG_INVALID, exit code 78, with the list in its context', () => {
  const error = refusal(() => load('agent: 5\nsource: 6\n'));
  expect([error.code, exitCodeOf(error), issuesOf(error).length]).toEqual(['CONFIG_INVALID', 78, 2]);
  expect(error.message).toMatch(/forkcast\.yaml has 2 errors$/);
});

describe('shapes', () => {
  it.each([
    ['agent: 5', '1:8 agent | must be a map of keys | write its keys below it: data_dir, labels, shutdown_timeout, checkpoint_interval'],
    ['agent: [data_dir]', '1:8 agent | must be a map of keys |'],
    ['agent: {data_dir: }', '1:19 agent.data_dir | has no value | write one, or remove the key for the default "./data"'],
    ['agent: {data_dir: [x]}', '1:19 agent.data_dir | must be a path |'],
    ['agent: {data_dir: ""}', '1:19 agent.data_dir | must not be empty |'],
    ['agent: {data_dir: ~/x}', '1:19 agent.data_dir | must not begin with ~, which is not expanded here |'],
    ['agent: {data_dir: $HOME/x}', '1:19 agent.data_dir | must not contain variables, which are not expanded here |'],
    ['agent: {data_dir: "x\\e[31m"}', '1:19 agent.data_dir | must not contain control characters |'],
    ['agent: {labels: [a]}', '1:17 agent.labels | must be a map of names to texts |'],
    ['agent: {labels: {a: 1}}', '1:21 agent.labels.a | must be text | put it in quotes: "1"'],
    ['agent: {labels: {a b: x}}', '1:23 agent.labels."a b" | is not a label name |'],
    ['agent: {labels: {__proto__: x}}', '1:29 agent.labels.__proto__ | is not a label name |'],
    ['agent: {labels: {a: "\\u202e"}}', '1:21 agent.labels.a | must not contain control characters |'],
    ['agent: {agent.data_dir: x}', '1:9 agent."agent.data_dir" | is an unknown key |'],
    ['__proto__: {a: 1}', '1:1 __proto__ | is an unknown key |'],
    ['constructor: {prototype: {a: 1}}', '1:1 constructor | is an unknown key |'],
    ['source: {threads: 1}', '1:19 source.threads | must be true or false | write true or false,'],
    ['source: {events: exec}', '1:18 source.events | must be a list | write it in brackets: [exec]'],
    ['source: {events: []}', '1:18 source.events | must not be an empty list |'],
    ['source: {events: [{exec: 1}]}', '1:19 source.events[0] | must be one of'],
    ['source: {type: audit}', '1:16 source.type | must be one of proc_connector, replay, synthetic | write one of these words'],
    ['source: {type: replay, replay: {speed: -1}}', '1:40 source.replay.speed | must be a whole number from 0 to 1000000 | write one'],
    ['source: {receive_buffer: 2GiB}', '1:26 source.receive_buffer | must be from 4KiB to 1GiB |'],
    ['enrich: {max_processes: 65537}', '1:25 enrich.max_processes | must be a whole number from 64 to 65536 |'],
    ['enrich: {max_processes: 1.5}', '1:25 enrich.max_processes | must be a whole number from 64 to 65536 |'],
    ['enrich: {max_processes: .inf}', '1:25 enrich.max_processes | must be a whole number from 64 to 65536 |'],
    [
      'enrich: {containers: {docker: podman.sock}}',
      '1:31 enrich.containers.docker | must be auto or off, or an absolute path | write the whole path, from / on',
    ],
    ['enrich: {containers: {docker: of}}', '1:31 enrich.containers.docker | must be auto or off, or an absolute path | did you mean off?'],
    ['enrich: {containers: {docker: false}}', '1:31 enrich.containers.docker | must be auto or off, or an absolute path | write off'],
    ['enrich: {containers: {docker: "/x\\e[31m"}}', '1:31 enrich.containers.docker | must not contain control characters |'],
    ['enrich: {containers: {podman: auto}}', '1:23 enrich.containers.podman | is an unknown key |'],
    ['enrich: {containers: docker}', '1:22 enrich.containers | must be a map of keys |'],
    ['enrich: {env: LD_PRELOAD}', '1:15 enrich.env | must be a list | write it in brackets: [LD_PRELOAD]'],
    ['enrich: {env: [A, "B=1"]}', '1:19 enrich.env[1] | is not the name of a variable |'],
    ['enrich: {env: [A, B, A]}', '1:22 enrich.env[2] | is in the list twice | remove one of the two'],
    ['enrich: {exe_sha256: on}', '1:22 enrich.exe_sha256 | must be true or false | write true, without quotes'],
    ['sinks: {}', '1:8 sinks | names no sink |'],
    ['sinks:', '1:7 sinks | has no keys |'],
    ['sinks: [file]', '1:8 sinks | must be a map of keys |'],
    ['sinks: {a: }', '1:12 sinks.a | has no keys | write its type and keys below it; types: file, kafka, nats, stdout, blackhole, chaos'],
    ['sinks: {a: file}', '1:12 sinks.a | must be a map of keys |'],
    ['sinks: {a: {path: x}}', '1:12 sinks.a.type | is missing | write type: and one of file, kafka, nats, stdout, blackhole, chaos'],
    ['sinks: {a: {tpye: file}}', '1:13 sinks.a.tpye | is an unknown key | did you mean type?'],
    ['sinks: {a: {type: fiel}}', '1:19 sinks.a.type | must be one of file, kafka, nats, stdout, blackhole, chaos | did you mean file?'],
    ['sinks: {a: {type: [file]}}', '1:19 sinks.a.type | must be one of file, kafka, nats, stdout, blackhole, chaos |'],
    ['sinks: {a: {type: constructor}}', '1:19 sinks.a.type | must be one of file, kafka, nats, stdout, blackhole, chaos |'],
    [
      'sinks: {My Sink: {type: stdout}}',
      '1:9 sinks."My Sink" | is not a sink name | use up to 64 lower-case letters, digits, _ and -, such as my-sink',
    ],
    [
      'sinks: {a: {type: stdout, codec: zstd}}',
      '1:27 sinks.a.codec | is an unknown key | remove it; known here: type, format, ocsf_version, filter, queue',
    ],
    ['sinks: {a: {type: file, rotate: 5}}', '1:33 sinks.a.rotate | must be a map of keys |'],
    ['sinks: {a: {type: stdout, queue: {type: paper}}}', '1:41 sinks.a.queue.type | must be one of memory, disk |'],
    [
      'sinks: {a: {type: stdout, queue: {max_events: 250001}}}',
      '1:47 sinks.a.queue.max_events | must be a whole number from 1 to 250000 |',
    ],
    ['sinks: {a: {type: stdout, queue: {size: 1MiB}}}', '1:35 sinks.a.queue.size | is an unknown key |'],
  ])('%s', (text, start) => {
    const [first = '', ...others] = summary(text);
    expect(others).toEqual([]);
    expect(first.startsWith(start), first).toBe(true);
  });
});

it('sinks and labels may bear the names of what every object inherits', () => {
  const { config } = load(
    'agent: {labels: {constructor: x, toString: y, app.kubernetes.io/name: z}}\nsinks: {__proto__: {type: stdout}, constructor: {type: file}}\n',
  );
  expect(config.agent.labels).toEqual({ constructor: 'x', toString: 'y', 'app.kubernetes.io/name': 'z' });
  expect(config.sinks.map(({ name }) => name)).toEqual(['__proto__', 'constructor']);
});

it('whatever is written, it loads or says what is wrong with it', () => {
  const keys = fc.constantFrom(
    'agent',
    'source',
    'enrich',
    'sinks',
    'telemetry',
    'labels',
    'data_dir',
    'type',
    'queue',
    'events',
    'kinds',
    'filter',
    'rotate',
    '__proto__',
    'a.b',
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 5 }, fc.anything({ maxDepth: 0 }), fc.constantFrom('file', 'stdout', '1MiB', '5s'), tie('list'), tie('map')),
    list: fc.array(tie('node'), { maxLength: 3 }),
    map: fc.dictionary(keys, tie('node'), { maxKeys: 5 }),
  })).map;
  fc.assert(
    fc.property(tree, (written) => {
      try {
        loadConfig({
          overrides: Object.entries(written as object).map(
            ([key, value]) => `${key === 'a.b' ? '"a.b"' : key}=${stringify(value, { collectionStyle: 'flow' })}`,
          ),
        });
      } catch (error) {
        expect(error).toBeInstanceOf(AgentError);
        expect(['CONFIG_INVALID', 'USAGE']).toContain((error as AgentError).code);
      }
    }),
    { numRuns: 200 },
  );
});
