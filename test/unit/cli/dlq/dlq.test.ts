import { appendFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { prepareDataDir } from '../../../../src/agent/data-dir.ts';
import { dlqCommand } from '../../../../src/cli/dlq.ts';
import type { DlqOptions } from '../../../../src/cli/dlq.ts';
import { reportError } from '../../../../src/cli/report-error.ts';
import type { RunHost } from '../../../../src/cli/stop-requests.ts';
import type { AgentEvent } from '../../../../src/core/agent-event.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { createAvroEncoder } from '../../../../src/encode/avro/binary.ts';
import { decode } from '../../../../src/encode/decode.ts';
import { createOcsfEncoder } from '../../../../src/encode/ocsf/ocsf.ts';
import { recordFormat } from '../../../../src/encode/record-format.ts';
import { DeadLetterStore } from '../../../../src/sink/dead-letter/dead-letter-store.ts';
import { until } from '../../../contract/waiting.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { asProcess, execEvent, forkEvent } from '../../encode/samples.ts';
import { fakeIo } from '../fake-io.ts';
import type { FakeIo } from '../fake-io.ts';

const AGENT = '0f1e2d3c-0000-4000-8000-000000000001';
const rejected = new AgentError('RECORD_REJECTED', 'larger than the broker takes \u202e');

function encoded(sequence: number, event = execEvent): Encoded {
  return { ...createAvroEncoder().encode(asProcess({ ...event, sequence })), sequence };
}

/** A data directory with dead letters of the sink `siem`. */
async function dataDirWith(
  records: readonly Encoded[],
  of: { format?: string; error?: AgentError; dataDir?: string } = {},
): Promise<string> {
  const dataDir = of.dataDir ?? (await tempDir());
  const store = new DeadLetterStore(
    { maxBytes: 1 << 20 },
    {
      folder: join(dataDir, 'state/dead-letter/siem'),
      sink: 'siem',
      sinkId: null,
      agentId: AGENT,
      format: of.format ?? recordFormat('avro'),
      clock: { nowUs: () => 1_700_000_000_000_000, monotonicNs: () => 0 },
      log: { error: () => undefined },
    },
  );
  await store.add(records, of.error ?? rejected);
  await store.close();
  return dataDir;
}

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const quietHost: RunHost = { onSignal: () => () => undefined, onExit: () => () => undefined };

interface Around {
  readonly host?: RunHost;
  readonly io?: FakeIo;
}

async function dlq(action: DlqOptions['action'], dataDir: string, options: Partial<DlqOptions> & Around = {}): Promise<Result> {
  const { host = quietHost, io = fakeIo(), ...chosen } = options;
  const set = [`agent.data_dir=${dataDir}`, ...(chosen.set ?? ['sinks={siem: {type: blackhole}}'])];
  const code = await dlqCommand({ ...chosen, action, set }, io, host).catch((error: unknown) => reportError(error, io));
  return { code, out: io.stdout.text, err: io.stderr.text };
}

const letterFile = (dataDir: string, number = 1): string => join(dataDir, `state/dead-letter/siem/dead-000000000${number}.ndjson`);
const filesLeft = (dataDir: string): Promise<string[]> => readdir(join(dataDir, 'state/dead-letter/siem'));

describe('dlq list', () => {
  test('says how many, of which sink, since when and why', async () => {
    const dataDir = await dataDirWith([encoded(1), encoded(2)]);
    await dataDirWith([encoded(3)], { dataDir, error: new AgentError('RECORD_UNENCODABLE', 'x') });
    const time = '2023-11-14T22:13:20.000Z';
    const { code, out } = await dlq('list', dataDir);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^siem {2}3 \(.* KiB\), 2023-11-14T22:13:20.000Z: RECORD_REJECTED 2, RECORD_UNENCODABLE 1\n$/),
    ]);
    expect(JSON.parse((await dlq('list', dataDir, { json: true })).out)).toMatchObject({
      sinks: [{ sink: 'siem', letters: 3, oldest: time, newest: time, codes: { RECORD_REJECTED: 2, RECORD_UNENCODABLE: 1 }, damaged: 0 }],
    });
    expect((await dlq('list', dataDir, { code: 'record_unencodable' })).out).toMatch(/^siem {2}1 /);
    expect((await dlq('list', dataDir, { code: 'nope' })).out).toBe('no dead letters with the code NOPE\n');
    const absent = await dlq('show', dataDir, { ids: ['abc'] });
    expect(absent).toEqual({ code: 1, out: '', err: 'warning: there is no such dead letter: abc\n' });
  });

  test('none are no error, a wrong folder or sink is one', async () => {
    const empty = await tempDir();
    expect(await dlq('list', empty)).toEqual({ code: 0, out: 'no dead letters\n', err: '' });
    expect(await dlq('list', join(empty, 'none'))).toMatchObject({
      code: 74,
      out: '',
      err: expect.stringContaining('there is no data directory') as string,
    });
    const dataDir = await dataDirWith([encoded(1)]);
    const { code, err } = await dlq('list', dataDir, { sink: 'bus' });
    expect([code, err]).toEqual([64, 'error: the sink bus has no dead letters\nSinks that have some: siem.\n']);
  });

  test('a damaged line is told with its place and left where it is; a torn one is none', async () => {
    const dataDir = await dataDirWith([encoded(1)]);
    await appendFile(letterFile(dataDir), 'rubbish\u001b[2J\n{"v":1,');
    const { code, out, err } = await dlq('list', dataDir);
    expect([code, out.slice(0, 8)]).toEqual([1, 'siem  1 ']);
    expect(err).toBe(`warning: ${letterFile(dataDir)}:2 is not JSON; it is left as it is\n`);
  });

  test('a running agent is no obstacle', async () => {
    const dataDir = await dataDirWith([encoded(1)]);
    const agent = await prepareDataDir(dataDir, { info: () => undefined });
    expect(await dlq('list', dataDir)).toMatchObject({ code: 0 });
    expect(await dlq('show', dataDir)).toMatchObject({ code: 0 });
    await agent.release();
  });
});

describe('dlq show', () => {
  test('each with its reason and its event, nothing of it obeyed by a terminal', async () => {
    const dataDir = await dataDirWith([encoded(7)]);
    const { out } = await dlq('show', dataDir);
    const [head, id, event] = out.split('\n');
    expect(head).toBe('2023-11-14T22:13:20.000Z  siem  RECORD_REJECTED: larger than the broker takes \\u202e');
    expect(id).toBe(`  EXEC ${AGENT}:7`);
    expect(event).toContain('EXEC');
  });

  test('of records that are JSON as they are', async () => {
    const record = createOcsfEncoder().encode(asProcess({ ...execEvent, sequence: 7 }));
    const dataDir = await dataDirWith([record], { format: recordFormat('ocsf/1.8.0') });
    expect((await dlq('show', dataDir)).out).toContain('"class_uid":1007');
    expect(JSON.parse((await dlq('show', dataDir, { json: true })).out)).toMatchObject({ event: { class_uid: 1007, activity_id: 1 } });
  });

  test('as JSON, one a line', async () => {
    const dataDir = await dataDirWith([encoded(7), encoded(8, forkEvent)]);
    const { out } = await dlq('show', dataDir, { json: true });
    expect(out).not.toContain('\u202e');
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([
      { sink: 'siem', code: 'RECORD_REJECTED', id: `${AGENT}:7`, kind: 'EXEC', event: { kind: 'EXEC', sequence: 7 } },
      { id: `${AGENT}:8`, event: { kind: 'FORK', sequence: 8 } },
    ]);
  });

  test('only those that are named', async () => {
    const dataDir = await dataDirWith([encoded(1), encoded(2), encoded(3)]);
    const { out } = await dlq('show', dataDir, { json: true, ids: [`${AGENT}:3`, `${AGENT}:1`] });
    expect(out.match(/"id":"[^"]*/g)).toEqual([`"id":"${AGENT}:1`, `"id":"${AGENT}:3`]);
  });

  test.each([
    ['avro process=0000000000000000 agent=0000000000000000', 'bytes that this version cannot read'],
    ['line', 'broken'],
  ])('a record of another format (%s) is shown as far as it can be', async (format, text) => {
    const dataDir = await dataDirWith([{ ...encoded(1), bytes: Buffer.from('broken\u001b[2J\n') }], { format });
    const { code, out } = await dlq('show', dataDir);
    expect([code, out]).toEqual([0, expect.stringContaining(text)]);
    expect(out).not.toContain('\u001b');
    expect(JSON.parse((await dlq('show', dataDir, { json: true })).out)).toMatchObject({ event: null, bytes: 'YnJva2VuG1sySgo=' });
  });
});

/** Sequences in the event files of a folder, with the runs that their names tell. */
async function eventsIn(folder: string): Promise<{ sequences: number[]; agents: Set<string> }> {
  const sequences: number[] = [];
  const agents = new Set<string>();
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.avro'))) {
    agents.add(name.split('-')[2] ?? '');
    const content = await readFile(join(folder, name));
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield content;
    }
    for await (const item of decode(bytes())) if (item.what === 'event') sequences.push((item.event.event as AgentEvent).sequence ?? 0);
  }
  return { sequences, agents };
}

describe('dlq replay', () => {
  test('brings them into their sink, as events of the run that made them, and removes them', async () => {
    const dataDir = await dataDirWith([encoded(1), encoded(2), encoded(3)]);
    const events = join(await tempDir(), 'events');
    const result = await dlq('replay', dataDir, { set: [`sinks={siem: {type: file, path: ${events}}}`] });
    expect(result).toMatchObject({ code: 0, out: 'siem: 3 delivered\n' });
    expect(await eventsIn(events)).toEqual({ sequences: [1, 2, 3], agents: new Set(['0f1e2d3c']) });
    expect(await filesLeft(dataDir)).toEqual([]);
  });

  test('leaves those that are refused again, damaged or of another format, line by line as they were', async () => {
    const dataDir = await dataDirWith([encoded(1), encoded(2)]);
    await dataDirWith([encoded(3)], { dataDir, format: 'json' });
    await appendFile(letterFile(dataDir), 'rubbish\n');
    const before = (await readFile(letterFile(dataDir), 'utf8')).split('\n');
    // All events are bad to it; so only the ones named are tried.
    const chaos = 'sinks={siem: {type: chaos, permanent: 100}}';
    const { code, out } = await dlq('replay', dataDir, { set: [chaos], json: true });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({ sinks: [{ sink: 'siem', delivered: 0, refused: 2, other_format: 1, left: 0, damaged: 1 }] });
    expect(await dlq('replay', dataDir, { ids: [`${AGENT}:1`] })).toMatchObject({ code: 1, out: 'siem: 1 delivered, 1 damaged\n' });
    expect((await readFile(letterFile(dataDir), 'utf8')).split('\n')).toEqual(before.slice(1));
    expect(await filesLeft(dataDir)).toHaveLength(2);
  });

  test('is refused while an agent runs, and changes nothing', async () => {
    const dataDir = await dataDirWith([encoded(1)]);
    const agent = await prepareDataDir(dataDir, { info: () => undefined });
    const { code, err } = await dlq('replay', dataDir);
    expect([code, err]).toEqual([69, expect.stringContaining('is in use by this same process')]);
    expect(err).toContain('stop the agent');
    expect(await filesLeft(dataDir)).toHaveLength(1);
    await agent.release();
  });

  test('needs a configuration with the sink', async () => {
    const dataDir = await dataDirWith([encoded(1)]);
    const { code, err } = await dlq('replay', dataDir, { set: ['sinks={bus: {type: blackhole}}'] });
    expect([code, err]).toEqual([64, expect.stringContaining('no sink siem')]);
  });

  test.each([
    ['at once', (): boolean => true],
    ['while the sink is down', (io: FakeIo): boolean => io.stderr.text.includes('trying again')],
  ])('stopped %s, it ends and leaves what was not sent', async (_, when) => {
    const dataDir = await dataDirWith([encoded(1), encoded(2)]);
    const io = fakeIo();
    const onSignal: RunHost['onSignal'] = (listener) => {
      const stopping = until(() => when(io)).then(() => listener('SIGINT'));
      return () => void stopping;
    };
    const result = await dlq('replay', dataDir, { set: ['sinks={siem: {type: chaos, hold: 100}}'], host: { ...quietHost, onSignal }, io });
    expect(result).toMatchObject({ code: 1, out: 'siem: 0 delivered, 2 not sent\n' });
    expect(await filesLeft(dataDir)).toHaveLength(1);
  });

  test('does not make a data directory where there is none', async () => {
    const dataDir = join(await tempDir(), 'none');
    expect(await dlq('replay', dataDir)).toMatchObject({ code: 74 });
    await mkdir(dataDir, { mode: 0o700 });
    await writeFile(join(dataDir, 'x'), '');
    expect(await dlq('replay', dataDir)).toMatchObject({ code: 0, out: 'no dead letters\n' });
    expect(await readdir(dataDir)).toEqual(['x']);
  });
});
