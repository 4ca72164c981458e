import { join } from 'node:path';
import type { Encoder, Sink } from '../core/component.ts';
import type { DeadLetters } from '../core/dead-letters.ts';
import type { AnyEvent } from '../core/any-event.ts';
import type { Encoded } from '../core/encoded.ts';
import { PROCESS_KINDS } from '../core/event.ts';
import { add, openLedger } from '../core/ledger.ts';
import type { DropReason, DroppedBatch } from '../core/queue.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { createAvroEncoder } from '../encode/avro/binary.ts';
import { createJsonEncoder } from '../encode/text/json.ts';
import type { Format } from '../encode/record-format.ts';
import { createLineEncoder } from '../encode/text/line.ts';
import { LaneAccount } from '../pipeline/account.ts';
import { DEFAULT_POLICY } from '../pipeline/delivery/policy.ts';
import type { Lane } from '../pipeline/lane.ts';
import { MemoryQueue } from '../queue/memory/memory-queue.ts';
import { enqueue } from '../queue/when-full.ts';
import { createSink, formatOf } from './create-sink.ts';
import type { SinkDeps } from './create-sink.ts';
import { createDeadLetters } from './dead-letters.ts';
import { DropEpisode } from './drop-episode.ts';
import type { Screen } from './screen.ts';
import { sinkIdOf } from './sink-ids.ts';
import type { SinkIds } from './sink-ids.ts';

/** `reproducible`: none is dropped for want of room, either. */
export interface LaneDeps extends Omit<SinkDeps, 'sinkId'> {
  readonly sinkIds: SinkIds;
}

export interface Lanes {
  readonly lanes: readonly Lane[];
  readonly encoders: readonly Encoder<AnyEvent>[];
}

/** Sinks of the configuration with their queues, and one encoder for each distinct format among them. Nothing is opened. */
export function createLanes(config: Config, deps: LaneDeps): Lanes {
  const formats: Format[] = [];
  const lanes = config.sinks.map((sink) => {
    const format = formatOf(sink);
    if (!formats.includes(format)) formats.push(format);
    const sinkId = sinkIdOf(deps.sinkIds, sink.name);
    // Lines are for people: nothing can be proven by them, and every few seconds one more would only be in the way.
    const account = format === 'line' ? undefined : new LaneAccount({ agentId: deps.agentId, sinkId });
    const parts = { driver: createSink(sink, { ...deps, sinkId }), encoder: formats.indexOf(format), account };
    return createLane(sink, { ...parts, deadLetters: createDeadLetters(sink, config.agent.dataDir, { ...deps, sinkId }), ...deps });
  });
  return { lanes, encoders: formats.map((format) => createEncoder(format, deps.screen)) };
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

interface LaneParts extends Pick<LaneDeps, 'log' | 'reproducible'> {
  readonly driver: Sink;
  /** Index of the encoder of the sink's format. */
  readonly encoder: number;
  readonly account: LaneAccount | undefined;
  readonly deadLetters: DeadLetters;
}

function createLane(sink: SinkConfig, { driver, encoder, account, deadLetters, log, reproducible }: LaneParts): Lane {
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
    // Which events wait at the same time is a matter of chance, too.
    policy: { ...DEFAULT_POLICY, batch: reproducible ? null : sink.batch, retry: sink.retry },
    deadLetters,
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
