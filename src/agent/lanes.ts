import { join } from 'node:path';
import type { Encoder, Sink } from '../core/component.ts';
import type { DeadLetters } from '../core/dead-letters.ts';
import type { AnyEvent } from '../core/any-event.ts';
import { PROCESS_KINDS } from '../core/event.ts';
import type { Uuid } from '../core/event.ts';
import { add, openLedger } from '../core/ledger.ts';
import type { DropReason, DroppedBatch } from '../core/queue.ts';
import type { Config, SinkConfig } from '../config/config.ts';
import { createAvroEncoder } from '../encode/avro/binary.ts';
import { createJsonEncoder } from '../encode/text/json.ts';
import { recordFormat } from '../encode/record-format.ts';
import type { Format } from '../encode/record-format.ts';
import { createLineEncoder } from '../encode/text/line.ts';
import { LaneAccount } from '../pipeline/account.ts';
import { DEFAULT_POLICY } from '../pipeline/delivery/policy.ts';
import type { Lane } from '../pipeline/lane.ts';
import { enqueue } from '../queue/when-full.ts';
import { createSink, formatOf } from './create-sink.ts';
import type { SinkDeps } from './create-sink.ts';
import { createDeadLetters } from './dead-letters.ts';
import { DropEpisode } from './drop-episode.ts';
import { createLaneQueue } from './lane-queue.ts';
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
    const { dataDir } = config.agent;
    const parts = { driver: createSink(sink, { ...deps, sinkId }), encoder: formats.indexOf(format), account, sinkId, dataDir };
    return createLane(sink, { ...parts, deadLetters: createDeadLetters(sink, dataDir, { ...deps, sinkId }), ...deps });
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

interface LaneParts extends Pick<LaneDeps, 'agentId' | 'log' | 'reproducible'> {
  readonly driver: Sink;
  readonly sinkId: Uuid;
  readonly dataDir: string;
  /** Index of the encoder of the sink's format. */
  readonly encoder: number;
  readonly account: LaneAccount | undefined;
  readonly deadLetters: DeadLetters;
}

function createLane(sink: SinkConfig, parts: LaneParts): Lane {
  const { driver, encoder, account, deadLetters, log, reproducible } = parts;
  const ledger = openLedger(sink.name);
  const books = { ledger, ...(account === undefined ? {} : { account }), agentId: parts.agentId };
  const { maxEvents, maxBytes } = sink.queue;
  const format = recordFormat(formatOf(sink));
  const laneQueue = createLaneQueue(sink.queue, {
    ...parts,
    sink: sink.name,
    format,
    onLost: (dropped, reason) => noteGone(books, dropped, reason),
  });
  const { queue } = laneQueue;
  const drops = new DropEpisode(sink.name, log);
  const unwanted = new Set<string>(PROCESS_KINDS.filter((kind) => !(sink.kinds as readonly string[]).includes(kind)));
  const intake = {
    queue,
    // Which events find the queue full is a matter of chance.
    whenFull: reproducible ? 'block' : sink.queue.whenFull,
    onDrop: (dropped: DroppedBatch, reason: DropReason) => {
      noteDrop(books, dropped, reason);
      if (dropped.count > 0) drops.dropped(dropped.count, reason);
    },
  };
  return {
    sink: driver,
    ...laneQueue,
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

interface LaneBooks extends Pick<Lane, 'ledger' | 'account'> {
  readonly agentId: Uuid;
}

function noteDrop(books: LaneBooks, dropped: DroppedBatch, reason: DropReason): void {
  if (reason === 'evicted') return noteGone(books, dropped, reason);
  const { fromSequence: from, toSequence: to, count } = dropped;
  if (count > 0) add(books.ledger.dropped, reason, count);
  books.account?.dropped({ from, to, count, reason });
}

/** Accepted once, by this run or an earlier one. */
function noteGone({ ledger, account, agentId }: LaneBooks, dropped: DroppedBatch, reason: string): void {
  const { count } = dropped;
  if (count > 0) add(ledger.lost, reason, count);
  if (dropped.agentId === undefined || agentId.equals(dropped.agentId)) ledger.waiting -= count;
  else ledger.takenOver += count;
  account?.evicted(dropped);
}

export const lastRunPath = (dataDir: string): string => join(dataDir, 'state', 'last-run.json');
