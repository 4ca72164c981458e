import { ocsfVersionOf } from '../core/record-formats.ts';
import type { RecordFormat } from '../core/record-formats.ts';
import type { Encoder } from '../core/component.ts';
import type { AnyEvent } from '../core/any-event.ts';
import { PROCESS_KINDS } from '../core/event.ts';
import type { Uuid } from '../core/event.ts';
import { add, openLedger } from '../core/ledger.ts';
import type { DropReason, DroppedBatch } from '../core/queue.ts';
import type { SinkConfig } from '../config/config.ts';
import { createAvroEncoder } from '../encode/avro/binary.ts';
import { createJsonEncoder } from '../encode/text/json.ts';
import { createEcsEncoder } from '../encode/ecs/ecs.ts';
import { createOcsfEncoder } from '../encode/ocsf/ocsf.ts';
import { recordFormat } from '../encode/record-format.ts';
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
export interface LaneDeps extends Omit<SinkDeps, 'sinkId' | 'dataDir'> {
  readonly sinkIds: SinkIds;
  /** Of the agent, for records that say it. */
  readonly agentVersion?: string;
}

/** The part of a lane that follows from the sink's configuration and can be another while the lane runs. */
type Target = Pick<Lane, 'sink' | 'deadLetters' | 'policy' | 'wants'>;

/** Makes the lanes of one run, those of its start and those that come later: sinks with their queues, and one encoder for each distinct format. Nothing is opened. */
export class LaneFactory {
  readonly #dataDir: string;
  readonly #deps: LaneDeps;
  readonly #formats: RecordFormat[] = [];
  readonly #encoders: Encoder<AnyEvent>[] = [];
  /** By name of the sink. */
  readonly #accounts = new Map<string, LaneAccount>();

  constructor(dataDir: string, deps: LaneDeps) {
    this.#dataDir = dataDir;
    this.#deps = deps;
  }

  /** One for each format that any lane ever had. */
  get encoders(): readonly Encoder<AnyEvent>[] {
    return [...this.#encoders];
  }

  create(sink: SinkConfig): Lane {
    const sinkId = sinkIdOf(this.#deps.sinkIds, sink.name);
    const parts = { target: this.#target(sink), encoder: this.#encoderOf(formatOf(sink)), account: this.#accountOf(sink), sinkId };
    return createLane(sink, { ...parts, dataDir: this.#dataDir, ...this.#deps });
  }

  /** The lane of the sink as it is configured now: on the same queue, in the same books. Its queue and format must be as they were. */
  retarget(lane: Lane, sink: SinkConfig): Lane {
    return { ...lane, ...this.#target(sink) };
  }

  #target(sink: SinkConfig): Target {
    const deps = { ...this.#deps, dataDir: this.#dataDir, sinkId: sinkIdOf(this.#deps.sinkIds, sink.name) };
    const unwanted = new Set<string>(PROCESS_KINDS.filter((kind) => !(sink.kinds as readonly string[]).includes(kind)));
    return {
      sink: createSink(sink, deps),
      deadLetters: createDeadLetters(sink, this.#dataDir, deps),
      // Which events wait at the same time is a matter of chance.
      policy: { ...DEFAULT_POLICY, batch: deps.reproducible ? null : sink.batch, retry: sink.retry, holdMs: sink.holdMs },
      wants: (kind) => !unwanted.has(kind),
    };
  }

  /** A sink has one in a run, also when it is removed and comes back: its checkpoints are numbered. */
  #accountOf(sink: SinkConfig): LaneAccount | undefined {
    // Lines are for people: nothing can be proven by them, and every few seconds one more would only be in the way.
    if (formatOf(sink) === 'line') return undefined;
    const { agentId, sinkIds } = this.#deps;
    const account = this.#accounts.get(sink.name) ?? new LaneAccount({ agentId, sinkId: sinkIdOf(sinkIds, sink.name) });
    this.#accounts.set(sink.name, account);
    return account;
  }

  #encoderOf(format: RecordFormat): number {
    const known = this.#formats.indexOf(format);
    if (known >= 0) return known;
    this.#encoders.push(createEncoder(format, this.#deps));
    return this.#formats.push(format) - 1;
  }
}

function createEncoder(format: RecordFormat, { screen, agentVersion }: LaneDeps): Encoder<AnyEvent> {
  const madeBy = agentVersion === undefined ? {} : { agentVersion };
  switch (format) {
    case 'avro':
      return createAvroEncoder();
    case 'json':
      return createJsonEncoder();
    case 'line':
      return createLineEncoder({ colour: screen.colour, narrow: () => isNarrow(screen.output) });
    case 'ecs':
      return createEcsEncoder(madeBy);
    default:
      return createOcsfEncoder({ version: ocsfVersionOf(format), ...madeBy });
  }
}

/** Where the columns of fixed width would leave no room for the command. */
const NARROW_COLUMNS = 60;

function isNarrow({ isTTY, columns = 0 }: Screen['output']): boolean {
  return isTTY === true && columns > 0 && columns < NARROW_COLUMNS;
}

interface LaneParts extends Pick<LaneDeps, 'agentId' | 'log' | 'reproducible'> {
  readonly target: Target;
  readonly sinkId: Uuid;
  readonly dataDir: string;
  /** Index of the encoder of the sink's format. */
  readonly encoder: number;
  readonly account: LaneAccount | undefined;
}

function createLane(sink: SinkConfig, parts: LaneParts): Lane {
  const { target, encoder, account, log, reproducible } = parts;
  const ledger = openLedger(sink.name);
  const format = recordFormat(formatOf(sink));
  const books = { ledger, ...(account === undefined ? {} : { account }), agentId: parts.agentId, format };
  const { maxEvents, maxBytes } = sink.queue;
  const { storedBytes, ...laneQueue } = createLaneQueue(sink.queue, {
    ...parts,
    sink: sink.name,
    format,
    onLost: (dropped, reason) => noteGone(books, dropped, reason),
  });
  const { queue } = laneQueue;
  const drops = new DropEpisode(sink.name, log);
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
    ...target,
    ...laneQueue,
    ledger,
    ...(account === undefined ? {} : { account }),
    encoder,
    enqueue: async (batch, signal) => {
      const { events, bytes } = queue.depth;
      const taken = await enqueue(intake, batch, signal);
      ledger.storedBytes = storedBytes?.() ?? 0;
      // Where its disk takes nothing, a queue has much less room than it was given.
      drops.settled(laneQueue.isSafe?.() !== false && 2 * events <= maxEvents && 2 * bytes <= maxBytes);
      return taken;
    },
  };
}

interface LaneBooks extends Pick<Lane, 'ledger' | 'account'> {
  readonly agentId: Uuid;
  /** Of this run's records. */
  readonly format: string;
}

function noteDrop(books: LaneBooks, dropped: DroppedBatch, reason: DropReason): void {
  if (reason === 'evicted') return noteGone(books, dropped, reason);
  const { fromSequence: from, toSequence: to, count } = dropped;
  if (count > 0) add(books.ledger.dropped, reason, count);
  books.account?.dropped({ from, to, count, reason });
}

/** Accepted once, by this run or an earlier one. */
function noteGone({ ledger, account, agentId, format }: LaneBooks, dropped: DroppedBatch, reason: string): void {
  const { count } = dropped;
  if (count > 0) add(ledger.lost, reason, count);
  if (dropped.agentId === undefined || agentId.equals(dropped.agentId)) ledger.waiting -= count;
  else ledger.takenOver += count;
  // What is put into the queue again counts there as a record of this run: one of another format would be taken for what it is not.
  const checkpoints = dropped.checkpoints.filter(({ origin }) => origin === undefined || origin.format === format);
  account?.evicted({ ...dropped, checkpoints });
}
