import { join, resolve } from 'node:path';
import { systemClock } from '../core/clock.ts';
import type { Encoded, Origin } from '../core/encoded.ts';
import type { Uuid } from '../core/event.ts';
import type { AcceptedUpTo, DroppedBatch } from '../core/queue.ts';
import type { SinkQueueConfig } from '../config/config.ts';
import { MemoryQueue } from '../queue/memory/memory-queue.ts';
import { nodeFs } from '../queue/spool/node-fs.ts';
import type { Certainty, SpoolEvent } from '../queue/spool/spool-events.ts';
import { SPOOL_DEFAULTS } from '../queue/spool/spool-options.ts';
import { Spool } from '../queue/spool/spool.ts';
import { afterTimeout } from '../queue/spool/timers.ts';
import type { EvictingQueue } from '../queue/when-full.ts';
import type { Logger } from '../telemetry/log.ts';
import { takeLock } from './data-dir.ts';

/** The queue of one sink, and what its lane has to know of it. */
export interface LaneQueue {
  readonly queue: EvictingQueue<Encoded>;
  /** See `Lane`. */
  readonly durable?: boolean;
  /** Bytes of what it accepted in this run, as they are on the disk. */
  readonly storedBytes?: () => number;
  readonly isSafe?: () => boolean;
  readonly origin?: Origin;
  readonly acceptedBefore?: () => AcceptedUpTo | undefined;
  readonly openQueue?: (boot: AbortSignal) => Promise<void>;
}

export interface LaneQueueDeps {
  readonly sink: string;
  readonly sinkId: Uuid;
  readonly agentId: Uuid;
  /** Encoding and schema of this run's records. */
  readonly format: string;
  readonly dataDir: string;
  readonly log: Logger;
  /** Records that were accepted, of this run or an earlier one, cannot be read any more. */
  readonly onLost: (dropped: DroppedBatch, reason: 'corrupt' | 'shutdown') => void;
}

/** Where the spools of all sinks are, one folder each. Absolute. */
export function spoolRoot(dataDir: string): string {
  return resolve(dataDir, 'state', 'spool');
}

export function createLaneQueue(config: SinkQueueConfig, deps: LaneQueueDeps): LaneQueue {
  const { maxEvents, maxBytes } = config;
  if (config.type === 'memory') return { queue: new MemoryQueue<Encoded>({ maxEvents, maxBytes }) };
  const { sink, sinkId, agentId, format, dataDir } = deps;
  const origin: Origin = { agentId, format };
  const root = spoolRoot(dataDir);
  const queue = new Spool(
    {
      ...SPOOL_DEFAULTS,
      folder: join(root, sink),
      sinkId,
      maxBytes,
      maxEvents,
      sync: { ...SPOOL_DEFAULTS.sync, intervalMs: config.syncIntervalMs },
    },
    {
      fs: nodeFs,
      origin,
      lock: takeLock,
      onEvent: (event) => noteEvent(event, deps),
      nowUs: () => systemClock.nowUs(),
      after: afterTimeout,
    },
  );
  const openQueue = async (boot: AbortSignal): Promise<void> => {
    nodeFs.makeFolder(root);
    await queue.open(boot);
    const { events } = queue.depth;
    if (events > 0) deps.log.info({ sink, events }, 'the spool holds events of earlier runs; they are delivered first');
  };
  return {
    queue,
    durable: true,
    isSafe: () => queue.trouble === undefined,
    storedBytes: () => queue.storedBytes,
    origin,
    acceptedBefore: () => queue.previous,
    openQueue,
  };
}

const LOST: Readonly<Record<Certainty, string>> = {
  exact: 'events lost: the spool cannot give them back',
  at_most: 'events lost, at most so many: the spool cannot give them back',
  unknown: 'events lost, so many or more: the spool cannot give them back, and nothing says how many they were',
};

/** A warning where nothing is lost, an error where something is. */
function noteEvent(event: SpoolEvent, { sink, log, onLost }: LaneQueueDeps): void {
  if (event.what === 'restored') return log.info({ sink }, 'the spool is on the disk again, with all that it accepted meanwhile');
  if (event.what === 'lost') {
    const { reason, dropped, certainty } = event;
    // Of checkpoints alone nobody has to know: they say what others say again.
    if (dropped.count > 0 || certainty !== 'exact') log.error({ sink, reason, events: dropped.count, certainty }, LOST[certainty]);
    return onLost(dropped, reason);
  }
  if (event.what === 'too_late') {
    const { records } = event;
    return log.warn({ sink, events: records }, 'delivered after the spool was closed: the next start delivers them again');
  }
  if (event.what === 'torn') {
    const { path, bytes } = event;
    return log.warn({ sink, path, bytes }, 'the end of a segment was never accepted, and was cut off');
  }
  if (event.what === 'damaged') {
    const { path, reason } = event;
    return log.error(
      { sink, path, reason },
      'a segment of the spool is damaged; it is put into quarantine when the rest of it is delivered',
    );
  }
  const { code, message, fix } = event.error;
  const then =
    event.what === 'degraded'
      ? 'what is accepted from now on is in memory only, as far as there is room'
      : 'a restart would deliver again what is delivered from now on';
  log.warn({ sink, code, ...(fix === undefined ? {} : { fix }) }, `${message}; ${then}`);
}
