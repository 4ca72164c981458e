import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { LaneFactory } from '../../../src/agent/lanes.ts';
import type { LaneDeps } from '../../../src/agent/lanes.ts';
import { derivedSinkIds, sinkIdOf } from '../../../src/agent/sink-ids.ts';
import type { Config } from '../../../src/config/config.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Encoder } from '../../../src/core/component.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import { AgentError } from '../../../src/core/errors.ts';
import type { Encoded } from '../../../src/core/encoded.ts';
import { total } from '../../../src/core/ledger.ts';
import { uuidText } from '../../../src/core/uuid.ts';
import type { Screen } from '../../../src/agent/screen.ts';
import type { Lane } from '../../../src/pipeline/lane.ts';
import { batch, batchOf, record } from '../../contract/records.ts';
import { asProcess, execEvent } from '../encode/samples.ts';
import { stateOf } from '../../contract/waiting.ts';
import { configFile } from '../config/refusal.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { recordedLog } from './log-lines.ts';

const HOST = { hostId: Buffer.alloc(16), hostname: 'here' };

const never = new AbortController().signal;
const sinkIds = derivedSinkIds(Buffer.alloc(16), ['eyes', 'disk', 'void']);

function createLanes(config: Config, deps: LaneDeps): { lanes: readonly Lane[]; encoders: readonly Encoder<AnyEvent>[] } {
  const factory = new LaneFactory(config.agent.dataDir, deps);
  return { lanes: config.sinks.map((sink) => factory.create(sink)), encoders: factory.encoders };
}

function newLane(whenFull: string, reproducible = false) {
  const text = `sinks: {eyes: {type: stdout, format: json, queue: {max_events: 4, when_full: ${whenFull}}}}`;
  const { config } = loadConfig({ file: configFile(text) });
  const { log, entries } = recordedLog();
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const [lane] = createLanes(config, { agentId: Buffer.alloc(16), host: HOST, sinkIds, reproducible, log, screen }).lanes;
  if (lane === undefined) throw new Error('no lane for the sink');
  return { lane, entries };
}

/** As the intake does: what was taken is in the books as waiting. */
async function put(lane: Lane, items: ReturnType<typeof batch>): Promise<void> {
  if (!(await lane.enqueue(items, never))) return;
  const count = items.items.filter(({ sequence }) => sequence > 0).length;
  lane.ledger.accepted += count;
  lane.ledger.waiting += count;
  lane.account?.accepted(items.items);
}

it('logs an episode of drops once, from the full queue to the empty one', async () => {
  const { lane, entries } = newLane('drop_newest');
  await put(lane, batch(1, 4));
  await put(lane, batch(5, 6));
  await put(lane, batch(7, 7));
  expect(entries).toMatchObject([{ level: 'error', sink: 'eyes', reason: 'queue_full' }]);
  (await lane.queue.pull(never))?.done('delivered');
  await put(lane, batch(8, 8));
  expect(entries.slice(1)).toMatchObject([{ level: 'info', sink: 'eyes', events: 3 }]);
  expect(lane.ledger.dropped).toEqual({ queue_full: 3 });
});

it('drops nothing where the same events are to make the same files, whatever the configuration says', async () => {
  const { lane, entries } = newLane('drop_newest', true);
  await put(lane, batch(1, 4));
  const waiting = put(lane, batch(5, 6));
  expect(await stateOf(waiting)).toBe('pending');
  (await lane.queue.pull(never))?.done('delivered');
  await waiting;
  expect([lane.ledger.dropped, entries]).toEqual([{}, []]);
});

it('draws nothing on a terminal without control sequences, and keeps its lines short where it is narrow', async () => {
  const { config } = loadConfig({ file: configFile('sinks: {eyes: {type: stdout}}') });
  const output = Object.assign(new PassThrough(), { isTTY: true, columns: 40 });
  const screen: Screen = { output, colour: false, dumb: true, status: () => 'status' };
  const { lanes, encoders } = createLanes(config, {
    agentId: Buffer.alloc(16),
    host: HOST,
    sinkIds,
    reproducible: false,
    log: recordedLog().log,
    screen,
  });
  const encoded = encoders[0]?.encode(asProcess(execEvent));
  await lanes[0]?.sink.open(never);
  if (encoded !== undefined) await lanes[0]?.sink.write(batchOf(encoded), never);
  await lanes[0]?.sink.close();
  expect(String(output.read())).toMatch(/^\d\d:\d\d:\d\d EXEC {2}24020 ls [ -~]*\n$/);
  expect(screen.announce).toBeUndefined();
});

it('makes the records that a sink wants, and ends those of the standard output as lines', async () => {
  const { config } = loadConfig({
    file: configFile('sinks: {eyes: {type: stdout, format: ocsf, ocsf_version: "1.4.0"}, disk: {type: stdout, format: ecs}}'),
  });
  const output = new PassThrough();
  const screen: Screen = { output, colour: false, status: () => '' };
  const deps = {
    agentId: Buffer.alloc(16),
    host: HOST,
    sinkIds,
    reproducible: false,
    log: recordedLog().log,
    screen,
    agentVersion: '7.8.9',
  };
  const { lanes, encoders } = createLanes(config, deps);
  const encoded = encoders.map((encoder) => encoder.encode(asProcess(execEvent)));
  for (const [index, lane] of lanes.entries()) {
    await lane.sink.open(never);
    await lane.sink.write(batchOf(encoded[index] as Encoded), never);
    await lane.sink.close();
  }
  const [ecs = '', ocsf = '', ...others] = String(output.read()).split('\n');
  expect(JSON.parse(ocsf)).toMatchObject({ metadata: { version: '1.4.0', product: { version: '7.8.9' } } });
  expect(JSON.parse(ecs)).toMatchObject({ ecs: { version: '9.4.0' }, agent: { version: '7.8.9' } });
  expect(others).toEqual(['']);
});

it('gives a blackhole what a file would get: one encoder for both', async () => {
  const { config } = loadConfig({ file: configFile('sinks: {disk: {type: file}, void: {type: blackhole}}') });
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const { lanes, encoders } = createLanes(config, {
    agentId: Buffer.alloc(16),
    host: HOST,
    sinkIds,
    reproducible: false,
    log: recordedLog().log,
    screen,
  });
  expect([encoders.length, lanes.map(({ encoder }) => encoder)]).toEqual([1, [0, 0]]);
  await lanes[1]?.sink.open(never);
  await lanes[1]?.sink.write(batch(1, 3), never);
  await lanes[1]?.sink.close();
});

it('keeps as waiting what the queue holds of events, and tells the account what was evicted of them', async () => {
  const { lane, entries } = newLane('drop_oldest');
  const checkpoint = { ...record(0, 16, 'agent'), kind: 'CHECKPOINT' };
  lane.queue.append(batchOf(checkpoint));
  await put(lane, batchOf(record(1), record(2)));
  await put(lane, batch(3, 5));
  expect([lane.ledger.waiting, lane.queue.depth.events]).toEqual([3, 3]);
  expect(lane.ledger.accepted).toBe(total(lane.ledger.lost) + lane.ledger.waiting);
  expect(entries).toMatchObject([{ level: 'error', sink: 'eyes', reason: 'evicted' }]);
  expect(lane.account?.statement).toMatchObject({
    accepted: 5,
    amendments: [{ from: 1, to: 2, count: 2, checkpoint_no: 1, fate: 'dropped' }],
  });
  const next = record(0, 20, 'agent');
  expect(lane.account?.stated(next)).toEqual([checkpoint, next]);
});

it('puts no evicted checkpoint of another format into the queue again: there it would be taken for one of this format', async () => {
  const { lane } = newLane('drop_oldest');
  const stated = (format: string) => ({ ...record(0, 16, 'agent'), kind: 'CHECKPOINT', origin: { agentId: Buffer.alloc(16, 9), format } });
  const alike = stated('json');
  lane.queue.append(batchOf(stated('avro process=1 agent=1'), alike));
  await put(lane, batch(1, 3));
  const next = record(0, 20, 'agent');
  expect(lane.account?.stated(next)).toEqual([alike, next]);
});

it('has accounts for what programs read, none for lines', () => {
  const { config } = loadConfig({ file: configFile('sinks: {disk: {type: file}, eyes: {type: stdout, format: line}}') });
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const { lanes } = createLanes(config, {
    agentId: Buffer.alloc(16),
    host: HOST,
    sinkIds,
    reproducible: false,
    log: recordedLog().log,
    screen,
  });
  expect(lanes.map(({ ledger, account }) => [ledger.sink, account !== undefined])).toEqual([
    ['disk', true],
    ['eyes', false],
  ]);
});

it('writes to a sink as its configuration says, and gathers nothing where the same events are to make the same files', async () => {
  const dataDir = await tempDir();
  const written =
    'batch: {max_events: 7, max_bytes: 1MiB, linger: 0s}, retry: {initial: 1s, max: 2s, hold: 3s}, dead_letter: {max_size: 1MiB}';
  const { config } = loadConfig({ file: configFile(`agent: {data_dir: ${dataDir}}\nsinks: {void: {type: blackhole, ${written}}}`) });
  const laneOf = (reproducible: boolean): Lane | undefined => {
    const screen = { output: new PassThrough(), colour: false, status: () => '' };
    return createLanes(config, { agentId: Buffer.alloc(16), host: HOST, sinkIds, reproducible, log: recordedLog().log, screen }).lanes[0];
  };
  const policy = { batch: { maxEvents: 7, maxBytes: 1_048_576, lingerMs: 0 }, retry: { initialMs: 1000, maxMs: 2000 }, holdMs: 3000 };
  expect(laneOf(false)?.policy).toEqual(policy);
  expect(laneOf(true)?.policy).toEqual({ ...policy, batch: null });
});

it('puts aside what a sink will never take below the data directory, with what is needed to send it again', async () => {
  const dataDir = await tempDir();
  const { config } = loadConfig({ file: configFile(`agent: {data_dir: ${dataDir}}\nsinks: {void: {type: blackhole}}`) });
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const [lane] = createLanes(config, {
    agentId: Buffer.alloc(16, 1),
    host: HOST,
    sinkIds,
    reproducible: false,
    log: recordedLog().log,
    screen,
  }).lanes;
  await lane?.deadLetters?.add(batch(1, 2).items, new AgentError('RECORD_REJECTED', 'too large'));
  await lane?.deadLetters?.close();
  const lines = (await readFile(join(dataDir, 'state/dead-letter/void/dead-0000000001.ndjson'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    {
      sink: 'void',
      sink_id: uuidText(sinkIdOf(sinkIds, 'void')),
      agent_id: '01010101-0101-0101-0101-010101010101',
      sequence: 1,
      format: expect.stringMatching(/^avro process=[0-9a-f]{16} agent=[0-9a-f]{16}$/) as string,
    },
    { sequence: 2 },
  ]);
});

it('knows how much a queue on disk wrote', async () => {
  const text = `agent: {data_dir: ${await tempDir()}}\nsinks: {a: {type: blackhole, queue: {type: disk}}, b: {type: blackhole}}`;
  const { config } = loadConfig({ file: configFile(text) });
  await mkdir(join(config.agent.dataDir, 'state'));
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const ids = derivedSinkIds(Buffer.alloc(16), ['a', 'b']);
  const { lanes } = createLanes(config, {
    agentId: Buffer.alloc(16),
    host: HOST,
    sinkIds: ids,
    reproducible: false,
    log: recordedLog().log,
    screen,
  });
  for (const lane of lanes) {
    await lane.openQueue?.(never);
    await put(lane, batch(1, 100, 200));
  }
  const [disk, memory] = lanes.map(({ ledger }) => ledger.storedBytes);
  const { bytes = 0 } = lanes[0]?.queue.depth ?? {};
  // Less the header of the segment.
  expect(disk).toBeGreaterThan(bytes - 256);
  expect(disk).toBeLessThanOrEqual(bytes);
  expect(memory).toBe(0);
  for (const { queue } of lanes) await queue.close();
});
