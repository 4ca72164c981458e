import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../../src/agent/run-record.ts';
import type { AgentEvent } from '../../../src/core/agent-event.ts';
import type { AnyEvent } from '../../../src/core/any-event.ts';
import type { Heard } from '../../../src/core/kernel-event.ts';
import { uuidBytes, uuidText } from '../../../src/core/uuid.ts';
import { createAvroEncoder } from '../../../src/encode/avro/binary.ts';
import { createEnricher } from '../../../src/enrich/enricher.ts';
import { runIdentity } from '../../../src/enrich/identity.ts';
import { createSequencer } from '../../../src/enrich/sequencer.ts';
import { FrameReader } from '../../../src/ingest/proc-connector/frame-reader.ts';
import { FrameMemory } from '../../../src/ingest/recording/frame-block.ts';
import { SyntheticHost } from '../../../src/ingest/synthetic/host.ts';
import { LeakyStream } from '../../../src/ingest/synthetic/leak.ts';
import { framesOf } from '../../helpers/frame-encoder.ts';
import { agentEvents, digests, eventsOf, processEvents, replay } from '../../helpers/replay.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { END, HEADER, writeRecording } from '../ingest/recording/fixtures.ts';
import type { RecordingParts } from '../ingest/recording/fixtures.ts';

/** Three seconds of a host, with losses. */
function recorded() {
  const host = new SyntheticHost({ seed: 3, stepNs: 1_000_000, maxArgsBytes: 32_768 });
  const stream = new LeakyStream(host, { seed: 3, lostPerMillion: 20_000 });
  const heard: Heard[] = [...host.listing(), ...Array.from({ length: 3000 }, () => stream.next())];
  const header = { ...HEADER, started: { time_us: host.timeUs(host.startNs), monotonic_ns: host.startNs } };
  return { heard, header, frames: framesOf(heard, { wallUs: host.wallUs, slots: 20 }) };
}
const { heard, frames, header } = recorded();
const write = (parts: RecordingParts = {}): Promise<string> => writeRecording(frames, { header, ...parts });
const startOf = (events: readonly AnyEvent[]): AgentEvent => agentEvents(events)[0] as AgentEvent;
const stopOf = (events: readonly AnyEvent[]): AgentEvent => agentEvents(events).at(-2) as AgentEvent;
const checkpointOf = (events: readonly AnyEvent[]): AgentEvent => agentEvents(events).at(-1) as AgentEvent;

describe('a replay through the agent', () => {
  it('writes the same bytes each time, at any speed, with whatever room', async () => {
    const path = await write();
    const first = await replay(path);
    expect([first.code, first.files.length]).toEqual([0, 2]);
    const same = await digests(first);
    expect(await digests(await replay(path))).toEqual(same);
    expect(await digests(await replay(path, { speed: 20 }))).toEqual(same);
    const narrow = ['sinks.disk.queue={max_size: 80KiB, max_events: 1, when_full: drop_newest}', 'sinks.disk.linger=1m'];
    expect(await digests(await replay(path, { set: narrow }))).toEqual(same);
  });

  it('writes the same bytes beside another sink, in many files', async () => {
    const path = await write();
    const small = ['sinks.disk.rotate={max_size: 64KiB, max_age: 1s}'];
    const alone = await replay(path, { set: small });
    expect(alone.files.length).toBeGreaterThan(4);
    const beside = await replay(path, { set: [...small, 'sinks.eyes={type: stdout, format: json}'] });
    // START names the sinks.
    const processFiles = ({ files }: { files: readonly string[] }) => files.filter((name) => name.startsWith('process'));
    for (const name of processFiles(alone)) expect(await beside.read(name)).toEqual(await alone.read(name));
    expect(processFiles(beside)).toEqual(processFiles(alone));
    expect(beside.out.split('\n').length - 1).toBe((await eventsOf(beside)).length);
  });

  it('publishes what the live agent would have: the same frames through the same enrichment', async () => {
    const events = await eventsOf(await replay(await write(), { set: ['agent.labels={env: lab}'] }));
    const expected = enriched();
    const encoder = createAvroEncoder();
    const bytes = (all: readonly AnyEvent[]) => all.map((any) => Buffer.from(encoder.encode(any).bytes).toString('hex'));
    expect(events.slice(1, -2).map(({ event }) => event.kind)).toEqual(expected.map(({ event }) => event.kind));
    expect(bytes(events.slice(1, -2))).toEqual(bytes(expected));
  });

  it('speaks as the host that was recorded, in its time and with its names', async () => {
    const events = await eventsOf(await replay(await write(), { set: ['agent.labels={env: lab}'] }));
    for (const { event } of events) {
      expect([uuidText(event.agent_id), uuidText(event.host.host_id), event.host.hostname]).toEqual([
        header.agent_id,
        header.host.host_id,
        header.host.hostname,
      ]);
    }
    const exec = processEvents(events).find(({ kind, process }) => kind === 'EXEC' && process.uid === 1000);
    expect([exec?.process.user, exec?.host.labels]).toEqual(['svc1000', { env: 'lab' }]);
    expect(events.map(({ event }) => event.sequence)).toEqual([...events.slice(1).map((_, i) => i + 1), null]);
  });

  it('begins and ends with what the recording says, whoever replays it and whatever ran here before', async () => {
    const data = await tempDir();
    mkdirSync(join(data, 'data/state'), { recursive: true, mode: 0o700 });
    const before = {
      version: 1,
      agent_id: header.agent_id,
      clean: true,
      time: 1,
      last_sequence: 5,
      boot_id: header.agent_id,
      kernel_seqs: {},
      sinks: [],
    };
    writeFileSync(join(data, 'data/state/last-run.json'), JSON.stringify(before));
    const events = await eventsOf(await replay(await write({ redact: true }), { data }));
    expect(startOf(events)).toMatchObject({
      kind: 'START',
      time: header.started.time_us,
      monotonic_us: Math.floor(header.started.monotonic_ns / 1000),
      start: {
        version: HEADER.forkcast,
        config_hash: HEADER.config_hash,
        sources: ['replay', 'proc_connector'],
        capabilities: HEADER.capabilities,
        degraded: [
          HEADER.degraded[0],
          { feature: 'args', reason: 'arguments were replaced by marks when this was recorded' },
          { feature: 'exe', reason: expect.stringContaining('CAP_SYS_PTRACE') as string },
        ],
        loss_windows: HEADER.loss_windows,
        previous: null,
      },
    });
    const last = heard.at(-1) as Heard & { timeUs: number };
    const lost = heard.reduce((sum, item) => sum + (item.kind === 'LOSS' ? item.count : 0), 0);
    expect(stopOf(events)).toMatchObject({
      kind: 'STOP',
      time: last.timeUs,
      stop: { clean: true, reason: 'end of the recording', upstream: { heard: heard.filter((item) => 'kernelSeq' in item).length, lost } },
    });
    const count = events.length - 1;
    expect(checkpointOf(events)).toMatchObject({
      kind: 'CHECKPOINT',
      time: last.timeUs,
      checkpoint: { checkpoint_no: 1, from_sequence: 1, to_sequence: count, accepted: count, filtered: 0, upstream: { sequenced: count } },
    });
  });

  it('leaves no counts of the kernel for the next run on this machine', async () => {
    const { data } = await replay(await write());
    const { clean, agent_id, kernel_seqs } = JSON.parse(await readFile(join(data, 'state/last-run.json'), 'utf8')) as RunRecord;
    expect({ clean, agent_id, kernel_seqs }).toEqual({ clean: true, agent_id: header.agent_id, kernel_seqs: {} });
  });
});

describe('a recording that is not complete', () => {
  it('is replayed as far as it goes, with a warning', async () => {
    const path = join(await tempDir(), 'cut.fcrec');
    await writeFile(path, (await readFile(await write())).subarray(0, -200));
    const cut = await replay(path);
    expect([cut.code, cut.err]).toEqual([0, expect.stringMatching(/the recording is not complete, it was cut at byte \d+/) as string]);
    expect(stopOf(await eventsOf(cut)).stop).toMatchObject({ clean: true, reason: 'end of the recording, which is not complete' });
  });

  it('says why, where its recorder could', async () => {
    const { err } = await replay(await write({ end: { ...END, complete: false, reason: 'disk full' } }));
    expect(err).toContain('its recorder had to stop: disk full');
  });

  it('ends the run with 74 where it is damaged; what comes before is delivered, and STOP says so', async () => {
    const path = await write();
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await writeFile(path, bytes);
    const damaged = await replay(path);
    expect([damaged.code, damaged.err]).toEqual([74, expect.stringMatching(/error: .*test\.fcrec is damaged at byte \d+/) as string]);
    const events = await eventsOf(damaged);
    expect(events.length).toBeGreaterThan(300);
    expect(stopOf(events).stop).toMatchObject({ clean: false, reason: expect.stringContaining('is damaged at byte') as string });
  });

  it.each([
    ['that is not there', '/nonexistent/x.fcrec', 'there is no such file'],
    ['that is none', import.meta.filename, 'is not a recording'],
  ])('is refused with 74 before anything starts: one %s', async (_what, path, message) => {
    const { code, err, files } = await replay(path);
    expect([code, files]).toEqual([74, []]);
    expect(err).toContain(message);
  });
});

/** What enrichment makes of the frames, numbered as if START had come before. */
function enriched(): AnyEvent[] {
  const identity = runIdentity({
    agentId: uuidBytes(header.agent_id),
    hostId: uuidBytes(header.host.host_id),
    bootId: uuidBytes(header.host.boot_id),
    hostname: header.host.hostname,
    labels: { env: 'lab' },
  });
  const memory = new FrameMemory();
  const reader = new FrameReader(memory);
  const enricher = createEnricher(
    {
      maxProcesses: 32_768,
      exitTtlMs: 10_000,
      maxArgsBytes: 32_768,
      ancestors: 8,
      threads: false,
      kinds: new Set(['FORK', 'EXEC', 'EXIT', 'UID', 'GID', 'SID', 'PTRACE', 'COMM', 'COREDUMP']),
    },
    {
      identity,
      clock: { nowUs: () => 0, monotonicNs: () => 0 },
      users: { nameOf: (uid) => header.users[uid] ?? null, refresh: () => undefined },
      bootOffsetNs: (ns) => reader.clock.at(ns).bootNs,
    },
  );
  const sequencer = createSequencer(identity.agentId);
  sequencer.stamp({ stream: 'agent', event: { kind: 'START' } as AgentEvent });
  const events: AnyEvent[] = [];
  for (const frame of frames) {
    const items: Heard[] = [];
    memory.load(frame);
    reader.read(0, items);
    for (const item of items) enricher.enrich(item, (event) => events.push(sequencer.stamp(event)));
  }
  return events;
}
