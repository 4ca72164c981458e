import type { Batch } from '../../core/batch.ts';
import type { Encoded } from '../../core/encoded.ts';
import { contentsOf } from './frame.ts';
import { FrameWalk, eachBatch } from './frame-walk.ts';
import type { Segment } from './segment.ts';
import type { Shortage } from './shortfall.ts';
import type { Certainty, SpoolEvent } from './spool-events.ts';
import type { FileId, SpoolFs } from './spool-fs.ts';

/** Records that a segment should have and has not. */
export interface Missing {
  /** Of its contents. */
  readonly records: number;
  /** Records with a sequence, and how sure that is. */
  readonly count: number;
  readonly certainty: Certainty;
  /** Between these sequences, as far as is known. */
  readonly from: number;
  readonly to: number;
}

/** Reads all of a damaged segment: its reader knows how many records it lacks, not how many of them have sequences. Rejects with the system's error. */
export async function measureShortage(fs: SpoolFs, file: FileId, segment: Segment): Promise<Shortage> {
  const walk = new FrameWalk(fs, file, { walked: segment, at: segment.headerBytes });
  let [records, sequenced] = [0, 0];
  await eachBatch(walk, ({ head }) => {
    records += head.records;
    sequenced += head.sequenced;
  });
  const { contents, end } = segment;
  return { end, records: contents.records - records, sequenced: contents.sequenced - sequenced };
}

/** What of the segment was not there, when all of it was read; the range is where the reader saw the gap. */
export function missingOf(segment: Segment, range: { readonly from: number; readonly to: number }): Missing {
  const { unread: records, unsure } = segment;
  const { count, isExact } = countMissing(segment);
  const certainty = unsure?.isBounded === false ? 'unknown' : isExact && (unsure?.count ?? 0) === 0 ? 'exact' : 'at_most';
  const { from, to } = unsure !== undefined && unsure.from > 0 ? unsure : range;
  return { records, count: count + (unsure?.count ?? 0), certainty, from, to };
}

function countMissing({ unread, unreadSequenced, contents, shortage }: Segment): { readonly count: number; readonly isExact: boolean } {
  if (!Number.isNaN(unreadSequenced)) return { count: unreadSequenced, isExact: true };
  // Otherwise something of what was done is damaged as well.
  const isExact = shortage?.records === unread;
  return { count: isExact ? shortage.sequenced : Math.min(unread, shortage?.sequenced ?? contents.sequenced), isExact };
}

/** undefined where there is nothing to tell. */
export function lostOnDisk({ origin }: Segment, { count, certainty, from, to }: Missing): SpoolEvent | undefined {
  // Fewer than none: the position said less than was done, which a power cut may leave.
  if (count <= 0 && certainty !== 'unknown') return undefined;
  const known = count > 0 ? { fromSequence: from, toSequence: to, count } : { fromSequence: 0, toSequence: 0, count: 0 };
  return { what: 'lost', reason: 'corrupt', certainty, dropped: { agentId: origin.agentId, ...known, checkpoints: [] } };
}

export function lostAtShutdown(batches: readonly Batch<Encoded>[]): SpoolEvent {
  const items = batches.flatMap((batch) => batch.items);
  const { lowest, highest, sequenced } = contentsOf(items);
  const checkpoints = items.filter(({ sequence }) => sequence === 0);
  const dropped = { fromSequence: lowest, toSequence: highest, count: sequenced, items, checkpoints };
  return { what: 'lost', reason: 'shutdown', certainty: 'exact', dropped };
}
