import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { prepareDataDir } from '../../../../src/agent/data-dir.ts';
import { LaneFactory } from '../../../../src/agent/lanes.ts';
import { checkpointEvent, startEvent, stopEvent } from '../../../../src/agent/lifecycle-events.ts';
import { keptSinkIds, sinkIdOf } from '../../../../src/agent/sink-ids.ts';
import { dlqCommand } from '../../../../src/cli/dlq.ts';
import { verifyCommand } from '../../../../src/cli/verify.ts';
import { loadConfig } from '../../../../src/config/load.ts';
import type { AnyEvent } from '../../../../src/core/any-event.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import type { Sink } from '../../../../src/core/component.ts';
import type { Encoded } from '../../../../src/core/encoded.ts';
import { AgentError } from '../../../../src/core/errors.ts';
import { uuidBytes } from '../../../../src/core/uuid.ts';
import { runIdentity } from '../../../../src/enrich/identity.ts';
import { createSequencer } from '../../../../src/enrich/sequencer.ts';
import { Pipeline } from '../../../../src/pipeline/pipeline.ts';
import type { Report } from '../../../../src/verify/report.ts';
import { tempDir } from '../../../helpers/temp-dir.ts';
import { waitFor } from '../../../helpers/wait-for.ts';
import { recordedLog } from '../../agent/log-lines.ts';
import { NO_UPSTREAM } from '../../../helpers/no-upstream.ts';
import { forkEvent } from '../../encode/samples.ts';
import { ScriptedSource, heard, never } from '../../pipeline/fixtures.ts';
import { fakeIo } from '../fake-io.ts';

const AGENT = '0f1e2d3c-0000-4000-8000-000000000001';

type IsBad = (record: Encoded) => boolean;

/** Takes all but the bad ones, and says which those are. */
function rejecting(sink: Sink, isBad: IsBad): Sink {
  return {
    id: sink.id,
    maxInFlight: sink.maxInFlight,
    open: (boot) => sink.open(boot),
    close: () => sink.close(),
    drain: () => sink.drain?.(),
    write: async (batch, signal) => {
      const rejected = batch.items.flatMap((record, index) => (isBad(record) ? [index] : []));
      if (rejected.length > 0) throw new AgentError('RECORD_REJECTED', 'never', { context: { rejected } });
      await sink.write(batch, signal);
    },
  };
}

interface Ran {
  readonly dataDir: string;
  readonly files: string;
  readonly set: readonly string[];
}

/** A run of 60 events with a checkpoint after each 20, whose file sink refused the bad ones. */
async function ranWith(isBad: IsBad): Promise<Ran> {
  const [dataDir, files] = [await tempDir(), join(await tempDir(), 'files')];
  const set = [`agent.data_dir=${dataDir}`, `sinks={siem: {type: file, path: ${files}}}`];
  const { config } = loadConfig({ file: undefined, overrides: set });
  const { log } = recordedLog();
  const folder = await prepareDataDir(dataDir, log);
  const sinkIds = keptSinkIds(dataDir, ['siem'], () => undefined);
  const agentId = uuidBytes(AGENT);
  const identity = runIdentity({ agentId, hostId: Buffer.alloc(16, 1), bootId: Buffer.alloc(16, 2), hostname: 'a', labels: {} });
  const speaker = { identity, clock: systemClock };
  const screen = { output: new PassThrough(), colour: false, status: () => '' };
  const factory = new LaneFactory(dataDir, { agentId, host: identity, sinkIds, reproducible: false, log, screen });
  const made = config.sinks.map((sink) => factory.create(sink)).map((lane) => ({ ...lane, sink: rejecting(lane.sink, isBad) }));
  const sequencer = createSequencer(agentId);
  const source = new ScriptedSource([], []);
  let stated = 0;
  const pipeline = new Pipeline({
    source,
    lanes: made,
    encoders: factory.encoders,
    enrich: (_, emit) => emit({ stream: 'process', event: { ...forkEvent, agent_id: agentId, host: identity.host } }),
    sequence: (event: AnyEvent) => void sequencer.stamp(event),
    onUnencodable: (error) => expect.fail(error.message),
    checkpoints: {
      intervalMs: 20,
      event: (statement, final) => {
        stated += 1;
        return sequencer.stamp(checkpointEvent(speaker, { ...statement, upstream: NO_UPSTREAM, final }));
      },
    },
    delivery: { down: () => undefined, up: () => undefined, lost: () => undefined },
    first: () =>
      startEvent(speaker, {
        version: '1',
        config_hash: 'x',
        sources: [],
        capabilities: [],
        degraded: [],
        sinks: [{ name: 'siem', type: 'file', sink_id: sinkIdOf(sinkIds, 'siem') }],
        loss_windows: [],
        previous: null,
      }),
    last: () => stopEvent(speaker, { reason: 'end', clean: true, upstream: NO_UPSTREAM }),
    shutdownTimeoutMs: 60_000,
  });
  await pipeline.start(never);
  const running = pipeline.run();
  for (let round = 0; round < 3; round += 1) {
    source.hear(...Array.from({ length: 20 }, (_, i) => heard(i + 1)));
    const before = stated;
    await waitFor(() => stated > before + 1, { what: 'a checkpoint', timeoutMs: 5000 });
  }
  pipeline.stop();
  await running;
  await folder.release();
  return { dataDir, files, set };
}

async function verify({ files }: Ran): Promise<{ code: number; run: Report['runs'][number] }> {
  const io = fakeIo();
  const code = await verifyCommand([files], { json: true }, io);
  const [run] = (JSON.parse(io.stdout.text) as Report).runs;
  if (run === undefined) throw new Error(`no run: ${io.stderr.text}`);
  return { code, run };
}

async function replay({ set }: Ran): Promise<string> {
  const io = fakeIo();
  await dlqCommand({ action: 'replay', set }, io, { onSignal: () => () => undefined, onExit: () => () => undefined });
  return io.stdout.text;
}

describe('what a sink refused, to whoever checks its files', () => {
  test('events are declared; replayed, they are simply there', async () => {
    const ran = await ranWith(({ sequence }) => sequence % 7 === 3);
    expect(await verify(ran)).toMatchObject({ code: 0, run: { declared: { dead_lettered: 9 }, unaccounted: 0, findings: [] } });
    expect(await replay(ran)).toBe('siem: 9 delivered\n');
    const { code, run } = await verify(ran);
    expect({ code, run }).toMatchObject({ code: 0, run: { unaccounted: 0, duplicates: 0, findings: [] } });
    expect([run.present, run.declared]).toEqual([run.expected, {}]);
  });

  test('a checkpoint is missed, nothing is claimed to be lost; replayed, it proves what it is about', async () => {
    let checkpoints = 0;
    const bad = new WeakSet<Encoded>();
    const ran = await ranWith((record) => {
      if (record.sequence === 0 && (checkpoints += 1) === 2) bad.add(record);
      return bad.has(record);
    });
    const { code, run } = await verify(ran);
    expect([code, run.findings.map(({ fault }) => fault)]).toEqual([1, expect.arrayContaining(['checkpoint_missing'])]);
    expect(run.unaccounted).toBe(0);
    expect(await replay(ran)).toBe('siem: 1 delivered\n');
    expect(await verify(ran)).toMatchObject({ code: 0, run: { state: 'stopped', unaccounted: 0, duplicates: 0, findings: [] } });
  });

  test('they go to the sink that refused them, also where its id is another by now', async () => {
    const ran = await ranWith(({ sequence }) => sequence % 7 === 3);
    const before = (await verify(ran)).run.sink_id;
    await rm(join(ran.dataDir, 'state/sinks.json'));
    await replay(ran);
    expect(await verify(ran)).toMatchObject({ code: 0, run: { sink_id: before, unaccounted: 0, declared: {} } });
  });

  test('everything may be refused, and is there after the replay', async () => {
    const ran = await ranWith(() => true);
    await replay(ran);
    const { code, run } = await verify(ran);
    expect({ code, run }).toMatchObject({ code: 0, run: { state: 'stopped', clean: true, unaccounted: 0, findings: [], declared: {} } });
    expect(run.present).toBe(62);
  });
});
