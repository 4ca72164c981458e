import { join } from 'node:path';
import type { SinkConfig } from '../config/config.ts';
import { openLedger } from '../core/ledger.ts';
import { uuidBytes } from '../core/uuid.ts';
import { recordFormat } from '../encode/record-format.ts';
import { DeliveryStage } from '../pipeline/delivery.ts';
import { DEFAULT_POLICY } from '../pipeline/delivery/policy.ts';
import { recordOf } from '../sink/dead-letter/line.ts';
import type { DeadLetter } from '../sink/dead-letter/line.ts';
import { readLetters } from '../sink/dead-letter/read-letters.ts';
import type { ReadFile, ReadLine } from '../sink/dead-letter/read-letters.ts';
import { keepLines } from '../sink/dead-letter/rewrite.ts';
import { createSink, formatOf } from './create-sink.ts';
import type { SinkDeps } from './create-sink.ts';
import { deliveryLog } from './delivery-log.ts';
import { OutcomeQueue } from './outcome-queue.ts';

/** What became of the dead letters of one sink that were wanted. */
export interface ReplayResult {
  readonly sink: string;
  delivered: number;
  /** Refused again. */
  refused: number;
  /** Of another format or schema than the sink's records have today: sending them would damage what it holds. */
  otherFormat: number;
  /** Not dealt with when it was stopped. */
  left: number;
  /** Lines that cannot be read. */
  damaged: number;
}

export interface ReplayParts extends Omit<SinkDeps, 'agentId' | 'reproducible'> {
  /** Of the dead letters of all sinks. */
  readonly root: string;
  readonly wanted: (letter: DeadLetter) => boolean;
  /** Ends it; what has no outcome by then stays. */
  readonly hard: AbortSignal;
}

interface Found {
  readonly line: ReadLine;
  readonly letter: DeadLetter;
}

/**
 * Sends dead letters into the sink they come from, once more, and takes those out of the files that it took. Whatever interrupts it, none is lost;
 * some may be sent again by the next replay. For the holder of the lock of the data directory. Throws what opening the sink throws, and FILE_IO.
 */
export async function replayLetters(sink: SinkConfig, parts: ReplayParts): Promise<ReplayResult> {
  const result: ReplayResult = { sink: sink.name, delivered: 0, refused: 0, otherFormat: 0, left: 0, damaged: 0 };
  for await (const file of readLetters(join(parts.root, sink.name))) await replayFile(file, { sink, parts, result });
  return result;
}

interface Replay {
  readonly sink: SinkConfig;
  readonly parts: ReplayParts;
  readonly result: ReplayResult;
}

async function replayFile({ path, lines }: ReadFile, replay: Replay): Promise<void> {
  const gone = new Set<ReadLine>();
  try {
    for (const found of byRun(lines, replay)) await replayRun(found, { ...replay, gone });
  } finally {
    const kept = lines.filter((line) => !gone.has(line));
    if (gone.size > 0)
      await keepLines(
        path,
        kept.map(({ raw }) => raw),
      );
  }
}

/** A sink writes for one run at a time: its files name the run whose events they hold, and the sink that its checkpoints name. */
function byRun(lines: readonly ReadLine[], { sink, parts, result }: Replay): Found[][] {
  const format = recordFormat(formatOf(sink));
  const runs = new Map<string, Found[]>();
  for (const line of lines) {
    if (!('letter' in line)) result.damaged += 1;
    else if (!parts.wanted(line.letter)) continue;
    else if (line.letter.format !== format) result.otherFormat += 1;
    else {
      const { letter } = line;
      const key = `${letter.agentId} ${letter.sinkId ?? ''}`;
      const run = runs.get(key) ?? [];
      run.push({ line, letter });
      runs.set(key, run);
    }
  }
  return [...runs.values()];
}

async function replayRun(found: readonly Found[], replay: Replay & { gone: Set<ReadLine> }): Promise<void> {
  const { sink, parts, result, gone } = replay;
  const [first] = found;
  if (first === undefined) return;
  const { agentId, sinkId } = first.letter;
  const of = { agentId: uuidBytes(agentId), sinkId: sinkId === null ? parts.sinkId : uuidBytes(sinkId) };
  const queue = new OutcomeQueue(found.map(({ letter }) => recordOf(letter)));
  if (!parts.hard.aborted) await deliver(queue, of, { sink, parts });
  for (const [index, { line }] of found.entries()) {
    const outcome = queue.outcomes[index];
    if (outcome === 'delivered') {
      result.delivered += 1;
      gone.add(line);
    } else if (outcome === 'dead_lettered') result.refused += 1;
    else result.left += 1;
  }
}

type Of = Pick<SinkDeps, 'agentId' | 'sinkId'>;

async function deliver(queue: OutcomeQueue, of: Of, { sink, parts }: Pick<Replay, 'sink' | 'parts'>): Promise<void> {
  const { hard, log } = parts;
  const driver = createSink(sink, { ...parts, ...of, reproducible: false });
  const { events } = queue.depth;
  const lane = {
    sink: driver,
    queue,
    ledger: { ...openLedger(sink.name), sequenced: events, accepted: events, waiting: events },
    policy: { ...DEFAULT_POLICY, batch: sink.batch, retry: sink.retry, holdMs: sink.holdMs },
    durable: true,
    // Where they are already.
    deadLetters: { add: async () => undefined, close: async () => undefined },
    encoder: 0,
    wants: () => true,
    enqueue: async () => false,
  };
  try {
    await driver.open(hard);
    // Those that are refused again are in the result.
    const stage = new DeliveryStage(lane, { ...deliveryLog(log), deadLettered: () => undefined });
    driver.drain?.();
    stage.drain();
    await stage.run(hard);
  } catch (error) {
    // Stopped before it was open: all is left.
    if (error !== hard.reason) throw error;
  } finally {
    await driver.close();
  }
}
