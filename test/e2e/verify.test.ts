import { cp, readdir, rm, writeFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { startStorm } from '../../bench/storm/storm.ts';
import type { AgentEvent } from '../../src/core/agent-event.ts';
import type { AnyEvent } from '../../src/core/any-event.ts';
import { createAvroEncoder } from '../../src/encode/avro/binary.ts';
import { createOcf } from '../../src/encode/avro/ocf.ts';
import { decode } from '../../src/encode/decode.ts';
import type { Fault } from '../../src/verify/finding.ts';
import { AgentProcess } from '../helpers/agent-process.ts';
import { makeTempDir, tempDir } from '../helpers/temp-dir.ts';
import { verify } from '../helpers/verify.ts';

const eventsOf = (dir: string): string => join(dir, 'data/events');
const SET = ['agent.checkpoint_interval=500ms', 'sinks.disk.rotate.max_size=64KiB'];

/** An agent that hears a storm for some time. */
async function heardStorm(dir: string, set: readonly string[] = []): Promise<AgentProcess> {
  const agent = new AgentProcess({ dir, set: [...SET, ...set] });
  await agent.ready();
  const storm = await startStorm({ mode: 'fork', rate: 2000, seconds: 3 });
  await storm.report;
  return agent;
}

describe('what a run left in files', () => {
  let dir: string;
  let remove: () => Promise<void>;

  beforeAll(async () => {
    ({ path: dir, remove } = await makeTempDir());
  });
  afterAll(() => remove());

  /** The faults below are planted into copies of what this leaves. */
  test('is all that its sink accepted: unaccounted 0', async () => {
    const agent = await heardStorm(dir, ['sinks.disk.filter.kinds=[exec, exit, fork]']);
    expect((await agent.stop()).code).toBe(0);
    const accepted = (await agent.record()).sinks.find(({ sink }) => sink === 'disk')?.accepted ?? 0;
    const { code, report } = await verify(eventsOf(dir));
    expect(report).toMatchObject({ ok: true, unaccounted: 0, unproven_tail: 0, blind: [] });
    expect(report.runs).toMatchObject([{ state: 'stopped', clean: true, expected: accepted, present: accepted, findings: [] }]);
    expect(accepted).toBeGreaterThan(5000);
    expect(code).toBe(0);
  });

  /** Changes the events of one file. */
  type Change = (events: AnyEvent[]) => AnyEvent[];
  const first =
    (kind: string, change: (event: AnyEvent, all: AnyEvent[]) => AnyEvent[]): Change =>
    (events) => {
      const at = events.findIndex(({ event }) => event.kind === kind);
      return events.flatMap((event, i) => (i === at ? change(event, events) : [event]));
    };
  const checkpoint = (change: Partial<NonNullable<AgentEvent['checkpoint']>>): Change =>
    first('CHECKPOINT', (any) => {
      const event = any.event as AgentEvent;
      return [{ stream: 'agent', event: { ...event, checkpoint: event.checkpoint && { ...event.checkpoint, ...change } } }];
    });
  const otherRun = (any: AnyEvent): AnyEvent => ({ ...any, event: { ...any.event, time: any.event.time + 1_000_000 } }) as AnyEvent;

  const faults: [string, Fault, 'process' | 'agent', Change | 'removed'][] = [
    ['a removed record', 'missing', 'process', (events) => events.toSpliced(5, 1)],
    ['a record replaced by a copy of another', 'missing', 'process', (events) => events.toSpliced(5, 1, events[6] as AnyEvent)],
    ['a removed file', 'missing', 'process', 'removed'],
    ['a removed checkpoint', 'checkpoint_missing', 'agent', first('CHECKPOINT', () => [])],
    ['a wrong digest', 'digest', 'agent', checkpoint({ digest: Buffer.alloc(8, 1) })],
    ['a number of accepted events that was changed', 'checkpoint_wrong', 'agent', checkpoint({ accepted: 1 })],
    [
      'a forged sequence',
      'foreign',
      'process',
      (events) => [...events, { ...events[5], event: { ...events[5]?.event, sequence: 1e6 } } as AnyEvent],
    ],
    ['a removed START', 'start_missing', 'agent', first('START', () => [])],
    ['a second run under the same id', 'mixed', 'agent', (events) => [...events, ...events.map(otherRun)]],
    ['a checkpoint whose number is used again', 'checkpoint_conflict', 'agent', first('CHECKPOINT', (any) => [any, otherRun(any)])],
  ];

  test.each(faults)('with %s is found out', async (_name, fault, stream, change) => {
    const folder = await tempDir();
    await cp(eventsOf(dir), folder, { recursive: true });
    const names = (await readdir(folder)).filter((name) => name.startsWith(stream)).toSorted();
    const victim = join(folder, names[names.length >> 1] as string);
    if (change === 'removed') await rm(victim);
    else await rewrite(victim, stream, change);
    const { code, report } = await verify(folder, '--allow-blind');
    expect(report.runs.flatMap(({ findings }) => findings.map((finding) => finding.fault))).toContain(fault);
    expect(code).toBe(1);
    if (fault === 'missing') expect(report.unaccounted).toBeGreaterThan(0);
  });

  async function rewrite(path: string, stream: 'process' | 'agent', change: Change): Promise<void> {
    const events: AnyEvent[] = [];
    const meta: Record<string, string> = {};
    const keep = (found: ReadonlyMap<string, Buffer>): void =>
      void Object.assign(meta, Object.fromEntries([...found].map(([k, v]) => [k, v.toString()])));
    for await (const item of decode(createReadStream(path), keep)) if (item.what === 'event') events.push(item.event);
    const ocf = createOcf(stream, 'zstd');
    const encoder = createAvroEncoder();
    const marker = Buffer.alloc(16, 3);
    const changed = change(events);
    const body = Buffer.concat(changed.map((event) => encoder.encode(event).bytes));
    await writeFile(path, Buffer.concat([ocf.header(meta, marker), await ocf.block(changed.length, body, marker)]));
  }
});

test('of a run that was killed the tail is unproven, and between two runs nobody listened: both are said and need leave', async () => {
  const dir = await tempDir();
  const agent = await heardStorm(dir);
  agent.child.kill('SIGKILL');
  await agent.ended;
  const next = await heardStorm(dir);
  expect((await next.stop()).code).toBe(0);

  const strict = await verify(eventsOf(dir));
  expect(strict.code).toBe(1);
  expect(strict.report).toMatchObject({ ok: false, proven: true, unaccounted: 0 });
  expect(strict.report.runs).toMatchObject([
    { state: 'killed', findings: [] },
    { state: 'stopped', findings: [], unproven_tail: 0 },
  ]);
  expect(strict.report.blind).toMatchObject([{ after: strict.report.runs[0]?.agent_id, before: strict.report.runs[1]?.agent_id }]);
  expect((await verify(eventsOf(dir), '--allow-blind')).code).toBe(0);
});
