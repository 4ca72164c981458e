import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Encoder, Sink } from '../core/component.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Encoded } from '../core/encoded.ts';
import { PROCESS_KINDS } from '../core/event.ts';
import type { Uuid } from '../core/event.ts';
import { add, openLedger } from '../core/ledger.ts';
import type { DropReason, DroppedBatch } from '../core/queue.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { createAvroEncoder } from '../encode/avro/binary.ts';
import { createOcf } from '../encode/avro/ocf.ts';
import { createJsonEncoder } from '../encode/text/json.ts';
import { createLineEncoder } from '../encode/text/line.ts';
import { uuidText } from '../core/uuid.ts';
import { LaneAccount } from '../pipeline/account.ts';
import type { Lane } from '../pipeline/lane.ts';
import { MemoryQueue } from '../queue/memory/memory-queue.ts';
import { enqueue } from '../queue/when-full.ts';
import { BlackholeSink } from '../sink/blackhole/blackhole-sink.ts';
import { createFileSink } from '../sink/file/file-sink.ts';
import { createStdoutSink } from '../sink/stdout/stdout-sink.ts';
import type { Logger } from '../telemetry/log.ts';
import { takeLock } from './data-dir.ts';
import { DropEpisode } from './drop-episode.ts';
import type { Screen } from './screen.ts';
import { sinkIdOf } from './sink-ids.ts';
import type { SinkIds } from './sink-ids.ts';

export interface LaneDeps {
  readonly agentId: Uuid;
  readonly sinkIds: SinkIds;
  /** The same events make the same files, and none is dropped for want of room. */
  readonly reproducible: boolean;
  readonly log: Logger;
  /** Where the stdout sinks write, and what their status line says. */
  readonly screen: Screen;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly encoders: readonly Encoder<AnyEvent>[];
}

type Format = 'avro' | 'json' | 'line';

/** Sinks of the configuration with their queues, and one encoder for each distinct format among them. Nothing is opened. */
export function createLanes(config: Config, deps: LaneDeps): Lanes {
  const formats: Format[] = [];
  const lanes = config.sinks.map((sink) => {
    const format = formatOf(sink);
    if (!formats.includes(format)) formats.push(format);
    const sinkId = sinkIdOf(deps.sinkIds, sink.name);
    // Lines are for people: nothing can be proven by them, and every few seconds one more would only be in the way.
    const account = format === 'line' ? undefined : new LaneAccount({ agentId: deps.agentId, sinkId });
    return createLane(sink, { driver: createSink(sink, deps), encoder: formats.indexOf(format), account, ...deps });
  });
  return { lanes, encoders: formats.map((format) => createEncoder(format, deps.screen)) };
}

/** A blackhole gets what a file would, so that a measurement leaves out the writing and nothing else. */
function formatOf(sink: SinkConfig): Format {
  return sink.type === 'stdout' ? sink.settings.format : 'avro';
}

function createEncoder(format: Format, screen: Screen): Encoder<AnyEvent> {
  if (format === 'avro') return createAvroEncoder();
  return format === 'json' ? createJsonEncoder() : createLineEncoder({ colour: screen.colour, narrow: () => isNarrow(screen.output) });
}

/** Where the columns of fixed width would leave no room for the command. */
const NARROW_COLUMNS = 60;

function isNarrow({ isTTY, columns = 0 }: Screen['output']): boolean {
  return isTTY === true && columns > 0 && columns < NARROW_COLUMNS;
}

function createSink(sink: SinkConfig, { agentId, sinkIds, reproducible, log, screen }: LaneDeps): Sink {
  if (sink.type === 'stdout') {
    const view = createStdoutSink(sink.settings, {
      id: sink.name,
      output: screen.output,
      colour: screen.colour,
      dumb: screen.dumb === true,
      status: () => screen.status(),
    });
    if (view.announce !== undefined) screen.announce = (line) => view.announce?.(line) === true;
    return view;
  }
  if (sink.type === 'blackhole') return new BlackholeSink(sink.name);
  const { codec } = sink.settings;
  return createFileSink(sink.settings, {
    id: sink.name,
    containers: { process: createOcf('process', codec), agent: createOcf('agent', codec) },
    meta: { agent_id: uuidText(agentId), sink_id: uuidText(sinkIdOf(sinkIds, sink.name)) },
    clock: systemClock,
    log: log.child({ sink: sink.name }),
    lock: takeLock,
    reproducible,
  });
}

interface LaneParts extends Pick<LaneDeps, 'log' | 'reproducible'> {
  readonly driver: Sink;
  /** Index of the encoder of the sink's format. */
  readonly encoder: number;
  readonly account: LaneAccount | undefined;
}

function createLane(sink: SinkConfig, { driver, encoder, account, log, reproducible }: LaneParts): Lane {
  const ledger = openLedger(sink.name);
  const { maxEvents, maxBytes } = sink.queue;
  const queue = new MemoryQueue<Encoded>({ maxEvents, maxBytes });
  const drops = new DropEpisode(sink.name, log);
  const unwanted = new Set<string>(PROCESS_KINDS.filter((kind) => !(sink.kinds as readonly string[]).includes(kind)));
  const intake = {
    queue,
    // Which events find the queue full is a matter of chance.
    whenFull: reproducible ? 'block' : sink.queue.whenFull,
    onDrop: (dropped: DroppedBatch, reason: DropReason) => {
      noteDrop({ ledger, ...(account === undefined ? {} : { account }) }, dropped, reason);
      if (dropped.count > 0) drops.dropped(dropped.count, reason);
    },
  };
  return {
    sink: driver,
    queue,
    ledger,
    ...(account === undefined ? {} : { account }),
    encoder,
    wants: (kind) => !unwanted.has(kind),
    enqueue: async (batch, signal) => {
      const { events, bytes } = queue.depth;
      const taken = await enqueue(intake, batch, signal);
      drops.settled(2 * events <= maxEvents && 2 * bytes <= maxBytes);
      return taken;
    },
  };
}

function noteDrop({ ledger, account }: Pick<Lane, 'ledger' | 'account'>, dropped: DroppedBatch, reason: DropReason): void {
  const { fromSequence: from, toSequence: to, count } = dropped;
  if (reason === 'queue_full') {
    if (count > 0) add(ledger.dropped, reason, count);
    account?.dropped({ from, to, count, reason });
    return;
  }
  if (count > 0) add(ledger.lost, reason, count);
  ledger.waiting -= count;
  account?.evicted(dropped);
}

export const lastRunPath = (dataDir: string): string => join(dataDir, 'state', 'last-run.json');
